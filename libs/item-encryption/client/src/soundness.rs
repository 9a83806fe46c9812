//! Which expressions mean on the stored item what they mean on the item.
//!
//! DynamoDB evaluates expressions over what is stored. There, an encrypted attribute is another value, of another
//! type, each time it is written: only whether it exists can be asked. A signed attribute can be asked for, but
//! not changed, since its signature covers the whole item. What is refused here says what to do instead.

use std::collections::HashMap;

use item_encryption_format::dbesdk::RESERVED_PREFIX;
use item_encryption_format::{Action, TableConfig, legacy};

use crate::expression::{Mention, Role, UnknownPlaceholder, mentions, projected, update_mentions};

/// What the names of the attributes that hold beacons begin with; they may be searched for.
const BEACON_PREFIX: &str = "aws_dbe_b_";

/// Why an expression is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsound {
    /// A condition on the value of an encrypted attribute.
    #[error(
        "the condition compares {0:?}, which is encrypted: DynamoDB sees another value each time; \
         only whether it exists can be asked. Read the item, decide, and change it with `modify`"
    )]
    EncryptedCondition(String),
    /// A filter or key condition on the value of an encrypted attribute.
    #[error(
        "the search compares {0:?}, which is encrypted: DynamoDB sees another value each time. \
         Search by a signed or unsigned attribute, or by a beacon"
    )]
    EncryptedSearch(String),
    /// An update of a signed attribute.
    #[error(
        "the update changes {0:?}, which is signed: the item's signature would no longer fit. \
         Change it with `modify`, which reads, signs and writes the item again where nobody changed it meanwhile"
    )]
    SignedUpdate(String),
    /// An update that takes a value from an encrypted attribute.
    #[error("the update copies from {0:?}, which is encrypted: it would copy what is stored, not the value")]
    EncryptedOperand(String),
    /// An attribute of which the configuration says nothing.
    #[error(
        "the expression mentions {0:?}, which has no action; give it one, or list it among the unsigned attributes"
    )]
    NoAction(String),
    /// An attribute of the format's own.
    #[error("the attribute {0:?} belongs to the format; an expression may only ask whether it exists")]
    OwnAttribute(String),
    /// A projection that is no list of whole attributes.
    #[error(
        "the projection is no list of whole attributes, each once; the item is fetched whole anyway, so ask for no parts"
    )]
    NoWholeAttributes,
    /// A parameter from before expressions.
    #[error("the parameter {0} is older than expressions and not read here; use an expression")]
    OldParameter(&'static str),
    /// A placeholder without a name.
    #[error(transparent)]
    UnknownPlaceholder(#[from] UnknownPlaceholder),
    /// What a search cannot rewrite, in its words.
    #[error("the search cannot be answered: {0}")]
    Search(String),
}

/// How an attribute stands in stored items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In clear; anybody may change it.
    Unsigned,
    /// Signed in clear.
    Clear,
    /// Encrypted.
    Encrypted,
    /// The configuration does not know it.
    Unknown,
    /// One of the format's own.
    Own,
}

impl Standing {
    /// The standing of an attribute.
    #[must_use]
    pub fn of(attribute: &str, table: &TableConfig) -> Self {
        if table.keys().any(|key| key == attribute) {
            return Self::Clear;
        }
        match table.actions.get(attribute) {
            Some(Action::EncryptAndSign) => Self::Encrypted,
            Some(Action::SignOnly | Action::SignAndIncludeInEncryptionContext) => Self::Clear,
            Some(Action::DoNothing) => Self::Unsigned,
            None if is_own(attribute) => Self::Own,
            None if table.reads_as_signed(attribute) => Self::Unknown,
            None => Self::Unsigned,
        }
    }
}

/// Whether an attribute is one that the formats add to items.
#[must_use]
pub fn is_own(attribute: &str) -> bool {
    attribute.starts_with(RESERVED_PREFIX) || [legacy::DESCRIPTION, legacy::SIGNATURE].contains(&attribute)
}

/// Refuses a condition that is not sound.
///
/// # Errors
/// [`Unsound`].
pub fn check_condition(
    expression: Option<&str>,
    names: &HashMap<String, String>,
    table: &TableConfig,
) -> Result<(), Unsound> {
    check(mentions(expression.unwrap_or_default(), names)?, table, Unsound::EncryptedCondition)
}

/// Refuses a filter or a key condition that is not sound.
///
/// # Errors
/// [`Unsound`].
pub fn check_search(
    expression: Option<&str>,
    names: &HashMap<String, String>,
    table: &TableConfig,
) -> Result<(), Unsound> {
    let searched = mentions(expression.unwrap_or_default(), names)?;
    let beacon = |mention: &Mention| mention.attribute.starts_with(BEACON_PREFIX);
    check(searched.into_iter().filter(|mention| !beacon(mention)), table, Unsound::EncryptedSearch)
}

