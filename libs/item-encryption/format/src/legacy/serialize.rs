//! Values as tag, length and bytes.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::dbesdk::serialize::utf16_order;
use crate::number;
use crate::value::{AttributeValue, Parts, View};

/// DynamoDB nests 32 levels; a decoder must not follow more.
const MAX_DEPTH: usize = 32;

/// The orders in which the two languages sort, each on its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order {
    /// Texts by UTF-16 code units (Java) rather than by code points (Python).
    pub utf16: bool,
    /// Binary values by signed bytes (Java) rather than unsigned (Python).
    pub signed_bytes: bool,
}

impl Order {
    /// As Python's client sorts; also how this crate writes unless it is told otherwise.
    pub const PYTHON: Self = Self { utf16: false, signed_bytes: false };
    /// As Java's client sorts.
    pub const JAVA: Self = Self { utf16: true, signed_bytes: true };
    /// All that writers have used.
    pub const ALL: [Self; 4] = [
        Self::PYTHON,
        Self::JAVA,
        Self { utf16: true, signed_bytes: false },
        Self { utf16: false, signed_bytes: true },
    ];

    /// Compares two texts.
    #[must_use]
    pub fn texts(self, one: &str, other: &str) -> Ordering {
        if self.utf16 { utf16_order(one, other) } else { one.cmp(other) }
    }

    fn bytes(self, one: &[u8], other: &[u8]) -> Ordering {
        if !self.signed_bytes {
            return one.cmp(other);
        }
        one.iter().map(|byte| byte.cast_signed()).cmp(other.iter().map(|byte| byte.cast_signed()))
    }
}

type Reason = &'static str;

/// Appends the bytes of a value, with its tag.
pub fn write<V: AttributeValue>(view: View<'_, V>, order: Order, out: &mut Vec<u8>) -> Result<(), Reason> {
    Writer { order, out }.value(view, 0)
}

struct Writer<'a> {
    order: Order,
    out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn value<V: AttributeValue>(&mut self, view: View<'_, V>, depth: usize) -> Result<(), Reason> {
        let order = self.order;
        match view {
            View::Null => self.tag(0),
            View::Bool(value) => {
                self.tag(b'?')?;
                self.out.push(u8::from(value));
                Ok(())
            }
            View::S(text) => self.scalar(b's', text.as_bytes()),
            View::N(text) => self.scalar(b'n', plain(text)?.as_bytes()),
            View::B(bytes) => self.scalar(b'b', bytes),
            View::Ss(mut set) => {
                set.sort_unstable_by(|one, other| order.texts(one, other));
                self.set(b'S', set.iter().map(|text| text.as_bytes()))
            }
            View::Ns(set) => {
                let mut set = set.into_iter().map(plain).collect::<Result<Vec<_>, _>>()?;
                set.sort_unstable();
                self.set(b'N', set.iter().map(|text| text.as_bytes()))
            }
            View::Bs(mut set) => {
                set.sort_unstable_by(|one, other| order.bytes(one, other));
                self.set(b'B', set.into_iter())
            }
            View::L(list) => self.list(&list, depth),
            View::M(map) => self.map(map, depth),
            View::Unknown => Err("its type is unknown"),
        }
    }

    fn list<V: AttributeValue>(&mut self, list: &[&V], depth: usize) -> Result<(), Reason> {
        self.tag(b'L')?;
        self.len(list.len())?;
        list.iter().try_for_each(|value| self.nested(*value, depth))
    }

    fn map<V: AttributeValue>(&mut self, mut map: Vec<(&str, &V)>, depth: usize) -> Result<(), Reason> {
        let order = self.order;
        map.sort_unstable_by(|(one, _), (other, _)| order.texts(one, other));
        self.tag(b'M')?;
        self.len(map.len())?;
        for (key, value) in map {
            self.scalar(b's', key.as_bytes())?;
            self.nested(value, depth)?;
        }
        Ok(())
    }

    fn nested<V: AttributeValue>(&mut self, value: &V, depth: usize) -> Result<(), Reason> {
        if depth >= MAX_DEPTH {
            return Err("it nests more than 32 levels");
        }
        self.value(value.view(), depth + 1)
    }

    fn scalar(&mut self, tag: u8, bytes: &[u8]) -> Result<(), Reason> {
        self.tag(tag)?;
        self.bytes(bytes)
    }

    fn set<'s>(&mut self, tag: u8, mut set: impl ExactSizeIterator<Item = &'s [u8]>) -> Result<(), Reason> {
        self.tag(tag)?;
        self.len(set.len())?;
        set.try_for_each(|element| self.bytes(element))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        self.len(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn len(&mut self, len: usize) -> Result<(), Reason> {
        let len = u32::try_from(len).map_err(|_| "it is longer than DynamoDB takes")?;
        self.out.extend_from_slice(&len.to_be_bytes());
        Ok(())
    }

    fn tag(&mut self, tag: u8) -> Result<(), Reason> {
        self.out.extend_from_slice(&[0, tag]);
        Ok(())
    }
}

fn plain(text: &str) -> Result<Cow<'_, str>, Reason> {
    number::plain(text).ok_or("it is not a number DynamoDB takes")
}

