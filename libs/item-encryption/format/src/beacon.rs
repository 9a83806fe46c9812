//! Beacons: short keyed hashes beside encrypted attributes, by which items are found.
//!
//! A beacon of few bits is the same for many values, so that it tells little; a query finds more items than
//! it asked for, and the reader drops the others after decrypting them. Values are AWS's, bit for bit.

use aws_lc_rs::hmac::{HMAC_SHA384, Key, sign};
use zeroize::Zeroizing;

use crate::Error;
use crate::dbesdk::serialize::write;
use crate::primitive::Hkdf;
use crate::value::{AttributeValue, View};

/// The longest a beacon may be.
const MAX_BITS: u8 = 63;

/// The attribute that holds the beacon `name`.
#[must_use]
pub fn attribute(name: &str) -> String {
    format!("aws_dbe_b_{name}")
}

/// A standard beacon of one attribute.
pub struct Beacon {
    name: String,
    bits: u8,
    key: Key,
}

impl Beacon {
    /// The beacon `name` of 1 to 63 bits, under a tenant's beacon key.
    ///
    /// # Errors
    /// [`Error::Cipher`] for another number of bits.
    pub fn new(name: &str, bits: u8, beacon_key: &[u8]) -> Result<Self, Error> {
        let derived = Hkdf::new(beacon_key)?.expand_block(&[b"AWS_DBE_SCAN_BEACON", name.as_bytes()])?;
        match bits {
            1..=MAX_BITS => Ok(Self { name: name.to_owned(), bits, key: Key::new(HMAC_SHA384, &*derived) }),
            _ => Err(Error::Cipher),
        }
    }

    /// The attribute that holds it.
    #[must_use]
    pub fn attribute(&self) -> String {
        attribute(&self.name)
    }

    /// The beacon of a value, lower-case hexadecimal; partition 0 is the only one of tables without partitions.
    ///
    /// # Errors
    /// [`Error::UnsupportedValue`] for a value that has no bytes in the format.
    pub fn of<V: AttributeValue>(&self, value: &V, partition: u8) -> Result<String, Error> {
        self.of_view(value.view(), partition)
    }

    /// The same of a value that is only seen.
    ///
    /// # Errors
    /// As [`Beacon::of`].
    pub fn of_view<V: AttributeValue>(&self, view: View<'_, V>, partition: u8) -> Result<String, Error> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(64));
        write(view, &mut bytes)
            .map_err(|reason| Error::UnsupportedValue { attribute: self.name.clone(), reason })?;
        Ok(hash(&self.key, &mut bytes, self.bits, partition))
    }

    /// The beacon of a text.
    #[must_use]
    pub fn of_text(&self, text: &str, partition: u8) -> String {
        hash(&self.key, &mut Zeroizing::new(text.as_bytes().to_vec()), self.bits, partition)
    }

    /// The part of a compound beacon that holds this one: the prefix stays in clear, and is not hashed.
    ///
    /// # Errors
    /// As [`Beacon::of`].
    pub fn part<V: AttributeValue>(&self, prefix: &str, value: &V, partition: u8) -> Result<String, Error> {
        Ok(format!("{prefix}{}", self.of(value, partition)?))
    }
}

fn hash(key: &Key, bytes: &mut Vec<u8>, bits: u8, partition: u8) -> String {
    if partition != 0 {
        bytes.push(partition);
    }
    let tag = sign(key, bytes);
    let first = tag.as_ref().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    let digits = usize::from(bits.div_ceil(4));
    format!("{:0digits$x}", first & ((1 << bits) - 1))
}

#[cfg(test)]
mod tests {
    use super::{Beacon, HMAC_SHA384, Key, hash};
    use crate::Value;

    #[test]
    fn the_partition_is_hashed_unless_it_is_the_first() {
        let key = Key::new(HMAC_SHA384, &[1, 2]);
        assert_eq!(hash(&key, &mut vec![1, 2, 3], 8, 0), "7e");
        assert_eq!(hash(&key, &mut vec![1, 2, 3], 8, 2), "ef");
    }

    #[test]
    fn what_has_no_beacon_is_refused() {
        assert!(Beacon::new("b", 0, &[1]).is_err() && Beacon::new("b", 64, &[1]).is_err());
        let beacon = Beacon::new("b", 63, &[1]).unwrap();
        assert!(beacon.of(&Value::N("seven".to_owned()), 0).is_err());
        assert_eq!(beacon.of(&Value::N("7.50".to_owned()), 0), beacon.of(&Value::N("7.5".to_owned()), 0));
        assert_eq!(beacon.of(&Value::S("x".to_owned()), 0).unwrap(), beacon.of_text("x", 0));
        assert_eq!(beacon.of_text("x", 0).len(), 16);
        assert_eq!(beacon.attribute(), "aws_dbe_b_b");
    }
}