/// Refuses an update that is not sound.
///
/// # Errors
/// [`Unsound`].
pub fn check_update(
    expression: Option<&str>,
    names: &HashMap<String, String>,
    table: &TableConfig,
) -> Result<(), Unsound> {
    for Mention { attribute, role } in update_mentions(expression.unwrap_or_default(), names)? {
        match (Standing::of(&attribute, table), role) {
            (Standing::Unsigned, _) | (Standing::Clear, Role::Value | Role::Existence) => {}
            (Standing::Clear | Standing::Encrypted, Role::Target) => {
                return Err(Unsound::SignedUpdate(attribute));
            }
            (Standing::Encrypted, _) => return Err(Unsound::EncryptedOperand(attribute)),
            (Standing::Unknown, _) => return Err(Unsound::NoAction(attribute)),
            (Standing::Own, _) => return Err(Unsound::OwnAttribute(attribute)),
        }
    }
    Ok(())
}

/// The attributes that a projection asks for. The item must be fetched whole, or its signature cannot be checked;
/// the projection is applied afterwards.
///
/// # Errors
/// [`Unsound`].
pub fn projection(
    expression: Option<&str>,
    names: &HashMap<String, String>,
) -> Result<Option<Vec<String>>, Unsound> {
    match expression {
        None => Ok(None),
        Some(expression) => projected(expression, names)?.map(Some).ok_or(Unsound::NoWholeAttributes),
    }
}

/// Refuses parameters from before expressions.
///
/// # Errors
/// [`Unsound::OldParameter`] with the first that is given.
pub fn check_old_parameters(given: &[(&'static str, bool)]) -> Result<(), Unsound> {
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(Unsound::OldParameter(name)),
        None => Ok(()),
    }
}

fn check(
    mentions: impl IntoIterator<Item = Mention>,
    table: &TableConfig,
    encrypted: fn(String) -> Unsound,
) -> Result<(), Unsound> {
    for Mention { attribute, role } in mentions {
        match (Standing::of(&attribute, table), role) {
            (Standing::Unsigned | Standing::Clear, _)
            | (Standing::Encrypted | Standing::Own, Role::Existence) => {}
            (Standing::Encrypted, _) => return Err(encrypted(attribute)),
            (Standing::Unknown, _) => return Err(Unsound::NoAction(attribute)),
            (Standing::Own, _) => return Err(Unsound::OwnAttribute(attribute)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use item_encryption_format::{Action, TableConfig};

    use super::{Unsound, check_condition, check_search, check_update, projection};

    fn table() -> TableConfig {
        let mut table = TableConfig::new("Notes", "id", None)
            .action("body", Action::EncryptAndSign)
            .action("link", Action::SignOnly)
            .action("ttl", Action::DoNothing);
        table.unsigned_prefix = Some(":".to_owned());
        table
    }

    fn names() -> HashMap<String, String> {
        [("#v".to_owned(), ":views".to_owned()), ("#h".to_owned(), "aws_dbe_head".to_owned())].into()
    }

    #[test]
    fn conditions_on_what_stands_in_clear_are_sound() {
        for sound in [
            "id = :x",
            "link = :x AND ttl > :t",
            "attribute_exists(body)",
            "#v < :n",
            "attribute_not_exists(#h)",
        ] {
            assert_eq!(check_condition(Some(sound), &names(), &table()), Ok(()), "{sound}");
            assert_eq!(check_search(Some(sound), &names(), &table()), Ok(()), "{sound}");
        }
    }

    #[test]
    fn conditions_on_what_is_encrypted_or_unknown_are_refused_with_the_reason() {
        let refused = |expression| check_condition(Some(expression), &names(), &table()).unwrap_err();
        assert_eq!(refused("size(body) > :n"), Unsound::EncryptedCondition("body".to_owned()));
        assert_eq!(refused("ttl > :n AND body = :b"), Unsound::EncryptedCondition("body".to_owned()));
        assert_eq!(refused("other = :o"), Unsound::NoAction("other".to_owned()));
        assert_eq!(refused("#h = :o"), Unsound::OwnAttribute("aws_dbe_head".to_owned()));
        let searched = check_search(Some("begins_with(body, :b)"), &names(), &table());
        assert_eq!(searched, Err(Unsound::EncryptedSearch("body".to_owned())));
    }

    #[test]
    fn updates_may_change_unsigned_attributes_only() {
        let update = |expression| check_update(Some(expression), &names(), &table());
        assert_eq!(update("SET ttl = :t, #v = if_not_exists(#v, :z) + :one"), Ok(()));
        assert_eq!(update("SET ttl = link"), Ok(()));
        assert_eq!(update("SET ttl = :t REMOVE link"), Err(Unsound::SignedUpdate("link".to_owned())));
        assert_eq!(update("SET body.a = :t"), Err(Unsound::SignedUpdate("body".to_owned())));
        assert_eq!(update("SET ttl = body"), Err(Unsound::EncryptedOperand("body".to_owned())));
        assert_eq!(update("ADD other :one"), Err(Unsound::NoAction("other".to_owned())));
    }

    #[test]
    fn projections_are_taken_apart() {
        assert_eq!(projection(None, &names()), Ok(None));
        assert_eq!(
            projection(Some("body, #v"), &names()),
            Ok(Some(vec!["body".to_owned(), ":views".to_owned()]))
        );
        assert_eq!(projection(Some("body.a"), &names()), Err(Unsound::NoWholeAttributes));
    }
}
