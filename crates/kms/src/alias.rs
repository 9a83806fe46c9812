//! Aliases: names for keys that their owner chooses.

use serde::{Deserialize, Serialize};
use service::{ApiError, Fields};

use crate::error::KmsError;
use crate::key_id::{ALIAS_PREFIX, Home, KeyId};
use crate::time::Seconds;

/// How many aliases one key may have.
pub const MAX_PER_KEY: usize = 50;

const RESERVED_PREFIX: &str = "alias/aws/";
const PATTERN: &str = "^[a-zA-Z0-9:/_-]+$";

/// An alias as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// With its prefix `alias/`.
    pub name: String,
    /// The key it names.
    pub target: KeyId,
    /// When it was made, in milliseconds since the epoch.
    pub created_ms: u64,
    /// When it was last pointed at a key, in milliseconds since the epoch.
    pub updated_ms: u64,
}

/// Reads the member `AliasName` of an operation that changes aliases.
pub fn name_member(fields: &mut Fields<'_>) -> String {
    fields.string("AliasName").length(1..=256).pattern(PATTERN, is_alias_text).required().into_owned()
}

/// Whether a user may make, change or delete an alias of this name.
///
/// # Errors
/// AWS's refusals of names without prefix, with a colon, without a rest, and of those it keeps for itself.
pub fn check_name(name: &str) -> Result<(), ApiError> {
    let refused = |error: KmsError| Err(error.into());
    match name.strip_prefix(ALIAS_PREFIX) {
        None => refused(KmsError::Validation(
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
                .into(),
        )),
        Some("") => refused(KmsError::InvalidAliasName(format!("{name} is not a valid alias name"))),
        Some(_) if name.starts_with(RESERVED_PREFIX) => refused(KmsError::NotAuthorized),
        Some(rest) if rest.contains(':') => {
            refused(KmsError::Validation(format!("{name} contains invalid characters for an alias")))
        }
        Some(_) => Ok(()),
    }
}

/// `AliasListEntry` of the API.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasEntry {
    alias_name: String,
    alias_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation_date: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated_date: Option<Seconds>,
}

impl AliasEntry {
    /// Of an alias that names a key.
    #[must_use]
    pub fn of(alias: &Alias, home: &Home) -> Self {
        Self {
            target_key_id: Some(alias.target.to_string()),
            creation_date: Some(Seconds::of_ms(alias.created_ms)),
            last_updated_date: Some(Seconds::of_ms(alias.updated_ms)),
            ..Self::predefined(&alias.name, home)
        }
    }

    /// Of one that AWS keeps for a key that was not needed yet.
    #[must_use]
    pub fn predefined(name: &str, home: &Home) -> Self {
        Self {
            alias_name: name.to_owned(),
            alias_arn: home.alias_arn(name),
            target_key_id: None,
            creation_date: None,
            last_updated_date: None,
        }
    }
}

fn is_alias_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_are_refused_as_aws_refuses_them() {
        let code = |name| check_name(name).err().map(|error| error.code.into_owned());
        assert_eq!(code("alias/app/orders"), None);
        assert_eq!(code("app"), Some("ValidationException".into()));
        assert_eq!(code("alias/"), Some("InvalidAliasNameException".into()));
        assert_eq!(code("alias/a:b"), Some("ValidationException".into()));
        assert_eq!(code("alias/aws/dynamodb"), Some("NotAuthorizedException".into()));
    }
}
