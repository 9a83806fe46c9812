//! An item in, an encrypted item out, and back.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::context::{self, EncryptionContext, PUBLIC_KEY, serialized};
use super::header::{EncryptedDataKey, Header};
use super::materials::{DataKey, EncryptionMaterials};
use super::record::{Record, canonical_path};
use super::serialize::{read, type_id, write};
use super::{FOOTER, HEADER, RESERVED_PREFIX, footer};
use crate::primitive::{Hkdf, KeyStream, Secret, gcm_open, gcm_seal, random};
use crate::value::{AttributeValue, Parts, View};
use crate::{Action, Error, TableConfig};

/// The shortest stored form of an encrypted attribute: its type, and the tag of no bytes.
const LEAST_STORED: usize = 2 + 16;

/// Whether an item has the header and the footer of this format.
pub fn is_encrypted<V>(item: &HashMap<String, V>) -> bool {
    item.contains_key(HEADER) && item.contains_key(FOOTER)
}

/// The encryption context under which an item is to be encrypted.
///
/// # Errors
/// A key attribute that is missing or has another action than keys have; an attribute without action.
pub fn encryption_context<V: AttributeValue>(
    item: &HashMap<String, V>,
    config: &TableConfig,
) -> Result<EncryptionContext, Error> {
    let table = &config.logical_table_name;
    if !config.has_context_attributes() {
        return context::version_1(item, table, config);
    }
    let mut included = Vec::new();
    for name in item.keys() {
        if config.write_action(name)? == Action::SignAndIncludeInEncryptionContext {
            included.push(name.as_str());
        }
    }
    context::version_2(item, table, config, included)
}

/// Encrypts and signs an item under materials whose context is its [`encryption_context`].
///
/// # Errors
/// As [`encryption_context`]; values that have no form in the format; reserved names.
pub fn encrypt<V: AttributeValue>(
    mut item: HashMap<String, V>,
    config: &TableConfig,
    materials: &EncryptionMaterials,
) -> Result<HashMap<String, V>, Error> {
    refuse_reserved_names(&item)?;
    let fields = written_fields(&item, config)?;
    let header = header_of(&fields, config, materials)?;
    let header_bytes = header.sealed(&materials.data_key)?;
    let mut record = Record::new(&header_bytes, materials.bound());
    let mut keys = FieldKeys::new(&materials.data_key, &header.message_id)?;
    for field in &fields {
        let value = item.get_mut(&field.name).ok_or(Error::Cipher)?;
        if field.action == Action::EncryptAndSign {
            let stored = seal_field(&mut keys, field, value)?;
            let (kind, ciphertext) = stored.split_first_chunk().ok_or(Error::Cipher)?;
            record.encrypted(&field.path, *kind, ciphertext);
            *value = V::from_parts(Parts::B(stored));
        } else {
            record.plaintext(&field.path, &field.name, value.view())?;
        }
    }
    let footer = footer::sign(materials, record.finish().as_ref())?;
    item.insert(HEADER.to_owned(), V::from_parts(Parts::B(header_bytes)));
    item.insert(FOOTER.to_owned(), V::from_parts(Parts::B(footer)));
    Ok(item)
}

fn refuse_reserved_names<V>(item: &HashMap<String, V>) -> Result<(), Error> {
    match item.keys().find(|name| name.starts_with(RESERVED_PREFIX)) {
        Some(name) => Err(Error::ReservedName(name.clone())),
        None => Ok(()),
    }
}

/// A signed attribute, at its canonical place.
struct Field {
    path: Vec<u8>,
    name: String,
    action: Action,
}

fn written_fields<V>(item: &HashMap<String, V>, config: &TableConfig) -> Result<Vec<Field>, Error> {
    if let Some(key) = config.keys().find(|key| !item.contains_key(*key)) {
        return Err(Error::MissingKeyAttribute(key.to_owned()));
    }
    let mut fields = Vec::with_capacity(item.len());
    for name in item.keys() {
        let action = config.write_action(name)?;
        if action != Action::DoNothing {
            let path = canonical_path(&config.logical_table_name, name);
            fields.push(Field { path, name: name.clone(), action });
        }
    }
    fields.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(fields)
}

