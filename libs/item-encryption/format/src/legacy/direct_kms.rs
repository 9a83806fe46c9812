//! The direct KMS provider: a data key of a KMS for each item, bound to the item's key and table.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::description::{Description, KEY_ALGORITHM, WRAP_ALGORITHM, WRAPPED_KEY};
use super::keys::ContentKey;
use crate::dbesdk::EncryptionContext;
use crate::value::{AttributeValue, View};
use crate::{Error, number};

const CONTENT_ALGORITHM: &str = "AES/256";
const SIGNATURE_ALGORITHM: &str = "amzn-ddb-sig-alg";
const SIGNING_ALGORITHM: &str = "HmacSHA256/256";

/// How the spelling of number keys goes into the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberSpelling {
    /// As DynamoDB stores them: `7.5`.
    Stored,
    /// As the item spells them; AWS's clients bound items to `7.50` where an application wrote that.
    AsWritten,
}

/// The encryption context of an item's data key.
///
/// # Errors
/// A key attribute that is missing, or of a type that keys cannot have.
pub fn context<V: AttributeValue>(
    item: &HashMap<String, V>,
    keys: &[String],
    table: Option<&str>,
    spelling: NumberSpelling,
) -> Result<EncryptionContext, Error> {
    let mut pairs: Vec<(&str, Cow<'_, str>)> = vec![
        ("*amzn-ddb-env-alg*", CONTENT_ALGORITHM.into()),
        ("*amzn-ddb-sig-alg*", SIGNING_ALGORITHM.into()),
    ];
    pairs.extend(table.map(|table| ("*aws-kms-table*", table.into())));
    for key in keys {
        let value = item.get(key).ok_or_else(|| Error::MissingKeyAttribute(key.clone()))?;
        pairs.push((key, told(key, value, spelling)?));
    }
    EncryptionContext::of(pairs.iter().map(|(name, value)| (*name, &**value)))
}

fn told<'a, V: AttributeValue>(
    name: &str,
    value: &'a V,
    spelling: NumberSpelling,
) -> Result<Cow<'a, str>, Error> {
    let unsupported = |reason| Error::UnsupportedValue { attribute: name.to_owned(), reason };
    match value.view() {
        View::S(text) => Ok(text.into()),
        View::B(bytes) => Ok(BASE64_STANDARD.encode(bytes).into()),
        View::N(text) if spelling == NumberSpelling::AsWritten => Ok(text.into()),
        View::N(text) => number::plain(text).ok_or(unsupported("it is not a number DynamoDB takes")),
        _ => Err(unsupported("a key is a string, a number or binary")),
    }
}

/// The content key and the HMAC key that follow from a data key.
///
/// # Errors
/// [`Error::Cipher`].
pub fn keys(data_key: &[u8]) -> Result<(ContentKey, Zeroizing<[u8; 32]>), Error> {
    let content = expanded(data_key, b"Encryption")?;
    Ok((ContentKey::new(Zeroizing::new(content.to_vec()))?, expanded(data_key, b"Signing")?))
}

/// What a writer adds to the description.
#[must_use]
pub fn description(blob: &[u8]) -> Description {
    let pairs = [
        (WRAPPED_KEY, BASE64_STANDARD.encode(blob)),
        (KEY_ALGORITHM, CONTENT_ALGORITHM.to_owned()),
        (WRAP_ALGORITHM, "kms".to_owned()),
        (SIGNATURE_ALGORITHM, SIGNING_ALGORITHM.to_owned()),
        ("aws-kms-ec-attr", "*keys*".to_owned()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The wrapped data key that a description holds.
///
/// # Errors
/// [`Error::Unwrap`] where it holds none, or one for other algorithms.
pub fn blob(description: &Description) -> Result<Vec<u8>, Error> {
    let says = |name, due| description.get(name).map(String::as_str) == Some(due);
    if !says(KEY_ALGORITHM, CONTENT_ALGORITHM) || !says(SIGNATURE_ALGORITHM, SIGNING_ALGORITHM) {
        return Err(Error::Unwrap);
    }
    let text = description.get(WRAPPED_KEY).ok_or(Error::Unwrap)?;
    BASE64_STANDARD.decode(text).map_err(|_| Error::Unwrap)
}

struct Len32;

impl KeyType for Len32 {
    fn len(&self) -> usize {
        32
    }
}

pub(crate) fn expanded(data_key: &[u8], purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    let prk = Salt::new(HKDF_SHA256, &[]).extract(data_key);
    let info = [purpose];
    let okm = prk.expand(&info, Len32).map_err(|_| Error::Cipher)?;
    okm.fill(&mut *bytes).map_err(|_| Error::Cipher)?;
    Ok(bytes)
}
