//! Key values as the engine sees them: a partition, and bytes in the order of the sort key.
//!
//! ```text
//! partition   first 16 bytes of HMAC-SHA-256(table's hash key, type letter ‖ value bytes)
//! sort bytes  S: its UTF-8 · B: its bytes · N: below
//!
//! number      0x01  ‖ complement of (magnitude + 130, digits, 0x00)     below zero
//!             0x02                                                      zero
//!             0x03  ‖ magnitude + 130 ‖ digits ‖ 0x00                   above zero
//! digits      pairs of decimal digits from the first, the last one filled with 0, each as its value + 1
//! ```
//! Value bytes are the sort bytes. Canonical numbers make one number one key. The page on disk is
//! `docs/formats/item.md`; what is written here is written for ever.

use std::ops::Bound;

use bytes::Bytes;
use crypto::HmacKey;
use engine::{Partition, SortRange};

use super::number::{MAX_DIGITS, MIN_MAGNITUDE, Number};
use super::size::{MAX_PARTITION_KEY_LEN, MAX_SORT_KEY_LEN};
use super::{AttributeValue, ValueError};

/// A value of one of the three types a key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyValue<'a> {
    /// A string.
    S(&'a str),
    /// A number.
    N(Number),
    /// Bytes.
    B(&'a [u8]),
}

impl<'a> KeyValue<'a> {
    /// The value as a key; `None` where its type is none of a key's.
    #[must_use]
    pub fn of(value: &'a AttributeValue) -> Option<Self> {
        match value {
            AttributeValue::S(text) => Some(Self::S(text)),
            AttributeValue::N(number) => Some(Self::N(*number)),
            AttributeValue::B(bytes) => Some(Self::B(bytes)),
            _ => None,
        }
    }

    /// Checks a partition key: 1 to 2048 bytes.
    ///
    /// # Errors
    /// An empty or too long value of attribute `name`.
    pub fn check_as_partition_key(self, name: &str) -> Result<(), ValueError> {
        self.check_not_empty(name)?;
        if self.len() > MAX_PARTITION_KEY_LEN { Err(ValueError::PartitionKeyTooLong) } else { Ok(()) }
    }

    /// Checks a sort key: 1 to 1024 bytes.
    ///
    /// # Errors
    /// An empty or too long value of attribute `name`.
    pub fn check_as_sort_key(self, name: &str) -> Result<(), ValueError> {
        self.check_not_empty(name)?;
        if self.len() > MAX_SORT_KEY_LEN { Err(ValueError::SortKeyTooLong) } else { Ok(()) }
    }

    /// Where items of this partition key lie in a table with this hash key.
    #[must_use]
    pub fn partition(self, hash_key: &HmacKey) -> Partition {
        let mut buffer = [0; MAX_NUMBER_LEN];
        let code = hash_key.sign(&[self.type_letter(), self.key_bytes(&mut buffer)]);
        let [partition @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = code;
        Partition(partition)
    }

    /// Bytes that lie in the order of the values of this type.
    #[must_use]
    pub fn sort_bytes(self) -> Bytes {
        Bytes::copy_from_slice(self.key_bytes(&mut [0; MAX_NUMBER_LEN]))
    }

    fn key_bytes<'b>(self, buffer: &'b mut [u8; MAX_NUMBER_LEN]) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Self::S(text) => text.as_bytes(),
            Self::B(bytes) => bytes,
            Self::N(number) => number_bytes(number, buffer),
        }
    }

    fn type_letter(self) -> &'static [u8] {
        match self {
            Self::S(_) => b"S",
            Self::N(_) => b"N",
            Self::B(_) => b"B",
        }
    }

    fn len(self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::B(bytes) => bytes.len(),
            Self::N(_) => 1, // a number is never too long and never empty
        }
    }

    fn check_not_empty(self, name: &str) -> Result<(), ValueError> {
        let kind = if matches!(self, Self::B(_)) { "binary" } else { "string" };
        if self.len() == 0 { Err(ValueError::EmptyKey { kind, name: name.to_owned() }) } else { Ok(()) }
    }
}

/// The sort bytes that begin with `prefix`.
#[must_use]
pub fn prefix_range(prefix: Bytes) -> SortRange {
    let end = successor(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
    SortRange { start: Bound::Included(prefix), end }
}

/// The least byte string above all that begin with `prefix`; `None` where there is none.
fn successor(prefix: &[u8]) -> Option<Bytes> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut bytes = prefix[..=last].to_vec();
    bytes[last] += 1;
    Some(bytes.into())
}

const BELOW_ZERO: u8 = 1;
const AT_ZERO: u8 = 2;
const ABOVE_ZERO: u8 = 3;
/// A class, a magnitude, 19 pairs of digits, an end.
const MAX_NUMBER_LEN: usize = 1 + 1 + 19 + 1;

