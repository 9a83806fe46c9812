//! What is signed: the canonical record of an item, as a digest.

use super::serialize::{TypeId, type_id, write};
use crate::primitive::Sha384;
use crate::value::{AttributeValue, View};
use crate::{Error, primitive};

/// How much of a record is gathered before it is digested: enough for few calls, and memory that is quickly had.
const GATHERED: usize = 1 << 10;

/// The running digest of a canonical record.
pub struct Record {
    digest: Sha384,
    gathered: Vec<u8>,
}

impl Record {
    /// The record that begins with a header and a whole encryption context.
    pub fn new(header: &[u8], context: &[u8]) -> Self {
        let mut record = Self { digest: Sha384::new(), gathered: Vec::with_capacity(GATHERED) };
        record.push(header);
        record.push(&(context.len() as u64).to_be_bytes());
        record.push(context);
        record
    }

    /// Adds an attribute that is stored in clear.
    pub fn plaintext<V: AttributeValue>(
        &mut self,
        path: &[u8],
        attribute: &str,
        view: View<'_, V>,
    ) -> Result<(), Error> {
        let kind = type_id(&view);
        self.push(path);
        let (len_at, written) = (self.gathered.len(), {
            self.gathered.extend_from_slice(&[0; 8]);
            self.gathered.extend_from_slice(b"PLAINTEXT");
            self.gathered.extend_from_slice(&kind);
            let start = self.gathered.len();
            write(view, &mut self.gathered).map(|()| self.gathered.len() - start)
        });
        let len =
            written.map_err(|reason| Error::UnsupportedValue { attribute: attribute.to_owned(), reason })?;
        self.gathered[len_at..len_at + 8].copy_from_slice(&(len as u64).to_be_bytes());
        Ok(())
    }

    /// Adds an attribute that is stored encrypted: its type, and the ciphertext behind it.
    pub fn encrypted(&mut self, path: &[u8], type_id: TypeId, ciphertext: &[u8]) {
        self.push(path);
        self.push(&(ciphertext.len() as u64).to_be_bytes());
        self.push(b"ENCRYPTED");
        self.push(&type_id);
        self.push(ciphertext);
    }

    /// The digest.
    pub fn finish(mut self) -> impl AsRef<[u8]> {
        self.digest.update(&self.gathered);
        primitive::Sha384::finish(self.digest)
    }

    /// Few large updates of the digest cost less than many small ones.
    fn push(&mut self, bytes: &[u8]) {
        if self.gathered.len() + bytes.len() > GATHERED {
            self.digest.update(&self.gathered);
            self.gathered.clear();
        }
        if bytes.len() > GATHERED {
            self.digest.update(bytes);
        } else {
            self.gathered.extend_from_slice(bytes);
        }
    }
}
