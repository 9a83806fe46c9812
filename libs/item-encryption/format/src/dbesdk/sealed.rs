//! An encrypted item in, the item out.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroize;

use super::context::{self, EncryptionContext, PUBLIC_KEY};
use super::field::{CanonicalPaths, Field, FieldKeys, sort};
use super::header::{EncryptedDataKey, Header};
use super::materials::DataKey;
use super::record::Record;
use super::serialize::{TypeId, read_owned};
use super::{FOOTER, HEADER, RESERVED_PREFIX, footer};
use crate::primitive::{Hkdf, gcm_open_from};
use crate::value::{AttributeValue, Parts, View};
use crate::{Action, Error, TableConfig};

/// The shortest stored form of an encrypted attribute: its type, and the tag of no bytes.
const LEAST_STORED: usize = 2 + 16;

/// An encrypted item under one of the names it may be bound to, before its data key is opened.
pub struct SealedItem<'c, V> {
    item: HashMap<String, V>,
    header: Header,
    header_bytes: Vec<u8>,
    footer: Vec<u8>,
    context: EncryptionContext,
    table: &'c str,
    config: &'c TableConfig,
}

impl<'c, V: AttributeValue> SealedItem<'c, V> {
    /// Reads an item's header under `table`, one of the names of the configuration.
    ///
    /// # Errors
    /// What the header tells: not this format, damaged, another signed scope.
    pub fn read(
        mut item: HashMap<String, V>,
        table: &'c str,
        config: &'c TableConfig,
    ) -> Result<Self, Error> {
        let header_bytes = part(&mut item, HEADER)?;
        let footer = part(&mut item, FOOTER)?;
        let header = Header::parse(&header_bytes)?;
        let context = whole_context(&item, table, config, &header)?;
        Ok(Self { item, header, header_bytes, footer, context, table, config })
    }

    /// The wrapped data keys, for the keyring to choose from.
    #[must_use]
    pub fn encrypted_data_keys(&self) -> &[EncryptedDataKey] {
        &self.header.encrypted_data_keys
    }

    /// The whole encryption context, as the reader rebuilt it.
    #[must_use]
    pub fn context(&self) -> &EncryptionContext {
        &self.context
    }

    /// The context's bytes, as keyrings authenticate them.
    #[must_use]
    pub fn bound(&self) -> &[u8] {
        self.context.as_bytes()
    }

    /// Verifies the whole item, then decrypts it. Beacons, which nobody signs, are left out.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::Signature`], [`Error::Malformed`].
    pub fn decrypt(self, key: &DataKey) -> Result<HashMap<String, V>, Error> {
        let Self { mut item, header, header_bytes, footer, context, table, config } = self;
        let data_key = Hkdf::new(&*key.data_key)?;
        let values = item.iter_mut().map(|(name, value)| (name.as_str(), value));
        let fields = read_fields(values, config, &header)?;
        header.check_commitment(&header_bytes, &data_key)?;
        let mut paths = CanonicalPaths::of(table);
        let record = record(&fields, &mut paths, &header_bytes, context.as_bytes())?;
        verify(&footer, &header, key, record)?;
        let mut keys = FieldKeys::new(&data_key, &header.message_id, &fields)?;
        for field in fields.into_iter().filter(|field| field.action == Action::EncryptAndSign) {
            let stored = std::mem::replace(field.value, V::from_parts(Parts::Null)).into_binary();
            let stored = stored.ok_or_else(|| Error::StoredForm(field.name.to_owned()))?;
            *field.value = open_field(keys.next()?, paths.path(&field), stored)?;
        }
        item.retain(|name, _| !name.starts_with(RESERVED_PREFIX));
        Ok(item)
    }
}