fn header_of(
    fields: &[Field],
    config: &TableConfig,
    materials: &EncryptionMaterials,
) -> Result<Header, Error> {
    let stored = materials.context().get_key_value(PUBLIC_KEY);
    let keys = materials.recipients.iter().map(|recipient| recipient.encrypted_data_key.clone());
    Ok(Header {
        version: if config.has_context_attributes() { 2 } else { 1 },
        suite: if materials.signing_key.is_some() { crate::Suite::Ecdsa } else { crate::Suite::NoEcdsa },
        message_id: random()?,
        legend: fields.iter().map(|field| field.action).collect(),
        stored_context: stored.map(|(key, value)| (key.clone(), value.clone())).into_iter().collect(),
        encrypted_data_keys: keys.collect(),
    })
}

/// The keys of the encrypted fields, in canonical order.
struct FieldKeys {
    stream: KeyStream,
    next: u32,
}

impl FieldKeys {
    fn new(data_key: &Secret, message_id: &[u8]) -> Result<Self, Error> {
        let root = Hkdf::new(&**data_key).expand(&[b"AWS_DBE_DERIVE_KEY", message_id])?;
        Ok(Self { stream: KeyStream::new(&root)?, next: 0 })
    }

    /// The next field's key (32 bytes) and nonce (12), from three blocks of key stream.
    fn next(&mut self) -> Result<zeroize::Zeroizing<[u8; 44]>, Error> {
        let mut counter = *b"AwsDbeField\x2c\0\0\0\0";
        counter[12..].copy_from_slice(&self.next.wrapping_mul(3).to_be_bytes());
        self.next += 1;
        self.stream.field_key(counter)
    }
}

fn split_field_key(key: &[u8; 44]) -> Result<(&[u8; 32], [u8; 12]), Error> {
    let (key, nonce) = key.split_first_chunk::<32>().ok_or(Error::Cipher)?;
    Ok((key, nonce.try_into().map_err(|_| Error::Cipher)?))
}

/// Type, ciphertext and tag of a value.
fn seal_field<V: AttributeValue>(keys: &mut FieldKeys, field: &Field, value: &V) -> Result<Vec<u8>, Error> {
    let view = value.view();
    let mut stored = Vec::with_capacity(64);
    stored.extend_from_slice(&type_id(&view));
    write(view, &mut stored)
        .map_err(|reason| Error::UnsupportedValue { attribute: field.name.clone(), reason })?;
    let key = keys.next()?;
    let (key, nonce) = split_field_key(&key)?;
    gcm_seal(key, nonce, &field.path, &mut stored, 2)?;
    Ok(stored)
}

/// An encrypted item under one of the names it may be bound to, before its data key is opened.
pub struct SealedItem<V> {
    item: HashMap<String, V>,
    header: Header,
    header_bytes: Vec<u8>,
    footer_bytes: Vec<u8>,
    fields: Vec<Field>,
    context: EncryptionContext,
    bound: Vec<u8>,
}

impl<V: AttributeValue> SealedItem<V> {
    /// Reads an item's header under `table`, one of the names of the configuration.
    ///
    /// # Errors
    /// What the header tells: not this format, damaged, another signed scope.
    pub fn read(item: HashMap<String, V>, table: &str, config: &TableConfig) -> Result<Self, Error> {
        let header_bytes = part(&item, HEADER)?.to_vec();
        let footer_bytes = part(&item, FOOTER)?.to_vec();
        let header = Header::parse(&header_bytes)?;
        let fields = read_fields(&item, table, config, &header)?;
        let context = whole_context(&item, table, config, &header, &fields)?;
        let bound = serialized(&context)?;
        Ok(Self { item, header, header_bytes, footer_bytes, fields, context, bound })
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
        &self.bound
    }

    /// Verifies the whole item, then decrypts it.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::Signature`], [`Error::Malformed`].
    pub fn decrypt(self, key: &DataKey) -> Result<HashMap<String, V>, Error> {
        self.header.check_commitment(&self.header_bytes, &key.data_key)?;
        self.verify(key)?;
        let Self { mut item, header, fields, .. } = self;
        let mut keys = FieldKeys::new(&key.data_key, &header.message_id)?;
        for field in fields.iter().filter(|field| field.action == Action::EncryptAndSign) {
            let value = item.get_mut(&field.name).ok_or(Error::Cipher)?;
            *value = open_field(&mut keys, field, value)?;
        }
        item.remove(HEADER);
        item.remove(FOOTER);
        Ok(item)
    }

