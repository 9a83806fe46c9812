//! Values to bytes.

use bytes::Bytes;

use super::super::size::item_size;
use super::super::{AttributeValue, Item, Map, Number, Set};
use super::{Tag, VERSION};

/// The bytes of an item.
#[must_use]
pub fn encode(item: &Item) -> Bytes {
    let size = item_size(item);
    let mut out = Vec::with_capacity(size + size / 8 + 16 + 4 * item.len());
    out.push(VERSION);
    write_length(&mut out, size);
    write_map(&mut out, item);
    out.into()
}

fn write_map(out: &mut Vec<u8>, map: &Map) {
    write_length(out, map.len());
    for (name, value) in map.iter() {
        write_bytes(out, name.as_bytes());
        write_value(out, value);
    }
}

fn write_value(out: &mut Vec<u8>, value: &AttributeValue) {
    out.push(tag(value) as u8);
    match value {
        AttributeValue::Null | AttributeValue::Bool(_) => {}
        AttributeValue::S(text) => write_bytes(out, text.as_bytes()),
        AttributeValue::N(number) => write_number(out, *number),
        AttributeValue::B(bytes) => write_bytes(out, bytes),
        AttributeValue::M(map) => write_document(out, |out| write_map(out, map)),
        AttributeValue::L(list) => write_document(out, |out| write_list(out, list)),
        AttributeValue::SS(set) => write_set(out, set, |out, text| write_bytes(out, text.as_bytes())),
        AttributeValue::NS(set) => write_set(out, set, |out, number| write_number(out, *number)),
        AttributeValue::BS(set) => write_set(out, set, |out, bytes| write_bytes(out, bytes)),
    }
}

fn tag(value: &AttributeValue) -> Tag {
    match value {
        AttributeValue::Null => Tag::Null,
        AttributeValue::Bool(false) => Tag::False,
        AttributeValue::Bool(true) => Tag::True,
        AttributeValue::S(_) => Tag::S,
        AttributeValue::N(_) => Tag::N,
        AttributeValue::B(_) => Tag::B,
        AttributeValue::M(_) => Tag::M,
        AttributeValue::L(_) => Tag::L,
        AttributeValue::SS(_) => Tag::SS,
        AttributeValue::NS(_) => Tag::NS,
        AttributeValue::BS(_) => Tag::BS,
    }
}

/// Writes the length of what `write` writes before it, so that a reader can pass it over.
fn write_document(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = u32::try_from(out.len() - at - 4).expect("a request, and so an item, is far below 4 GB");
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

fn write_list(out: &mut Vec<u8>, list: &[AttributeValue]) {
    write_length(out, list.len());
    list.iter().for_each(|value| write_value(out, value));
}

fn write_set<T: Ord>(out: &mut Vec<u8>, set: &Set<T>, write: impl Fn(&mut Vec<u8>, &T)) {
    write_length(out, set.len());
    set.iter().for_each(|member| write(out, member));
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn write_number(out: &mut Vec<u8>, number: Number) {
    let exponent = i64::from(number.exponent());
    let zigzag = ((exponent << 1) ^ (exponent >> 63)).unsigned_abs();
    write_whole(out, u128::from(zigzag << 1 | u64::from(number.is_negative())));
    write_whole(out, number.coefficient());
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    write_whole(out, length as u128);
}

fn write_whole(out: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
