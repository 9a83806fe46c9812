//! Bytes to values, bounded.
#![deny(clippy::indexing_slicing)]

use bytes::Bytes;

use super::super::size::MAX_DEPTH;
use super::super::{AttributeValue, Map, Number, Set};
use super::{CodecError, Tag};

type Result<T> = std::result::Result<T, CodecError>;

/// Reads from the front of what is left.
pub(super) struct Reader<'a> {
    /// What `rest` is a part of; `B` values become slices of it.
    whole: &'a Bytes,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(whole: &'a Bytes) -> Self {
        Self { whole, rest: whole }
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn finish(&self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(CodecError::Damaged("something follows the item")) }
    }

    /// A map, of which only wanted entries are made.
    pub(super) fn attributes(&mut self, wanted: impl Fn(&str) -> bool) -> Result<Map> {
        let count = self.count()?;
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let name = self.text()?;
            if wanted(name) {
                entries.push((name.to_owned(), self.value(0)?));
            } else {
                self.skip_value()?;
            }
        }
        Map::from_sorted(entries).ok_or(CodecError::Damaged("names out of order"))
    }

    fn value(&mut self, depth: usize) -> Result<AttributeValue> {
        Ok(match self.tag()? {
            Tag::Null => AttributeValue::Null,
            Tag::False => AttributeValue::Bool(false),
            Tag::True => AttributeValue::Bool(true),
            Tag::S => AttributeValue::S(self.text()?.to_owned()),
            Tag::N => AttributeValue::N(self.number()?),
            Tag::B => AttributeValue::B(self.shared_bytes()?),
            Tag::M => AttributeValue::M(self.document(depth, Self::map)?),
            Tag::L => AttributeValue::L(self.document(depth, Self::list)?),
            Tag::SS => AttributeValue::SS(self.set(|reader| Ok(reader.text()?.to_owned()))?),
            Tag::NS => AttributeValue::NS(self.set(Self::number)?),
            Tag::BS => AttributeValue::BS(self.set(Self::shared_bytes)?),
        })
    }

    fn map(&mut self, depth: usize) -> Result<Map> {
        let count = self.count()?;
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            entries.push((self.text()?.to_owned(), self.value(depth)?));
        }
        Map::from_sorted(entries).ok_or(CodecError::Damaged("names out of order"))
    }

    fn list(&mut self, depth: usize) -> Result<Vec<AttributeValue>> {
        let count = self.count()?;
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(self.value(depth)?);
        }
        Ok(list)
    }

    fn set<T: Ord>(&mut self, member: impl Fn(&mut Self) -> Result<T>) -> Result<Set<T>> {
        let count = self.count()?;
        let mut members = Vec::with_capacity(count);
        for _ in 0..count {
            members.push(member(self)?);
        }
        Set::from_sorted(members).ok_or(CodecError::Damaged("members out of order"))
    }

    /// Reads a document with `read`, one level deeper, and checks that it is as long as it says.
    pub(super) fn document<T>(
        &mut self,
        depth: usize,
        read: impl FnOnce(&mut Self, usize) -> Result<T>,
    ) -> Result<T> {
        let mut inner = self.document_reader(depth)?;
        let document = read(&mut inner, depth + 1)?;
        if inner.rest.is_empty() {
            Ok(document)
        } else {
            Err(CodecError::Damaged("a document of another length"))
        }
    }

    /// A reader of the document that comes next, which this one has then passed.
    pub(super) fn document_reader(&mut self, depth: usize) -> Result<Self> {
        if depth >= MAX_DEPTH {
            return Err(CodecError::Damaged("documents nested too deeply"));
        }
        let rest = self.document_bytes()?;
        Ok(Self { whole: self.whole, rest })
    }

    fn document_bytes(&mut self) -> Result<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk::<4>().ok_or(TOO_EARLY)?;
        self.rest = rest;
        self.take(u32::from_le_bytes(*length) as usize)
    }

    fn skip_value(&mut self) -> Result<()> {
        match self.tag()? {
            Tag::Null | Tag::False | Tag::True => Ok(()),
            Tag::S | Tag::B => self.bytes().map(drop),
            Tag::N => self.number().map(drop),
            Tag::M | Tag::L => self.document_bytes().map(drop),
            Tag::SS | Tag::BS => self.skip_members(|reader| reader.bytes().map(drop)),
            Tag::NS => self.skip_members(|reader| reader.number().map(drop)),
        }
    }

    fn skip_members(&mut self, skip: impl Fn(&mut Self) -> Result<()>) -> Result<()> {
        (0..self.count()?).try_for_each(|_| skip(self))
    }

    pub(super) fn tag(&mut self) -> Result<Tag> {
        Tag::of(self.byte()?)
    }

    pub(super) fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| CodecError::Damaged("text that is not UTF-8"))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    fn shared_bytes(&mut self) -> Result<Bytes> {
        let bytes = self.bytes()?;
        Ok(if bytes.is_empty() { Bytes::new() } else { self.whole.slice_ref(bytes) })
    }

    pub(super) fn number(&mut self) -> Result<Number> {
        let head = self.length()?;
        let (negative, zigzag) = (head & 1 == 1, head >> 1);
        let half = i32::try_from(zigzag >> 1).map_err(|_| NOT_CANONICAL)?;
        let exponent = if zigzag & 1 == 0 { half } else { -half - 1 };
        let coefficient = self.whole_number()?;
        let number = Number::from_parts(negative, coefficient, exponent).map_err(|_| NOT_CANONICAL)?;
        let same = (number.is_negative(), number.coefficient(), number.exponent());
        if same == (negative, coefficient, exponent) { Ok(number) } else { Err(NOT_CANONICAL) }
    }

    /// A count of things that take at least one byte each.
    pub(super) fn count(&mut self) -> Result<usize> {
        let count = self.length()?;
        if count <= self.rest.len() { Ok(count) } else { Err(TOO_EARLY) }
    }

    pub(super) fn length(&mut self) -> Result<usize> {
        usize::try_from(self.whole_number()?).map_err(|_| CodecError::Damaged("a length beyond all memory"))
    }

    fn whole_number(&mut self) -> Result<u128> {
        let mut value = 0;
        for shift in (0..u128::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            value |= bits << shift;
            match byte {
                _ if bits << shift >> shift != bits => break,
                0 if shift > 0 => return Err(CodecError::Damaged("a number longer than it must be")),
                ..0x80 => return Ok(value),
                _ => {}
            }
        }
        Err(CodecError::Damaged("a number longer than any"))
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        let (byte, rest) = self.rest.split_first().ok_or(TOO_EARLY)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(TOO_EARLY)?;
        self.rest = rest;
        Ok(taken)
    }
}

const TOO_EARLY: CodecError = CodecError::Damaged("they end too early");
const NOT_CANONICAL: CodecError = CodecError::Damaged("a number that is not canonical");
