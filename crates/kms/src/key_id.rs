//! How requests name keys: key id, key ARN, alias name, alias ARN; and where keys live.

use std::fmt;

use env::Random;
use env::random::random_bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::KmsError;

/// The account in which AWS owned keys live: AWS itself, which no user's 12 digits can name.
pub const SERVICE_ACCOUNT_ID: &str = "aws";
/// What every alias begins with.
pub const ALIAS_PREFIX: &str = "alias/";

const MULTI_REGION_PREFIX: &str = "mrk-";

/// The id of a key: a random UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyId(Uuid);

impl KeyId {
    /// A fresh id.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        Self(uuid::Builder::from_random_bytes(random_bytes(random)).into_uuid())
    }

    /// The id with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id that is written so; `None` for every other text, also in another spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id = Uuid::try_parse(text).ok()?;
        let written = &*id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
        written.then_some(Self(id))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// What a request may name a key by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forms {
    /// Key id or key ARN.
    KeyOnly,
    /// Also an alias or its ARN.
    KeyOrAlias,
}

/// A name of a key that is well formed and belongs to this Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference<'a> {
    /// A key of the account.
    Key(&'a str),
    /// An alias of the account, with its prefix.
    Alias(&'a str),
    /// A key of the service's own account.
    ServiceOwned(&'a str),
    /// Something of another account.
    Foreign,
}

/// The Region and account in which keys live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Such as `us-east-1`.
    pub region: String,
    /// 12 digits.
    pub account_id: String,
}

impl Home {
    /// The ARN of a key of the account.
    #[must_use]
    pub fn key_arn(&self, key_id: impl fmt::Display) -> String {
        self.arn(&self.account_id, format_args!("key/{key_id}"))
    }

    /// The ARN of an AWS owned key.
    #[must_use]
    pub fn service_owned_arn(&self, key_id: impl fmt::Display) -> String {
        self.arn(SERVICE_ACCOUNT_ID, format_args!("key/{key_id}"))
    }

    /// The ARN of an alias, given with its prefix.
    #[must_use]
    pub fn alias_arn(&self, alias: &str) -> String {
        self.arn(&self.account_id, format_args!("{alias}"))
    }

    /// Reads the name of a key.
    ///
    /// # Errors
    /// [`KmsError::NotFound`] for a malformed id and another Region, [`KmsError::InvalidArn`].
    pub fn parse<'a>(&self, text: &'a str, forms: Forms) -> Result<Reference<'a>, KmsError> {
        match (text.strip_prefix("arn:"), forms) {
            (Some(rest), _) => self.parse_arn(text, rest, forms),
            (None, Forms::KeyOrAlias) if text.starts_with(ALIAS_PREFIX) => Ok(Reference::Alias(text)),
            (None, _) => well_formed(text).map(Reference::Key),
        }
    }

    fn parse_arn<'a>(&self, text: &'a str, rest: &'a str, forms: Forms) -> Result<Reference<'a>, KmsError> {
        let invalid = || KmsError::InvalidArn(format!("ARN '{text}' is not valid for a KMS key."));
        let parts: Vec<&str> = rest.splitn(5, ':').collect();
        let ["aws", "kms", region, account, resource] = parts[..] else { return Err(invalid()) };
        if region != self.region {
            return Err(KmsError::NotFound(format!("Invalid arn {region}")));
        }
        let is_alias = forms == Forms::KeyOrAlias && resource.starts_with(ALIAS_PREFIX);
        let key_id = resource.strip_prefix("key/");
        match (account, key_id) {
            (account, Some(id)) if account == self.account_id => well_formed(id).map(Reference::Key),
            (account, None) if account == self.account_id && is_alias => Ok(Reference::Alias(resource)),
            (SERVICE_ACCOUNT_ID, Some(id)) => well_formed(id).map(Reference::ServiceOwned),
            (_, None) if !is_alias => Err(invalid()),
            _ => Ok(Reference::Foreign),
        }
    }

    fn arn(&self, account: &str, resource: fmt::Arguments<'_>) -> String {
        format!("arn:aws:kms:{}:{account}:{resource}", self.region)
    }
}

/// A UUID or a multi-Region id (`mrk-` and 32 digits); whether there is such a key is another matter.
fn well_formed(id: &str) -> Result<&str, KmsError> {
    let is_multi_region = id
        .strip_prefix(MULTI_REGION_PREFIX)
        .is_some_and(|digits| digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let is_uuid = id.len() == 36 && Uuid::try_parse(id).is_ok();
    match is_uuid || is_multi_region {
        true => Ok(id),
        false => Err(KmsError::NotFound(format!("Invalid keyId '{id}'"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Forms, Home, KeyId, Reference};
    use env::SeededRandom;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn home() -> Home {
        Home { region: "us-east-1".into(), account_id: "000000000000".into() }
    }

    fn parsed(text: &str) -> Result<Reference<'_>, String> {
        home().parse(text, Forms::KeyOrAlias).map_err(|error| error.to_string())
    }

    #[test]
    fn all_four_forms_are_read() {
        assert_eq!(parsed(ID), Ok(Reference::Key(ID)));
        assert_eq!(parsed("alias/a:b"), Ok(Reference::Alias("alias/a:b")));
        let arn = home().key_arn(ID);
        assert_eq!(parsed(&arn), Ok(Reference::Key(ID)));
        let arn = home().alias_arn("alias/x/y");
        assert_eq!(parsed(&arn), Ok(Reference::Alias("alias/x/y")));
        let arn = home().service_owned_arn(ID);
        assert_eq!(parsed(&arn), Ok(Reference::ServiceOwned(ID)));
    }

    #[test]
    fn what_is_no_key_is_told_in_the_words_of_kms() {
        let told = |text: &str| parsed(text).unwrap_err();
        assert_eq!(told("foo"), "Invalid keyId 'foo'");
        assert_eq!(told("mrk-12"), "Invalid keyId 'mrk-12'");
        assert_eq!(
            told("1234abcd12ab34cd56ef1234567890ab"),
            "Invalid keyId '1234abcd12ab34cd56ef1234567890ab'"
        );
        assert_eq!(told(&format!("arn:aws:kms:us-west-2:000000000000:key/{ID}")), "Invalid arn us-west-2");
        assert!(told("arn:aws:s3:::bucket").contains("is not valid"));
        assert!(told("arn:").contains("is not valid"));
        assert!(told("arn:aws:kms:us-east-1:000000000000:grant/x").contains("is not valid"));
    }

    #[test]
    fn another_account_is_recognised() {
        let arn = format!("arn:aws:kms:us-east-1:111111111111:key/{ID}");
        assert_eq!(parsed(&arn), Ok(Reference::Foreign));
        assert_eq!(parsed("arn:aws:kms:us-east-1:111111111111:alias/x"), Ok(Reference::Foreign));
    }

    #[test]
    fn an_alias_is_no_key_where_only_keys_are_taken() {
        let told = home().parse("alias/x", Forms::KeyOnly).unwrap_err().to_string();
        assert_eq!(told, "Invalid keyId 'alias/x'");
    }

    #[test]
    fn an_id_is_written_in_one_way_only() {
        let id = KeyId::generate(&SeededRandom::new(1));
        assert_eq!(KeyId::parse(&id.to_string()), Some(id));
        assert_eq!(KeyId::parse(&id.to_string().to_uppercase()), None);
        assert_eq!(KeyId::parse(&id.to_string().replace('-', "")), None);
    }
}
