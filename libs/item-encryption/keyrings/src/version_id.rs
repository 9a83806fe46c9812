//! The names of branch keys' versions: random UUIDs.

use std::fmt;

use crate::KeyringError;

/// A UUID's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VersionId(pub [u8; 16]);

impl VersionId {
    /// A random one (version 4).
    ///
    /// # Errors
    /// [`KeyringError::Format`] where there is no randomness.
    pub fn random() -> Result<Self, KeyringError> {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| item_encryption_format::Error::Cipher)?;
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Ok(Self(bytes))
    }

    /// Reads 32 hexadecimal digits, with hyphens or without.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|letter| *letter != '-').collect();
        let hexadecimal = digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
        let number = hexadecimal.then(|| u128::from_str_radix(&digits, 16).ok())?;
        number.map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", u128::from_be_bytes(self.0));
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or_default());
        f.write_str(&parts.join("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::VersionId;

    #[test]
    fn names_come_back_and_are_random_uuids() {
        let one = VersionId::random().unwrap();
        assert_eq!(VersionId::parse(&one.to_string()), Some(one));
        assert_eq!((one.0[6] >> 4, one.0[8] >> 6), (4, 2));
        assert_ne!(one, VersionId::random().unwrap());
        assert_eq!(VersionId::parse("+9ce18a3-edb5-4272-9f86-1cacb7997ff6"), None);
    }
}