/// Reads one value from all of `bytes`; `None` where they are not one.
pub fn read<V: AttributeValue>(mut bytes: &[u8]) -> Option<V> {
    let value = read_value(&mut bytes, 0)?;
    bytes.is_empty().then_some(value)
}

fn read_value<V: AttributeValue>(bytes: &mut &[u8], depth: usize) -> Option<V> {
    (depth <= MAX_DEPTH).then_some(())?;
    let [0, tag] = take::<2>(bytes)? else { return None };
    let parts = match tag {
        0 => Parts::Null,
        b'?' => Parts::Bool(boolean(take::<1>(bytes)?)?),
        b's' => Parts::S(text(take_bytes(bytes)?)?),
        b'n' => Parts::N(text(take_bytes(bytes)?)?),
        b'b' => Parts::B(take_bytes(bytes)?.to_vec()),
        b'S' => Parts::Ss(read_set(bytes, text)?),
        b'N' => Parts::Ns(read_set(bytes, text)?),
        b'B' => Parts::Bs(read_set(bytes, |bytes| Some(bytes.to_vec()))?),
        b'L' => Parts::L(read_list(bytes, depth)?),
        b'M' => Parts::M(read_map(bytes, depth)?),
        _ => return None,
    };
    Some(V::from_parts(parts))
}

fn boolean(byte: [u8; 1]) -> Option<bool> {
    match byte {
        [0] => Some(false),
        [1] => Some(true),
        _ => None,
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn read_set<T>(bytes: &mut &[u8], element: impl Fn(&[u8]) -> Option<T>) -> Option<Vec<T>> {
    let count = take_count(bytes, 4)?;
    (0..count).map(|_| element(take_bytes(bytes)?)).collect()
}

fn read_list<V: AttributeValue>(bytes: &mut &[u8], depth: usize) -> Option<Vec<V>> {
    let count = take_count(bytes, 2)?;
    (0..count).map(|_| read_value(bytes, depth + 1)).collect()
}

fn read_map<V: AttributeValue>(bytes: &mut &[u8], depth: usize) -> Option<Vec<(String, V)>> {
    let count = take_count(bytes, 8)?;
    let entry = |bytes: &mut &[u8]| {
        let [0, b's'] = take::<2>(bytes)? else { return None };
        Some((text(take_bytes(bytes)?)?, read_value(bytes, depth + 1)?))
    };
    (0..count).map(|_| entry(bytes)).collect()
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

/// A count of elements of at least `least` bytes each; more than fit are refused before memory is taken.
fn take_count(bytes: &mut &[u8], least: usize) -> Option<usize> {
    let count = usize::try_from(u32::from_be_bytes(take(bytes)?)).ok()?;
    (count <= bytes.len() / least).then_some(count)
}

fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(u32::from_be_bytes(take(bytes)?)).ok()?;
    let (head, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(head)
}
