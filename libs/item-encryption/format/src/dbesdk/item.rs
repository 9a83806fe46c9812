//! An item in, an encrypted item out.

use std::collections::HashMap;

use super::context::{self, EncryptionContext, PUBLIC_KEY};
use super::field::{CanonicalPaths, Field, FieldKeys, sort};
use super::header::{HeaderParts, MESSAGE_ID_LEN};
use super::materials::EncryptionMaterials;
use super::record::Record;
use super::serialize::{type_id, write};
use super::{FOOTER, HEADER, RESERVED_PREFIX, footer};
use crate::primitive::{Hkdf, gcm_seal, random};
use crate::value::{AttributeValue, Parts, View};
use crate::{Action, Error, Suite, TableConfig};

/// Bytes of a tag.
const TAG_LEN: usize = 16;

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
        return context::version_1(item, table, config, &[]);
    }
    let mut included = Vec::new();
    for name in item.keys() {
        if config.write_action(name)? == Action::SignAndIncludeInEncryptionContext {
            included.push(name.as_str());
        }
    }
    context::version_2(item, table, config, included, &[])
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
    let message_id = random()?;
    let data_key = Hkdf::new(&*materials.data_key)?;
    let fields = written_fields(&mut item, config)?;
    let header = parts_of(&fields, config, materials, message_id).sealed(&data_key)?;
    let mut record = Record::new(&header, materials.bound());
    let mut paths = CanonicalPaths::of(&config.logical_table_name);
    let mut keys = FieldKeys::new(&data_key, &message_id, &fields)?;
    for field in fields {
        let path = paths.path(&field);
        if field.action == Action::EncryptAndSign {
            let stored = seal_field(keys.next()?, path, field.name, field.value)?;
            let (kind, ciphertext) = stored.split_first_chunk().ok_or(Error::Cipher)?;
            record.encrypted(path, *kind, ciphertext);
            *field.value = V::from_parts(Parts::B(stored));
        } else {
            record.plaintext(path, field.name, field.value.view())?;
        }
    }
    let footer = footer::sign(materials, record.finish().as_ref())?;
    item.insert(HEADER.to_owned(), V::from_parts(Parts::B(header)));
    item.insert(FOOTER.to_owned(), V::from_parts(Parts::B(footer)));
    Ok(item)
}

fn refuse_reserved_names<V>(item: &HashMap<String, V>) -> Result<(), Error> {
    match item.keys().find(|name| name.starts_with(RESERVED_PREFIX)) {
        Some(name) => Err(Error::ReservedName(name.clone())),
        None => Ok(()),
    }
}

fn written_fields<'a, V>(
    item: &'a mut HashMap<String, V>,
    config: &TableConfig,
) -> Result<Vec<Field<'a, &'a mut V>>, Error> {
    if let Some(key) = config.keys().find(|key| !item.contains_key(*key)) {
        return Err(Error::MissingKeyAttribute(key.to_owned()));
    }
    let mut fields = Vec::with_capacity(item.len());
    for (name, value) in item {
        let action = config.write_action(name)?;
        if action != Action::DoNothing {
            fields.push(Field::new(name, value, action));
        }
    }
    sort(&mut fields);
    Ok(fields)
}

fn parts_of<'a, V>(
    fields: &'a [Field<'_, V>],
    config: &TableConfig,
    materials: &'a EncryptionMaterials,
    message_id: [u8; MESSAGE_ID_LEN],
) -> HeaderParts<'a, V> {
    HeaderParts {
        version: if config.has_context_attributes() { 2 } else { 1 },
        suite: if materials.signing_key.is_some() { Suite::Ecdsa } else { Suite::NoEcdsa },
        message_id,
        fields,
        stored_context: materials.context().get(PUBLIC_KEY).map(|value| (PUBLIC_KEY, value)),
        recipients: &materials.recipients,
    }
}

/// Type, ciphertext and tag of a value.
fn seal_field<V: AttributeValue>(
    (key, nonce): (&[u8; 32], [u8; 12]),
    path: &[u8],
    name: &str,
    value: &V,
) -> Result<Vec<u8>, Error> {
    let view = value.view();
    let mut stored = Vec::with_capacity(2 + likely_len(&view) + TAG_LEN);
    stored.extend_from_slice(&type_id(&view));
    write(view, &mut stored)
        .map_err(|reason| Error::UnsupportedValue { attribute: name.to_owned(), reason })?;
    gcm_seal(key, nonce, path, &mut stored, 2)?;
    Ok(stored)
}

/// So that most values are written without moving.
fn likely_len<V>(view: &View<'_, V>) -> usize {
    match view {
        View::S(text) | View::N(text) => text.len(),
        View::B(bytes) => bytes.len(),
        View::Bool(_) | View::Null => 1,
        _ => 256,
    }
}
