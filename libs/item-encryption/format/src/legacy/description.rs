//! The material description: texts by name, stored beside the item and signed by nobody. No family of
//! algorithms may ever be chosen from it.

use std::collections::BTreeMap;

use crate::Error;

/// Texts by name.
pub type Description = BTreeMap<String, String>;

/// How content is encrypted.
pub const SYMMETRIC_MODE: &str = "amzn-ddb-map-sym-mode";
/// The only mode there is.
pub const CBC: &str = "/CBC/PKCS5Padding";
/// The algorithm of an RSA signature.
pub const SIGNING_ALGORITHM: &str = "amzn-ddb-map-signingAlg";
/// The wrapped content key, in base64.
pub const WRAPPED_KEY: &str = "amzn-ddb-env-key";
/// The content key's algorithm.
pub const KEY_ALGORITHM: &str = "amzn-ddb-env-alg";
/// How the content key is wrapped.
pub const WRAP_ALGORITHM: &str = "amzn-ddb-wrap-alg";

const VERSION: [u8; 4] = [0; 4];

/// Reads a description; names may stand in any order.
pub fn parse(bytes: &[u8]) -> Result<Description, Error> {
    let mut rest = bytes.strip_prefix(&VERSION).ok_or(malformed("its version is unknown"))?;
    let mut description = Description::new();
    while !rest.is_empty() {
        let (name, value) = (text(&mut rest)?, text(&mut rest)?);
        if description.insert(name, value).is_some() {
            return Err(malformed("a name stands twice"));
        }
    }
    Ok(description)
}

/// The bytes of a description, names sorted.
#[must_use]
pub fn serialized(description: &Description) -> Vec<u8> {
    let mut out = VERSION.to_vec();
    for text in description.iter().flat_map(|(name, value)| [name, value]) {
        out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}

fn text(rest: &mut &[u8]) -> Result<String, Error> {
    let (len, tail) = rest.split_first_chunk::<4>().ok_or(malformed("it is cut short"))?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| malformed("it is cut short"))?;
    let (head, tail) = tail.split_at_checked(len).ok_or(malformed("it is cut short"))?;
    *rest = tail;
    Ok(std::str::from_utf8(head).map_err(|_| malformed("a text is not UTF-8"))?.to_owned())
}

fn malformed(reason: &'static str) -> Error {
    Error::Malformed { part: "material description", reason }
}