fn number_bytes(number: Number, buffer: &mut [u8; MAX_NUMBER_LEN]) -> &[u8] {
    if number == Number::ZERO {
        buffer[0] = AT_ZERO;
        return &buffer[..1];
    }
    let pairs = number.digits().div_ceil(2) as usize;
    buffer[1] = u8::try_from(number.magnitude() - MIN_MAGNITUDE).expect("256 magnitudes fit a byte");
    fill_pairs(&mut buffer[2..2 + pairs], number);
    let end = 2 + pairs;
    buffer[end] = 0;
    buffer[0] = if number.is_negative() { BELOW_ZERO } else { ABOVE_ZERO };
    if number.is_negative() {
        buffer[1..=end].iter_mut().for_each(|byte| *byte = !*byte);
    }
    &buffer[..=end]
}

fn fill_pairs(pairs: &mut [u8], number: Number) {
    const _: () = assert!(MAX_DIGITS.is_multiple_of(2), "an even count of digits never grows by filling");
    let filling = if number.digits().is_multiple_of(2) { 1 } else { 10 };
    let mut left = number.coefficient() * filling;
    for pair in pairs.iter_mut().rev() {
        *pair = u8::try_from(left % 100).expect("two digits fit a byte") + 1;
        left /= 100;
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use proptest::prelude::*;

    use super::{HmacKey, KeyValue, prefix_range};
    use crate::value::number::any_number;
    use crate::value::{Number, ValueError};

    fn sort_bytes(text: &str) -> Vec<u8> {
        KeyValue::N(text.parse().unwrap()).sort_bytes().to_vec()
    }

    #[test]
    fn the_bytes_of_numbers_are_for_ever() {
        for (text, bytes) in [
            ("0", vec![2]),
            ("1", vec![3, 130, 11, 0]),
            ("12", vec![3, 131, 13, 0]),
            ("123", vec![3, 132, 13, 31, 0]),
            ("-12", vec![1, !131, !13, !0]),
            ("1E-130", vec![3, 0, 11, 0]),
            ("9.9E+125", vec![3, 255, 100, 0]),
        ] {
            assert_eq!(sort_bytes(text), bytes, "{text}");
        }
        assert_eq!(sort_bytes(&"9".repeat(38)).len(), super::MAX_NUMBER_LEN);
    }

    #[test]
    fn a_partition_depends_on_key_type_and_value() {
        let (key, other) = (HmacKey::new(&[1; 32]), HmacKey::new(&[2; 32]));
        let partition = KeyValue::S("1").partition(&key);
        assert_eq!(partition, KeyValue::S("1").partition(&key));
        assert_ne!(partition, KeyValue::S("1").partition(&other));
        assert_ne!(partition, KeyValue::S("2").partition(&key));
        assert_ne!(partition, KeyValue::B(b"1").partition(&key));
        assert_ne!(KeyValue::N(Number::from(1_u64)).partition(&key), partition);
        // HMAC-SHA-256 of "S1" under 32 bytes of 1, computed with another implementation.
        assert_eq!(u128::from_be_bytes(partition.0), 0x683eea45381f966d6f02c50d65e0c28e);
    }

    #[test]
    fn keys_have_their_lengths() {
        let long = "x".repeat(2049);
        assert!(KeyValue::S(&long[..2048]).check_as_partition_key("p").is_ok());
        assert_eq!(KeyValue::S(&long).check_as_partition_key("p"), Err(ValueError::PartitionKeyTooLong));
        assert!(KeyValue::S(&long[..1024]).check_as_sort_key("s").is_ok());
        assert_eq!(KeyValue::S(&long[..1025]).check_as_sort_key("s"), Err(ValueError::SortKeyTooLong));
        let empty = KeyValue::B(b"").check_as_sort_key("s").unwrap_err();
        let told = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot \
                    contain an empty binary value. Key: s";
        assert_eq!(empty.to_string(), told);
    }

    #[test]
    fn the_range_of_a_prefix_holds_what_begins_with_it() {
        let end = |prefix: &'static [u8]| prefix_range(prefix.into()).end;
        assert_eq!(end(b"ab"), Bound::Excluded(b"ac"[..].into()));
        assert_eq!(end(&[1, 255, 255]), Bound::Excluded(b"\x02"[..].into()));
        assert_eq!(end(&[255]), Bound::Unbounded);
        assert_eq!(end(b""), Bound::Unbounded);
    }

    proptest! {
        #[test]
        fn sort_bytes_lie_in_the_order_of_numbers(one in any_number(), other in any_number()) {
            let bytes = |number| KeyValue::N(number).sort_bytes();
            prop_assert_eq!(bytes(one).cmp(&bytes(other)), one.cmp(&other));
            prop_assert_eq!(bytes(one).cmp(&bytes(Number::ZERO)), one.cmp(&Number::ZERO));
        }

        #[test]
        fn near_numbers_keep_their_order(one in -2000_i64..2000, other in -2000_i64..2000, exponent in -3..3) {
            let number = |value: i64| format!("{value}E{exponent}").parse::<Number>().unwrap();
            let bytes = |value| KeyValue::N(number(value)).sort_bytes();
            prop_assert_eq!(bytes(one).cmp(&bytes(other)), one.cmp(&other));
        }
    }
}