    fn verify(&self, key: &DataKey) -> Result<(), Error> {
        let mut record = Record::new(&self.header_bytes, &self.bound);
        for field in &self.fields {
            let view = self.item.get(&field.name).ok_or(Error::Cipher)?.view();
            match (field.action, view) {
                (Action::EncryptAndSign, View::B(stored)) if stored.len() >= LEAST_STORED => {
                    let (kind, ciphertext) = stored.split_first_chunk().ok_or(Error::Cipher)?;
                    record.encrypted(&field.path, *kind, ciphertext);
                }
                (Action::EncryptAndSign, _) => return Err(Error::StoredForm(field.name.clone())),
                (_, view) => record.plaintext(&field.path, &field.name, view)?,
            }
        }
        let (recipients, suite) = (self.header.encrypted_data_keys.len(), self.header.suite);
        let public_key = self.public_key()?;
        let digest = record.finish();
        footer::verify(&self.footer_bytes, recipients, suite, key, public_key.as_deref(), digest.as_ref())
    }

    fn public_key(&self) -> Result<Option<Vec<u8>>, Error> {
        let decode = |text: &String| BASE64_STANDARD.decode(text).map_err(|_| Error::Signature);
        self.header.stored_context.get(PUBLIC_KEY).map(decode).transpose()
    }
}

fn part<'a, V: AttributeValue>(item: &'a HashMap<String, V>, name: &'static str) -> Result<&'a [u8], Error> {
    match item.get(name).map(AttributeValue::view) {
        Some(View::B(bytes)) => Ok(bytes),
        _ => Err(Error::NotEncrypted(name)),
    }
}

fn read_fields<V>(
    item: &HashMap<String, V>,
    table: &str,
    config: &TableConfig,
    header: &Header,
) -> Result<Vec<Field>, Error> {
    let signed = |name: &&String| *name != HEADER && *name != FOOTER && config.reads_as_signed(name);
    let mut paths: Vec<(Vec<u8>, &String)> =
        item.keys().filter(signed).map(|name| (canonical_path(table, name), name)).collect();
    if paths.len() != header.legend.len() {
        return Err(Error::SignedScope { written: header.legend.len(), found: paths.len() });
    }
    paths.sort_unstable();
    let fields = paths.into_iter().zip(&header.legend);
    Ok(fields.map(|((path, name), action)| Field { path, name: name.clone(), action: *action }).collect())
}

fn whole_context<V: AttributeValue>(
    item: &HashMap<String, V>,
    table: &str,
    config: &TableConfig,
    header: &Header,
    fields: &[Field],
) -> Result<EncryptionContext, Error> {
    let mut context = match header.version {
        1 => context::version_1(item, table, config)?,
        _ => {
            let included =
                fields.iter().filter(|field| field.action == Action::SignAndIncludeInEncryptionContext);
            context::version_2(item, table, config, included.map(|field| field.name.as_str()).collect())?
        }
    };
    for (key, value) in &header.stored_context {
        if context.insert(key.clone(), value.clone()).is_some() {
            return Err(Error::Malformed { part: "header", reason: "it stores a pair that readers rebuild" });
        }
    }
    Ok(context)
}

fn open_field<V: AttributeValue>(keys: &mut FieldKeys, field: &Field, value: &V) -> Result<V, Error> {
    let View::B(stored) = value.view() else { return Err(Error::StoredForm(field.name.clone())) };
    let (kind, sealed) =
        stored.split_first_chunk::<2>().ok_or_else(|| Error::StoredForm(field.name.clone()))?;
    let key = keys.next()?;
    let (key, nonce) = split_field_key(&key)?;
    let mut sealed = zeroize::Zeroizing::new(sealed.to_vec());
    let plain = gcm_open(key, nonce, &field.path, &mut sealed).map_err(|_| Error::Signature)?;
    read(*kind, plain).ok_or(Error::Malformed { part: "value", reason: "its bytes are not of its type" })
}
