//! Which branch key an item is written under, and must be read with.

use std::collections::BTreeMap;

use item_encryption_format::dbesdk::EncryptionContext;
use item_encryption_format::dbesdk::context::attribute_text;

use crate::KeyringError;

/// Names the branch key of an item by its encryption context.
pub trait BranchKeyIds: Send + Sync {
    /// The branch key's id.
    ///
    /// # Errors
    /// Where the context names none.
    fn of(&self, context: &EncryptionContext) -> Result<String, KeyringError>;
}

/// The same branch key for every item.
pub struct OneBranchKey(pub String);

impl BranchKeyIds for OneBranchKey {
    fn of(&self, _: &EncryptionContext) -> Result<String, KeyringError> {
        Ok(self.0.clone())
    }
}

/// The branch key that an attribute's value names: a key attribute, or one that is signed and included in the
/// encryption context; a string or a number.
pub struct ByAttribute {
    /// The attribute.
    pub attribute: String,
    /// The branch key of each value.
    pub ids: BTreeMap<String, String>,
    /// For values that are not among them: the branch key is this and the value. Without it they are refused.
    pub prefix: Option<String>,
}

impl BranchKeyIds for ByAttribute {
    fn of(&self, context: &EncryptionContext) -> Result<String, KeyringError> {
        let name = &self.attribute;
        let value = attribute_text(context, name).ok_or_else(|| {
            KeyringError::NoBranchKey(format!(
                "the attribute {name:?} is no string or number of the item's encryption context; \
                 make it a key, or give it SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT"
            ))
        })?;
        match (self.ids.get(&value), &self.prefix) {
            (Some(id), _) => Ok(id.clone()),
            (None, Some(prefix)) => Ok(format!("{prefix}{value}")),
            (None, None) => Err(KeyringError::NoBranchKey(format!(
                "no branch key is named for this value of the attribute {name:?}; add it to the ids"
            ))),
        }
    }
}
