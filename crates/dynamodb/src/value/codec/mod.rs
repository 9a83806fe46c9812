//! An item as bytes: how it is stored.
//!
//! ```text
//! item     version (1) ‖ size ‖ map
//! map      count ‖ (name: text ‖ value)…                 in the order of the names' bytes
//! value    tag ‖ …                                       see [`Tag`]
//! text     length ‖ bytes of UTF-8
//! number   zigzag(exponent) · 2 + (below zero: 1) ‖ coefficient
//! ```
//! `size` is the item's size by AWS's rules; whole numbers are LEB128. The page is `docs/formats/item.md`.
//!
//! Map: here (the format, [`EncodedItem`]) · [`encode`] · [`read`] (from bytes, bounded) · [`json`] (bytes to
//! DynamoDB JSON without a value between).
//!
//! Invariants: one item has one encoding. Reading checks every length against what is left, depth against
//! its limit, order and distinctness of names and members; damaged bytes are an error, never a panic.

mod encode;
mod json;
mod read;

use bytes::Bytes;

pub use encode::encode;

use self::read::Reader;
use super::Item;

/// The version this code writes.
const VERSION: u8 = 1;

/// The bytes of an item, of which only the head has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedItem {
    map: Bytes,
    size: usize,
}

impl EncodedItem {
    /// Reads the head.
    ///
    /// # Errors
    /// Bytes of another version, or damaged.
    pub fn new(bytes: Bytes) -> Result<Self, CodecError> {
        let mut reader = Reader::new(&bytes);
        match reader.byte()? {
            VERSION => {}
            version => return Err(CodecError::Version(version)),
        }
        let size = reader.length()?;
        let head = bytes.len() - reader.left();
        Ok(Self { map: bytes.slice(head..), size })
    }

    /// The item's size by AWS's rules, in bytes, without decoding it.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The item. Its `B` values share these bytes.
    ///
    /// # Errors
    /// Damaged bytes.
    pub fn decode(&self) -> Result<Item, CodecError> {
        self.decode_attributes(|_| true)
    }

    /// The attributes of which `wanted` holds; the others are passed over.
    ///
    /// # Errors
    /// Damaged bytes.
    pub fn decode_attributes(&self, wanted: impl Fn(&str) -> bool) -> Result<Item, CodecError> {
        let mut reader = Reader::new(&self.map);
        let item = reader.attributes(wanted)?;
        reader.finish()?;
        Ok(item)
    }
}

/// The item that these bytes are.
///
/// # Errors
/// Bytes of another version, or damaged.
pub fn decode(bytes: &Bytes) -> Result<Item, CodecError> {
    EncodedItem::new(bytes.clone())?.decode()
}

/// Bytes that are no item. Nothing of them is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Written by a later version.
    #[error("an item is stored in format {0}, which this version cannot read")]
    Version(u8),
    /// Something in it cannot be.
    #[error("the bytes of an item are damaged: {0}")]
    Damaged(&'static str),
}

/// What a value's first byte says, and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Tag {
    Null = 0,
    False = 1,
    True = 2,
    /// text
    S = 3,
    /// number
    N = 4,
    /// length ‖ bytes
    B = 5,
    /// length of what follows (4 bytes, little-endian) ‖ map
    M = 6,
    /// length of what follows (4 bytes, little-endian) ‖ count ‖ values
    L = 7,
    /// count ‖ texts, in the order of their bytes
    SS = 8,
    /// count ‖ numbers, ascending
    NS = 9,
    /// count ‖ (length ‖ bytes)…, in the order of the bytes
    BS = 10,
}

impl Tag {
    const ALL: [Self; 11] = [
        Self::Null,
        Self::False,
        Self::True,
        Self::S,
        Self::N,
        Self::B,
        Self::M,
        Self::L,
        Self::SS,
        Self::NS,
        Self::BS,
    ];

