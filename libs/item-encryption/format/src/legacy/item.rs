//! An item in, an encrypted item out, and back.

use std::collections::{BTreeMap, HashMap};

use super::description::{self, CBC, Description, SIGNING_ALGORITHM, SYMMETRIC_MODE};
use super::keys::{ContentKey, Materials};
use super::serialize::{Order, read, write};
use super::signature::{is_special, string_to_sign};
use super::signing::{SigningKey, VerifyingKey};
use super::{DESCRIPTION, SIGNATURE};
use crate::value::{AttributeValue, Parts, View};
use crate::{Action, Error};

/// What happens to each attribute; must be the same for every reader and writer of a table.
#[derive(Debug, Clone)]
pub struct LegacyConfig {
    /// The name the item is bound to; `None` as Java's client binds where it knows none.
    pub table: Option<String>,
    /// The attributes of the primary key: signed, never encrypted.
    pub keys: Vec<String>,
    /// What happens to attributes that have no action of their own.
    pub default: Action,
    /// What happens to the others.
    pub actions: BTreeMap<String, Action>,
    /// For whom an item is written: the two languages sign names and sets in different orders, and know only
    /// their own. Readers try them all.
    pub order: Order,
}

impl LegacyConfig {
    /// What happens to an attribute; the keys are never encrypted.
    #[must_use]
    pub fn action(&self, name: &str) -> Action {
        let action = self.actions.get(name).copied().unwrap_or(self.default);
        match action {
            Action::EncryptAndSign if self.keys.iter().any(|key| key == name) => Action::SignOnly,
            action => action,
        }
    }

    fn touches(&self, name: &str) -> bool {
        !is_special(name) && self.action(name) != Action::DoNothing
    }
}

/// Whether an item has the description and the signature of this format.
pub fn is_encrypted<V>(item: &HashMap<String, V>) -> bool {
    item.contains_key(DESCRIPTION) && item.contains_key(SIGNATURE)
}

/// The material description of an item.
///
/// # Errors
/// [`Error::NotEncrypted`] and [`Error::Malformed`].
pub fn description_of<V: AttributeValue>(item: &HashMap<String, V>) -> Result<Description, Error> {
    description::parse(binary(item, DESCRIPTION)?)
}

/// Verifies a whole item, then decrypts it. Both languages' orders of names and sets are tried.
///
/// # Errors
/// [`Error::Signature`], and what the description tells.
pub fn decrypt<V: AttributeValue>(
    item: HashMap<String, V>,
    config: &LegacyConfig,
    materials: &Materials<VerifyingKey>,
) -> Result<HashMap<String, V>, Error> {
    if !item.keys().any(|name| config.touches(name)) && !is_encrypted(&item) {
        return Ok(item);
    }
    decrypt_with(item, config, &materials.content, &materials.signature)
}

/// As [`decrypt`], for an item that must be encrypted, with keys that stay where they are.
///
/// # Errors
/// As [`decrypt`].
pub fn decrypt_with<V: AttributeValue>(
    mut item: HashMap<String, V>,
    config: &LegacyConfig,
    content: &ContentKey,
    signature: &VerifyingKey,
) -> Result<HashMap<String, V>, Error> {
    verify(&item, config, signature)?;
    let encrypted = |name: &&String| !is_special(name) && config.action(name) == Action::EncryptAndSign;
    let names: Vec<String> = item.keys().filter(encrypted).cloned().collect();
    if !names.is_empty() {
        check_mode(&description_of(&item)?)?;
    }
    for name in names {
        let plain = opened(content, &name, item.get(&name))?;
        item.insert(name, plain);
    }
    item.remove(DESCRIPTION);
    item.remove(SIGNATURE);
    Ok(item)
}

/// What it takes to write this format, which is for reading what is there.
///
/// Its content is AES-CBC without authentication of its own or commitment to a key, the description of its keys is
/// signed by nobody, and the actions of attributes are not stored, so that readers must guess them right. Items
/// are better written in the current format ([`crate::dbesdk`]), and migrated.
#[derive(Debug, Clone, Copy)]
pub struct LegacyWriting(());

