//! What is signed: the canonical record of an item, as a digest.

use super::serialize::{TypeId, type_id, write};
use crate::primitive::Sha384;
use crate::value::{AttributeValue, View};
use crate::{Error, primitive};

/// An attribute's place in the item: the table's name, and the attribute's, each with its length.
///
/// The length of the attribute's name counts UTF-16 code units, as AWS's clients write it (the
/// specification's text says bytes).
pub fn canonical_path(table: &str, attribute: &str) -> Vec<u8> {
    let units = attribute.encode_utf16().count() as u64;
    let mut path = Vec::with_capacity(table.len() + attribute.len() + 17);
    path.extend_from_slice(table.as_bytes());
    path.extend_from_slice(&1u64.to_be_bytes());
    path.push(b'$');
    path.extend_from_slice(&units.to_be_bytes());
    path.extend_from_slice(attribute.as_bytes());
    path
}

/// The running digest of a canonical record.
pub struct Record {
    digest: Sha384,
    scratch: Vec<u8>,
}

impl Record {
    /// The record that begins with a header and a whole encryption context.
    pub fn new(header: &[u8], context: &[u8]) -> Self {
        let mut digest = Sha384::new();
        digest.update(header);
        digest.update(&(context.len() as u64).to_be_bytes());
        digest.update(context);
        Self { digest, scratch: Vec::with_capacity(256) }
    }

    /// Adds an attribute that is stored in clear.
    pub fn plaintext<V: AttributeValue>(
        &mut self,
        path: &[u8],
        attribute: &str,
        view: View<'_, V>,
    ) -> Result<(), Error> {
        let kind = type_id(&view);
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        let written = write(view, &mut bytes);
        self.add(path, b"PLAINTEXT", kind, &bytes);
        self.scratch = bytes;
        written.map_err(|reason| Error::UnsupportedValue { attribute: attribute.to_owned(), reason })
    }

    /// Adds an attribute that is stored encrypted: its type, and the ciphertext behind it.
    pub fn encrypted(&mut self, path: &[u8], type_id: TypeId, ciphertext: &[u8]) {
        self.add(path, b"ENCRYPTED", type_id, ciphertext);
    }

    /// The digest.
    pub fn finish(self) -> impl AsRef<[u8]> {
        primitive::Sha384::finish(self.digest)
    }

    fn add(&mut self, path: &[u8], form: &[u8], type_id: TypeId, value: &[u8]) {
        self.digest.update(path);
        self.digest.update(&(value.len() as u64).to_be_bytes());
        self.digest.update(form);
        self.digest.update(&type_id);
        self.digest.update(value);
    }
}
