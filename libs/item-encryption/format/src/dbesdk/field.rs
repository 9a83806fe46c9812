//! An item's signed attributes: their canonical order, their paths, their keys.

use zeroize::Zeroizing;

use crate::primitive::{Hkdf, KeyStream};
use crate::{Action, Error};

/// A signed attribute; `V` is how its value is held.
pub struct Field<'a, V> {
    pub name: &'a str,
    pub value: V,
    pub action: Action,
    units: u64,
}

impl<'a, V> Field<'a, V> {
    pub fn new(name: &'a str, value: V, action: Action) -> Self {
        let units = if name.is_ascii() { name.len() } else { name.encode_utf16().count() };
        Self { name, value, action, units: units as u64 }
    }
}

/// Puts fields into the order of their canonical paths, which all begin alike up to the name's length.
pub fn sort<V>(fields: &mut [Field<'_, V>]) {
    fields.sort_unstable_by(|one, other| (one.units, one.name).cmp(&(other.units, other.name)));
}

/// Attributes' places in the item: the table's name, and the attribute's, each with its length.
///
/// The length of the attribute's name counts UTF-16 code units, as AWS's clients write it (the
/// specification's text says bytes).
pub struct CanonicalPaths {
    bytes: Vec<u8>,
    table: usize,
}

impl CanonicalPaths {
    /// In a table.
    pub fn of(table: &str) -> Self {
        let mut bytes = Vec::with_capacity(table.len() + 128);
        bytes.extend_from_slice(table.as_bytes());
        bytes.extend_from_slice(&1u64.to_be_bytes());
        bytes.push(b'$');
        Self { table: bytes.len(), bytes }
    }

    /// The path of a field.
    pub fn path<V>(&mut self, field: &Field<'_, V>) -> &[u8] {
        self.bytes.truncate(self.table);
        self.bytes.extend_from_slice(&field.units.to_be_bytes());
        self.bytes.extend_from_slice(field.name.as_bytes());
        &self.bytes
    }
}

/// The keys of the encrypted fields, in canonical order: each takes three blocks of one key stream.
pub struct FieldKeys {
    stream: Zeroizing<Vec<u8>>,
    next: usize,
}

/// Bytes of key stream for a field; the last four are not used.
const FIELD_KEY_LEN: usize = 3 * 16;

impl FieldKeys {
    /// From an item's data key, extracted, and its message id: for as many of the fields as are encrypted.
    pub fn new<V>(data_key: &Hkdf, message_id: &[u8], fields: &[Field<'_, V>]) -> Result<Self, Error> {
        let root = data_key.expand(&[b"AWS_DBE_DERIVE_KEY", message_id])?;
        let encrypted = fields.iter().filter(|field| field.action == Action::EncryptAndSign).count();
        let stream = KeyStream::new(&root)?.bytes(*b"AwsDbeField\x2c\0\0\0\0", encrypted * FIELD_KEY_LEN)?;
        Ok(Self { stream, next: 0 })
    }

    /// The next field's key and nonce.
    pub fn next(&mut self) -> Result<(&[u8; 32], [u8; 12]), Error> {
        let (key, nonce) =
            self.stream.get(self.next..).and_then(<[u8]>::split_first_chunk).ok_or(Error::Cipher)?;
        self.next += FIELD_KEY_LEN;
        Ok((key, *nonce.first_chunk().ok_or(Error::Cipher)?))
    }
}