impl LegacyWriting {
    /// For a table that readers of the old clients still need.
    #[must_use]
    pub fn for_readers_of_the_old_clients() -> Self {
        Self(())
    }
}

/// Encrypts and signs an item, for those who know [why not to](LegacyWriting).
///
/// # Errors
/// Reserved names and values that have no form in the format.
pub fn encrypt<V: AttributeValue, S: std::borrow::Borrow<SigningKey>>(
    mut item: HashMap<String, V>,
    config: &LegacyConfig,
    materials: &Materials<S>,
    _: LegacyWriting,
) -> Result<HashMap<String, V>, Error> {
    if let Some(name) = item.keys().find(|name| is_special(name)) {
        return Err(Error::ReservedName(name.clone()));
    }
    if !item.keys().any(|name| config.touches(name)) {
        return Ok(item);
    }
    for (name, value) in item.iter_mut().filter(|(name, _)| config.action(name) == Action::EncryptAndSign) {
        *value = sealed(&materials.content, name, value)?;
    }
    let signature_key = materials.signature.borrow();
    let mut description = materials.description.clone();
    description.insert(SYMMETRIC_MODE.to_owned(), CBC.to_owned());
    description.insert(SIGNING_ALGORITHM.to_owned(), signature_key.algorithm().to_owned());
    let message = string_to_sign(&item, |name| config.action(name), config.table.as_deref(), config.order)?;
    let signature = signature_key.sign(&message)?;
    item.insert(DESCRIPTION.to_owned(), V::from_parts(Parts::B(description::serialized(&description))));
    item.insert(SIGNATURE.to_owned(), V::from_parts(Parts::B(signature)));
    Ok(item)
}

/// The clients open by the mode that stands in the description, and know one. Since nobody signs it, another one is
/// damage and no choice.
fn check_mode(description: &Description) -> Result<(), Error> {
    match description.get(SYMMETRIC_MODE).map(String::as_str) {
        Some(CBC) => Ok(()),
        _ => Err(Error::Malformed { part: "material description", reason: "it names no way to decrypt" }),
    }
}

fn verify<V: AttributeValue>(
    item: &HashMap<String, V>,
    config: &LegacyConfig,
    key: &VerifyingKey,
) -> Result<(), Error> {
    let (signature, description) = (binary(item, SIGNATURE)?, description_of(item)?);
    let fits = |order: &Order| {
        let message = string_to_sign(item, |name| config.action(name), config.table.as_deref(), *order)?;
        key.verify(&message, signature, &description)
    };
    let mut outcome = Err(Error::Signature);
    for order in &Order::ALL {
        outcome = fits(order);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn binary<'a, V: AttributeValue>(
    item: &'a HashMap<String, V>,
    name: &'static str,
) -> Result<&'a [u8], Error> {
    match item.get(name).map(AttributeValue::view) {
        Some(View::B(bytes)) => Ok(bytes),
        _ => Err(Error::NotEncrypted(name)),
    }
}

fn sealed<V: AttributeValue>(key: &ContentKey, name: &str, value: &V) -> Result<V, Error> {
    let mut bytes = Vec::with_capacity(64);
    write(value.view(), Order::PYTHON, &mut bytes)
        .map_err(|reason| Error::UnsupportedValue { attribute: name.to_owned(), reason })?;
    Ok(V::from_parts(Parts::B(key.encrypt(&bytes)?)))
}

fn opened<V: AttributeValue>(key: &ContentKey, name: &str, stored: Option<&V>) -> Result<V, Error> {
    let Some(View::B(bytes)) = stored.map(AttributeValue::view) else {
        return Err(Error::StoredForm(name.to_owned()));
    };
    let plain = key.decrypt(bytes)?;
    read(&plain).ok_or(Error::Malformed { part: "value", reason: "its bytes are not of its type" })
}
