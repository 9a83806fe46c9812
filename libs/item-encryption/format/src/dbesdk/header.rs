//! The header, `aws_dbe_head`.
//!
//! ```text
//!  version 1 │ flavor 1 │ message id 32
//!  u16 length │ legend: e, s or c for each signed attribute, in canonical order
//!  u16 count  │ (u16 length, key │ u16 length, value)*      the stored part of the encryption context
//!  u8 count   │ (u16 length, provider id │ u16 length, provider info │ u16 length, ciphertext)*
//!  commitment 32
//! ```

use super::field::Field;
use super::materials::Recipient;
use crate::action::Suite;
use crate::primitive::{Hkdf, Hmac, equal};
use crate::{Action, Error};

/// Bytes in a message id.
pub const MESSAGE_ID_LEN: usize = 32;
const COMMITMENT_LEN: usize = 32;

/// A data key wrapped for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedDataKey {
    /// Which kind of keyring.
    pub provider_id: String,
    /// Which key of it.
    pub provider_info: Vec<u8>,
    /// The wrapped key.
    pub ciphertext: Vec<u8>,
}

/// A header without its commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// 1, or 2 where attributes are part of the encryption context.
    pub version: u8,
    /// The suite.
    pub suite: Suite,
    /// Random, unique for each item written.
    pub message_id: [u8; MESSAGE_ID_LEN],
    /// What was done to each signed attribute, in canonical order.
    pub legend: Vec<Action>,
    /// The pairs of the encryption context that a reader cannot rebuild.
    pub stored_context: Vec<(String, String)>,
    /// The data key, wrapped for each recipient.
    pub encrypted_data_keys: Vec<EncryptedDataKey>,
}

impl Header {
    /// Reads a header.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let (body, _) = split_commitment(bytes)?;
        let mut reader = Reader(body);
        let header = reader.header()?;
        if reader.0.is_empty() { Ok(header) } else { Err(malformed("it has bytes left over")) }
    }

    /// Whether the header's bytes commit to a data key.
    pub(super) fn check_commitment(&self, bytes: &[u8], data_key: &Hkdf) -> Result<(), Error> {
        let (body, found) = split_commitment(bytes)?;
        if equal(found, &commitment(data_key, &self.message_id, body)?) {
            Ok(())
        } else {
            Err(Error::WrongKey)
        }
    }
}

/// What a header is written from.
pub(super) struct HeaderParts<'a, V> {
    pub version: u8,
    pub suite: Suite,
    pub message_id: [u8; MESSAGE_ID_LEN],
    pub fields: &'a [Field<'a, V>],
    pub stored_context: Option<(&'a str, &'a str)>,
    pub recipients: &'a [Recipient],
}

impl<V> HeaderParts<'_, V> {
    /// The header's bytes, committing to the data key.
    pub fn sealed(&self, data_key: &Hkdf) -> Result<Vec<u8>, Error> {
        let mut bytes = self.unsealed()?;
        let commitment = commitment(data_key, &self.message_id, &bytes)?;
        bytes.extend_from_slice(&commitment);
        Ok(bytes)
    }

    fn unsealed(&self) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(&[self.version, flavor(self.suite)]);
        out.extend_from_slice(&self.message_id);
        out.extend_from_slice(&short_len(self.fields.len())?);
        out.extend(self.fields.iter().map(|field| letter(field.action)));
        out.extend_from_slice(&short_len(usize::from(self.stored_context.is_some()))?);
        for text in self.stored_context.iter().flat_map(|(key, value)| [key, value]) {
            write_short(text.as_bytes(), &mut out)?;
        }
        out.push(u8::try_from(self.recipients.len()).map_err(|_| malformed("too many recipients"))?);
        for key in self.recipients.iter().map(|recipient| &recipient.encrypted_data_key) {
            write_short(key.provider_id.as_bytes(), &mut out)?;
            write_short(&key.provider_info, &mut out)?;
            write_short(&key.ciphertext, &mut out)?;
        }
        Ok(out)
    }
}

fn malformed(reason: &'static str) -> Error {
    Error::Malformed { part: "header", reason }
}

fn split_commitment(bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let at = bytes.len().checked_sub(COMMITMENT_LEN).ok_or(malformed("it is too short"))?;
    Ok(bytes.split_at(at))
}