fn record<V: AttributeValue>(
    fields: &[Field<'_, &mut V>],
    paths: &mut CanonicalPaths,
    header: &[u8],
    bound: &[u8],
) -> Result<Record, Error> {
    let mut record = Record::new(header, bound);
    for field in fields {
        let path = paths.path(field);
        if field.action == Action::EncryptAndSign {
            let (kind, ciphertext) = stored_form(field.name, &*field.value)?;
            record.encrypted(path, kind, ciphertext);
        } else {
            record.plaintext(path, field.name, field.value.view())?;
        }
    }
    Ok(record)
}

fn verify(footer: &[u8], header: &Header, key: &DataKey, record: Record) -> Result<(), Error> {
    let public_key = header.stored_context.iter().find(|(key, _)| key == PUBLIC_KEY);
    let public_key = public_key.map(|(_, text)| BASE64_STANDARD.decode(text)).transpose();
    let public_key = public_key.map_err(|_| Error::Signature)?;
    let (recipients, digest) = (header.encrypted_data_keys.len(), record.finish());
    footer::verify(footer, recipients, header.suite, key, public_key.as_deref(), digest.as_ref())
}

/// Takes one of the format's own attributes out of an item.
fn part<V: AttributeValue>(item: &mut HashMap<String, V>, name: &'static str) -> Result<Vec<u8>, Error> {
    item.remove(name).and_then(V::into_binary).ok_or(Error::NotEncrypted(name))
}

/// The signed attributes with what the header says was done to them.
fn read_fields<'a, V>(
    item: impl ExactSizeIterator<Item = (&'a str, V)>,
    config: &TableConfig,
    header: &Header,
) -> Result<Vec<Field<'a, V>>, Error> {
    let mut fields = Vec::with_capacity(item.len());
    let signed = item.filter(|(name, _)| config.reads_as_signed(name));
    fields.extend(signed.map(|(name, value)| Field::new(name, value, Action::SignOnly)));
    check_scope(header, fields.len())?;
    sort(&mut fields);
    for (field, action) in fields.iter_mut().zip(&header.legend) {
        field.action = *action;
    }
    Ok(fields)
}

fn check_scope(header: &Header, found: usize) -> Result<(), Error> {
    let written = header.legend.len();
    if found == written { Ok(()) } else { Err(Error::SignedScope { written, found }) }
}

fn whole_context<V: AttributeValue>(
    item: &HashMap<String, V>,
    table: &str,
    config: &TableConfig,
    header: &Header,
) -> Result<EncryptionContext, Error> {
    match header.version {
        1 => context::version_1(item, table, config, &header.stored_context),
        _ => {
            let fields = read_fields(item.keys().map(|name| (name.as_str(), ())), config, header)?;
            let included =
                fields.iter().filter(|field| field.action == Action::SignAndIncludeInEncryptionContext);
            let included = included.map(|field| field.name).collect();
            context::version_2(item, table, config, included, &header.stored_context)
        }
    }
}

/// The type in clear and the ciphertext of an attribute that is stored encrypted.
fn stored_form<'a, V: AttributeValue>(name: &str, value: &'a V) -> Result<(TypeId, &'a [u8]), Error> {
    match value.view() {
        View::B(stored) if stored.len() >= LEAST_STORED => {
            let (kind, ciphertext) = stored.split_first_chunk().ok_or(Error::Cipher)?;
            Ok((*kind, ciphertext))
        }
        _ => Err(Error::StoredForm(name.to_owned())),
    }
}

/// Decrypts an attribute in its own memory.
fn open_field<V: AttributeValue>(
    (key, nonce): (&[u8; 32], [u8; 12]),
    path: &[u8],
    mut stored: Vec<u8>,
) -> Result<V, Error> {
    let kind: TypeId = *stored.first_chunk().ok_or(Error::Cipher)?;
    let Ok(len) = gcm_open_from(key, nonce, path, &mut stored, kind.len()).map(|plain| plain.len()) else {
        stored.zeroize();
        return Err(Error::Signature);
    };
    stored.truncate(len);
    read_owned(kind, stored)
        .ok_or(Error::Malformed { part: "value", reason: "its bytes are not of its type" })
}
