//! The footer, `aws_dbe_foot`: an authentication code for each recipient, and a signature where the suite has one.

use super::materials::{DataKey, EncryptionMaterials};
use crate::Error;
use crate::action::Suite;
use crate::ecdsa::{self, SIGNATURE_LEN};
use crate::primitive::{Hmac, equal};

const TAG_LEN: usize = 48;

/// The footer of a record.
pub fn sign(materials: &EncryptionMaterials, digest: &[u8]) -> Result<Vec<u8>, Error> {
    let signature_len = if materials.signing_key.is_some() { SIGNATURE_LEN } else { 0 };
    let mut footer = Vec::with_capacity(materials.recipients.len() * TAG_LEN + signature_len);
    for recipient in &materials.recipients {
        footer.extend_from_slice(Hmac::sha384(&*recipient.mac_key).sign(digest).as_ref());
    }
    if let Some(key) = &materials.signing_key {
        footer.extend_from_slice(&key.sign(digest)?);
    }
    Ok(footer)
}

/// Checks a footer for the recipient whose key was opened; `public_key` is the context's, decoded.
pub fn verify(
    footer: &[u8],
    recipients: usize,
    suite: Suite,
    key: &DataKey,
    public_key: Option<&[u8]>,
    digest: &[u8],
) -> Result<(), Error> {
    let (tags, signature) = footer.split_at_checked(recipients * TAG_LEN).ok_or(CUT)?;
    let tag = tags.get(key.recipient * TAG_LEN..(key.recipient + 1) * TAG_LEN).ok_or(CUT)?;
    if !equal(tag, Hmac::sha384(&*key.mac_key).sign(digest).as_ref()) {
        return Err(Error::Signature);
    }
    match (suite, public_key) {
        (Suite::NoEcdsa, None) if signature.is_empty() => Ok(()),
        (Suite::Ecdsa, Some(public_key)) if signature.len() == SIGNATURE_LEN => {
            ecdsa::verify(public_key, digest, signature)
        }
        _ => Err(CUT),
    }
}

const CUT: Error = Error::Malformed { part: "footer", reason: "its length does not fit the header" };