    fn of(byte: u8) -> Result<Self, CodecError> {
        Self::ALL.get(usize::from(byte)).copied().ok_or(CodecError::Damaged("a type that is none"))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{CodecError, EncodedItem, decode, encode};
    use crate::value::tests::any_item;
    use crate::value::{AttributeValue, Item, Number, Set, size};

    fn every_type() -> Item {
        let number = |text: &str| text.parse::<Number>().unwrap();
        let text = |text: &str| AttributeValue::S(text.into());
        let document = [("x".to_owned(), AttributeValue::L(vec![text("in"), AttributeValue::Null]))];
        let entries = [
            ("bin", AttributeValue::B(Bytes::from_static(&[0, 255]))),
            ("bins", AttributeValue::BS(Set::of_distinct(vec![Bytes::from_static(&[1])]).unwrap())),
            ("doc", AttributeValue::M(document.into_iter().collect())),
            ("no", AttributeValue::Bool(false)),
            ("num", AttributeValue::N(number("-12.5"))),
            ("nums", AttributeValue::NS(Set::of_distinct(vec![number("0"), number("1E+40")]).unwrap())),
            ("text", text("é")),
            ("texts", AttributeValue::SS(Set::of_distinct(vec!["a".into(), "b".into()]).unwrap())),
            ("yes", AttributeValue::Bool(true)),
        ];
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Written when the format was made; must read for ever.
    const FIXTURE: &str = concat!(
        "013c090362696e050200ff0462696e730a01010103646f63060e0000000101780706000000020302696e00026e6f0103",
        "6e756d04037d046e756d7309020000a0010104746578740302c3a90574657874730802016101620379657302",
    );

    #[test]
    fn the_first_format_reads_and_writes_for_ever() {
        assert_eq!(hex(&encode(&every_type())), FIXTURE);
        assert_eq!(decode(&unhex(FIXTURE)), Ok(every_type()));
    }

    #[test]
    fn the_size_is_told_without_decoding() {
        let encoded = EncodedItem::new(encode(&every_type())).unwrap();
        assert_eq!(encoded.size(), size::item_size(&every_type()));
    }

    #[test]
    fn only_wanted_attributes_are_decoded() {
        let encoded = EncodedItem::new(encode(&every_type())).unwrap();
        let mut wanted = every_type();
        wanted.retain(|name| name == "doc" || name == "yes");
        assert_eq!(encoded.decode_attributes(|name| name == "doc" || name == "yes"), Ok(wanted));
    }

    #[test]
    fn a_later_version_is_told() {
        assert_eq!(decode(&Bytes::from_static(&[2, 0, 0])), Err(CodecError::Version(2)));
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        for (bytes, told) in [
            (&[][..], "they end too early"),
            (&[1, 0], "they end too early"),
            (&[1, 0, 0, 7], "something follows the item"),
            (&[1, 0, 1, 1, b'a', 11], "a type that is none"),
            (&[1, 0, 1, 1, 0xff, 0], "text that is not UTF-8"),
            (&[1, 0, 2, 1, b'b', 0, 1, b'a', 0], "names out of order"),
            (&[1, 0, 1, 1, b'a', 3, 0xff, 0xff, 0xff, 0xff, 0x7f], "they end too early"),
            (&[1, 0, 1, 1, b'a', 4, 0, 10], "a number that is not canonical"),
            (&[1, 0, 1, 1, b'a', 4, 1, 0], "a number that is not canonical"),
            (&[1, 0, 1, 1, b'a', 8, 2, 1, b'b', 1, b'a'], "members out of order"),
            (&[1, 0, 1, 1, b'a', 7, 2, 0, 0, 0, 0, 0], "a document of another length"),
            (&[1, 0x80, 0], "a number longer than it must be"),
        ] {
            assert_eq!(decode(&Bytes::copy_from_slice(bytes)), Err(CodecError::Damaged(told)), "{bytes:?}");
        }
    }

    #[test]
    fn nesting_beyond_the_limit_is_damage() {
        let nested = |depth| (0..depth).fold(AttributeValue::Null, |value, _| AttributeValue::L(vec![value]));
        let item = |depth| [("a".to_owned(), nested(depth))].into_iter().collect::<Item>();
        assert!(decode(&encode(&item(size::MAX_DEPTH))).is_ok());
        assert!(decode(&encode(&item(size::MAX_DEPTH + 1))).is_err());
    }

    #[test]
    fn binaries_share_the_bytes_they_are_read_from() {
        let bytes = encode(&every_type());
        let item = decode(&bytes).unwrap();
        let Some(AttributeValue::B(binary)) = item.get("bin") else { panic!("bin is a B") };
        assert!(bytes.as_ptr_range().contains(&binary.as_ptr()));
    }

    proptest! {
        #[test]
        fn an_item_reads_back_as_it_was_written(item in any_item()) {
            prop_assert_eq!(decode(&encode(&item)), Ok(item));
        }

        #[test]
        fn json_of_the_bytes_is_json_of_the_item(item in any_item()) {
            let encoded = EncodedItem::new(encode(&item)).unwrap();
            prop_assert_eq!(serde_json::to_string(&encoded).unwrap(), serde_json::to_string(&item).unwrap());
        }

        #[test]
        fn changed_bytes_never_panic_and_what_they_say_has_one_encoding(
            item in any_item(), at: prop::sample::Index, byte: u8, cut: bool,
        ) {
            let mut bytes = encode(&item).to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if cut { bytes.truncate(at) }
            let bytes = Bytes::from(bytes);
            if let Ok(encoded) = EncodedItem::new(bytes) {
                let _ = serde_json::to_string(&encoded);
                if let Ok(item) = encoded.decode() {
                    prop_assert_eq!(EncodedItem::new(encode(&item)).unwrap().map, encoded.map);
                }
            }
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn unhex(text: &str) -> Bytes {
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }
}