/// HMAC-SHA-512 cut to 32 bytes, as the vectors have it (the specification's text says SHA-384).
fn commitment(data_key: &Hkdf, message_id: &[u8], body: &[u8]) -> Result<[u8; COMMITMENT_LEN], Error> {
    let key = data_key.expand(&[b"AWS_DBE_COMMIT_KEY", message_id])?;
    let tag = Hmac::sha512(&*key).sign(body);
    tag.as_ref().first_chunk().copied().ok_or(Error::Cipher)
}

fn flavor(suite: Suite) -> u8 {
    match suite {
        Suite::Ecdsa => 1,
        Suite::NoEcdsa => 0,
    }
}

fn letter(action: Action) -> u8 {
    match action {
        Action::EncryptAndSign => b'e',
        Action::SignAndIncludeInEncryptionContext => b'c',
        Action::SignOnly | Action::DoNothing => b's',
    }
}

fn short_len(len: usize) -> Result<[u8; 2], Error> {
    u16::try_from(len).map(u16::to_be_bytes).map_err(|_| malformed("a part is too long"))
}

fn write_short(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    out.extend_from_slice(&short_len(bytes.len())?);
    out.extend_from_slice(bytes);
    Ok(())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn header(&mut self) -> Result<Header, Error> {
        let version = self.version()?;
        let suite = self.suite()?;
        Ok(Header {
            version,
            suite,
            message_id: self.array()?,
            legend: self.legend(version)?,
            stored_context: self.context()?,
            encrypted_data_keys: self.encrypted_data_keys()?,
        })
    }

    fn version(&mut self) -> Result<u8, Error> {
        match self.array()? {
            [version @ (1 | 2)] => Ok(version),
            _ => Err(malformed("its version is neither 1 nor 2")),
        }
    }

    fn suite(&mut self) -> Result<Suite, Error> {
        match self.array()? {
            [0] => Ok(Suite::NoEcdsa),
            [1] => Ok(Suite::Ecdsa),
            _ => Err(malformed("its suite is unknown")),
        }
    }

    fn legend(&mut self, version: u8) -> Result<Vec<Action>, Error> {
        let letters = self.short()?.iter();
        letters
            .map(|letter| match letter {
                b'e' => Ok(Action::EncryptAndSign),
                b's' => Ok(Action::SignOnly),
                b'c' if version == 2 => Ok(Action::SignAndIncludeInEncryptionContext),
                _ => Err(malformed("its legend has an unknown letter")),
            })
            .collect()
    }

    fn context(&mut self) -> Result<Vec<(String, String)>, Error> {
        let count = u16::from_be_bytes(self.array()?);
        let pair = |_| Ok((self.text()?.to_owned(), self.text()?.to_owned()));
        let pairs: Vec<(String, String)> = (0..count).map(pair).collect::<Result<_, Error>>()?;
        if pairs.is_sorted_by(|(one, _), (other, _)| one < other) {
            Ok(pairs)
        } else {
            Err(malformed("its encryption context is not sorted"))
        }
    }

    fn encrypted_data_keys(&mut self) -> Result<Vec<EncryptedDataKey>, Error> {
        let [count] = self.array()?;
        if count == 0 {
            return Err(malformed("it has no recipient"));
        }
        (0..count).map(|_| self.encrypted_data_key()).collect()
    }

    fn encrypted_data_key(&mut self) -> Result<EncryptedDataKey, Error> {
        Ok(EncryptedDataKey {
            provider_id: self.text()?.to_owned(),
            provider_info: self.short()?.to_vec(),
            ciphertext: self.short()?.to_vec(),
        })
    }

    fn text(&mut self) -> Result<&'a str, Error> {
        std::str::from_utf8(self.short()?).map_err(|_| malformed("a text is not UTF-8"))
    }

    fn short(&mut self) -> Result<&'a [u8], Error> {
        let len = usize::from(u16::from_be_bytes(self.array()?));
        let (head, rest) = self.0.split_at_checked(len).ok_or(malformed("it is cut short"))?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (head, rest) = self.0.split_first_chunk().ok_or(malformed("it is cut short"))?;
        self.0 = rest;
        Ok(*head)
    }
}
