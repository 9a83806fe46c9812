//! Bytes to DynamoDB JSON, without a value between: what a plain read answers.
#![deny(clippy::indexing_slicing)]

use std::cell::RefCell;

use serde::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::super::json::{Base64, typed};
use super::read::Reader;
use super::{CodecError, EncodedItem, Tag};

impl Serialize for EncodedItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reader = Reader::new(&self.map);
        let done = write_map(&mut reader, 0, serializer)?;
        reader.finish().map_err(S::Error::custom)?;
        Ok(done)
    }
}

/// What comes next from a reader, as a part of something: serde hands parts in by shared reference only.
struct Next<'r, 'a> {
    reader: RefCell<&'r mut Reader<'a>>,
    depth: usize,
    part: Part,
}

#[derive(Clone, Copy)]
enum Part {
    Value,
    Map,
    List,
    Texts,
    Numbers,
    Binaries,
    Text,
    Number,
    Binary,
}

impl<'r, 'a> Next<'r, 'a> {
    fn new(reader: &'r mut Reader<'a>, depth: usize, part: Part) -> Self {
        Self { reader: RefCell::new(reader), depth, part }
    }
}

impl Serialize for Next<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut guard = self.reader.borrow_mut();
        let reader: &mut Reader<'_> = &mut guard;
        let depth = self.depth;
        match self.part {
            Part::Value => write_value(reader, depth, serializer),
            Part::Map => write_map(reader, depth, serializer),
            Part::List => write_parts(reader, depth, Part::Value, serializer),
            Part::Texts => write_parts(reader, depth, Part::Text, serializer),
            Part::Numbers => write_parts(reader, depth, Part::Number, serializer),
            Part::Binaries => write_parts(reader, depth, Part::Binary, serializer),
            Part::Text => serializer.serialize_str(told::<_, S>(reader.text())?),
            Part::Number => told::<_, S>(reader.number())?.serialize(serializer),
            Part::Binary => Base64(told::<_, S>(reader.bytes())?).serialize(serializer),
        }
    }
}

fn write_value<S: Serializer>(
    reader: &mut Reader<'_>,
    depth: usize,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match told::<_, S>(reader.tag())? {
        Tag::Null => typed(serializer, "NULL", &true),
        Tag::False => typed(serializer, "BOOL", &false),
        Tag::True => typed(serializer, "BOOL", &true),
        Tag::S => typed(serializer, "S", &Next::new(reader, depth, Part::Text)),
        Tag::N => typed(serializer, "N", &Next::new(reader, depth, Part::Number)),
        Tag::B => typed(serializer, "B", &Next::new(reader, depth, Part::Binary)),
        Tag::M => write_document(reader, depth, "M", Part::Map, serializer),
        Tag::L => write_document(reader, depth, "L", Part::List, serializer),
        Tag::SS => typed(serializer, "SS", &Next::new(reader, depth, Part::Texts)),
        Tag::NS => typed(serializer, "NS", &Next::new(reader, depth, Part::Numbers)),
        Tag::BS => typed(serializer, "BS", &Next::new(reader, depth, Part::Binaries)),
    }
}

fn write_document<S: Serializer>(
    reader: &mut Reader<'_>,
    depth: usize,
    name: &'static str,
    part: Part,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut inner = told::<_, S>(reader.document_reader(depth))?;
    typed(serializer, name, &Next::new(&mut inner, depth + 1, part))
}

fn write_map<S: Serializer>(reader: &mut Reader<'_>, depth: usize, serializer: S) -> Result<S::Ok, S::Error> {
    let count = told::<_, S>(reader.count())?;
    let mut map = serializer.serialize_map(Some(count))?;
    for _ in 0..count {
        map.serialize_key(reader.text().map_err(S::Error::custom)?)?;
        map.serialize_value(&Next::new(reader, depth, Part::Value))?;
    }
    map.end()
}

fn write_parts<S: Serializer>(
    reader: &mut Reader<'_>,
    depth: usize,
    part: Part,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let count = told::<_, S>(reader.count())?;
    let mut list = serializer.serialize_seq(Some(count))?;
    for _ in 0..count {
        list.serialize_element(&Next::new(reader, depth, part))?;
    }
    list.end()
}

fn told<T, S: Serializer>(read: Result<T, CodecError>) -> Result<T, S::Error> {
    read.map_err(S::Error::custom)
}
