//! Values as the format signs and encrypts them: a two-byte type, and bytes.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::number;
use crate::value::{AttributeValue, Parts, View};

/// A value's type on the wire.
pub type TypeId = [u8; 2];

const NULL: TypeId = [0x00, 0x00];
const STRING: TypeId = [0x00, 0x01];
const NUMBER: TypeId = [0x00, 0x02];
const BOOLEAN: TypeId = [0x00, 0x04];
const BINARY: TypeId = [0xff, 0xff];
const STRING_SET: TypeId = [0x01, 0x01];
const NUMBER_SET: TypeId = [0x01, 0x02];
const BINARY_SET: TypeId = [0x01, 0xff];
const MAP: TypeId = [0x02, 0x00];
const LIST: TypeId = [0x03, 0x00];
/// No type of the format; its values are refused when their bytes are asked for.
const UNKNOWN: TypeId = [0xff, 0xfe];

/// DynamoDB nests 32 levels; a decoder must not follow more.
const MAX_DEPTH: usize = 32;

/// The type of a value.
pub fn type_id<V>(view: &View<'_, V>) -> TypeId {
    match view {
        View::Null => NULL,
        View::S(_) => STRING,
        View::N(_) => NUMBER,
        View::Bool(_) => BOOLEAN,
        View::B(_) => BINARY,
        View::Ss(_) => STRING_SET,
        View::Ns(_) => NUMBER_SET,
        View::Bs(_) => BINARY_SET,
        View::M(_) => MAP,
        View::L(_) => LIST,
        View::Unknown => UNKNOWN,
    }
}

/// Why a value has no bytes in the format.
type Reason = &'static str;

/// Appends the bytes of a value, without its type and length.
pub fn write<V: AttributeValue>(view: View<'_, V>, out: &mut Vec<u8>) -> Result<(), Reason> {
    write_nested(view, out, 0)
}

fn write_nested<V: AttributeValue>(view: View<'_, V>, out: &mut Vec<u8>, depth: usize) -> Result<(), Reason> {
    match view {
        View::Null => Ok(()),
        View::S(text) => extend(out, text.as_bytes()),
        View::B(bytes) => extend(out, bytes),
        View::N(text) => extend(out, plain(text)?.as_bytes()),
        View::Bool(value) => extend(out, &[u8::from(value)]),
        View::Ss(mut set) => {
            set.sort_unstable_by(|one, other| utf16_order(one, other));
            write_set(set.iter().map(|text| text.as_bytes()), out)
        }
        View::Ns(set) => {
            let mut set = set.into_iter().map(plain).collect::<Result<Vec<_>, _>>()?;
            set.sort_unstable();
            write_set(set.iter().map(|text| text.as_bytes()), out)
        }
        View::Bs(mut set) => {
            set.sort_unstable();
            write_set(set.into_iter(), out)
        }
        View::L(list) => write_list(&list, out, depth),
        View::M(map) => write_map(map, out, depth),
        View::Unknown => Err("its type is unknown"),
    }
}

fn extend(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Reason> {
    out.extend_from_slice(bytes);
    Ok(())
}

fn plain(text: &str) -> Result<Cow<'_, str>, Reason> {
    number::plain(text).ok_or("it is not a number DynamoDB takes")
}

/// The order of UTF-16 code units, in which AWS's clients sort.
pub fn utf16_order(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

fn write_set<'a>(mut set: impl ExactSizeIterator<Item = &'a [u8]>, out: &mut Vec<u8>) -> Result<(), Reason> {
    write_len(set.len(), out)?;
    set.try_for_each(|element| write_with_len(element, out))
}

fn write_list<V: AttributeValue>(list: &[&V], out: &mut Vec<u8>, depth: usize) -> Result<(), Reason> {
    write_len(list.len(), out)?;
    list.iter().try_for_each(|value| write_typed(*value, out, depth))
}

fn write_map<V: AttributeValue>(
    mut map: Vec<(&str, &V)>,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Reason> {
    map.sort_unstable_by(|(one, _), (other, _)| utf16_order(one, other));
    write_len(map.len(), out)?;
    for (key, value) in map {
        if key.is_empty() {
            return Err("a nested map has an empty key, which the format does not know");
        }
        out.extend_from_slice(&STRING);
        write_with_len(key.as_bytes(), out)?;
        write_typed(value, out, depth)?;
    }
    Ok(())
}

fn write_typed<V: AttributeValue>(value: &V, out: &mut Vec<u8>, depth: usize) -> Result<(), Reason> {
    if depth >= MAX_DEPTH {
        return Err("it nests more than 32 levels");
    }
    let view = value.view();
    out.extend_from_slice(&type_id(&view));
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write_nested(view, out, depth + 1)?;
    let len = u32::try_from(out.len() - at - 4).map_err(|_| TOO_LONG)?;
    out[at..at + 4].copy_from_slice(&len.to_be_bytes());
    Ok(())
}

const TOO_LONG: Reason = "it is longer than DynamoDB takes";

fn write_len(len: usize, out: &mut Vec<u8>) -> Result<(), Reason> {
    let len = u32::try_from(len).map_err(|_| TOO_LONG)?;
    extend(out, &len.to_be_bytes())
}

fn write_with_len(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Reason> {
    write_len(bytes.len(), out)?;
    extend(out, bytes)
}

/// Reads the value of a type from all of `bytes`; `None` where they are not such a value.
pub fn read<V: AttributeValue>(type_id: TypeId, bytes: &[u8]) -> Option<V> {
    read_nested(type_id, bytes, 0)
}

/// The same, of bytes that the value may keep.
pub fn read_owned<V: AttributeValue>(type_id: TypeId, bytes: Vec<u8>) -> Option<V> {
    let parts = match type_id {
        STRING => Parts::S(String::from_utf8(bytes).ok()?),
        NUMBER => Parts::N(String::from_utf8(bytes).ok()?),
        BINARY => Parts::B(bytes),
        _ => return read(type_id, &zeroize::Zeroizing::new(bytes)),
    };
    Some(V::from_parts(parts))
}

fn read_nested<V: AttributeValue>(type_id: TypeId, bytes: &[u8], depth: usize) -> Option<V> {
    let parts = match type_id {
        NULL => bytes.is_empty().then_some(Parts::Null)?,
        STRING => Parts::S(text(bytes)?),
        NUMBER => Parts::N(text(bytes)?),
        BINARY => Parts::B(bytes.to_vec()),
        BOOLEAN => Parts::Bool(boolean(bytes)?),
        STRING_SET => Parts::Ss(read_set(bytes, text)?),
        NUMBER_SET => Parts::Ns(read_set(bytes, text)?),
        BINARY_SET => Parts::Bs(read_set(bytes, |bytes| Some(bytes.to_vec()))?),
        LIST => Parts::L(read_list(bytes, depth)?),
        MAP => Parts::M(read_map(bytes, depth)?),
        _ => return None,
    };
    Some(V::from_parts(parts))
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn boolean(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0] => Some(false),
        [1] => Some(true),
        _ => None,
    }
}

fn read_set<T>(mut bytes: &[u8], element: impl Fn(&[u8]) -> Option<T>) -> Option<Vec<T>> {
    let count = take_count(&mut bytes, 4)?;
    let set = (0..count).map(|_| element(take_with_len(&mut bytes)?)).collect::<Option<_>>()?;
    bytes.is_empty().then_some(set)
}

fn read_list<V: AttributeValue>(mut bytes: &[u8], depth: usize) -> Option<Vec<V>> {
    let count = take_count(&mut bytes, 6)?;
    let list = (0..count).map(|_| take_typed(&mut bytes, depth)).collect::<Option<_>>()?;
    bytes.is_empty().then_some(list)
}

fn read_map<V: AttributeValue>(mut bytes: &[u8], depth: usize) -> Option<Vec<(String, V)>> {
    let count = take_count(&mut bytes, 12)?;
    let entry = |bytes: &mut &[u8]| {
        (take::<2>(bytes)? == STRING).then_some(())?;
        Some((text(take_with_len(bytes)?)?, take_typed(bytes, depth)?))
    };
    let map: Vec<(String, V)> = (0..count).map(|_| entry(&mut bytes)).collect::<Option<_>>()?;
    bytes.is_empty().then_some(map)
}

fn take_typed<V: AttributeValue>(bytes: &mut &[u8], depth: usize) -> Option<V> {
    (depth < MAX_DEPTH).then_some(())?;
    let type_id = take::<2>(bytes)?;
    read_nested(type_id, take_with_len(bytes)?, depth + 1)
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

fn take_with_len<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(u32::from_be_bytes(take(bytes)?)).ok()?;
    let (head, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(head)
}
