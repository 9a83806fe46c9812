//! Why an item does not encrypt or open.
//!
//! Errors name causes and next steps, never key material. Nothing is decrypted before its signature is
//! verified, and an item fails as a whole, so an error tells nothing of the content.

/// A refused item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key attribute of the table is missing in the item.
    #[error("the key attribute {0:?} is missing; the format binds every item to its primary key")]
    MissingKeyAttribute(String),
    /// An attribute has no action, and neither the list nor the prefix of unsigned attributes allows it.
    #[error(
        "the attribute {0:?} has no action; give it one, or list it (or its prefix) among the unsigned attributes"
    )]
    NoAction(String),
    /// An attribute that must be signed in clear is configured otherwise.
    #[error("the key attribute {0:?} must be signed and not encrypted")]
    KeyAction(String),
    /// The item already holds an attribute of the name that the format needs.
    #[error("the attribute name {0:?} belongs to the format; the item may not use it")]
    ReservedName(String),
    /// A value cannot stand in the format: a number that is none, nesting without end.
    #[error("the value of {attribute:?} cannot be encrypted: {reason}")]
    UnsupportedValue {
        /// The attribute.
        attribute: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The item is not of this format: its header or footer is missing.
    #[error(
        "the item has no {0:?} attribute of type B: it is plaintext, or of another format, or a projection left it out"
    )]
    NotEncrypted(&'static str),
    /// The header or footer is not one.
    #[error("the item's {part} is damaged or of an unknown version: {reason}")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// What was found.
        reason: &'static str,
    },
    /// The signed attributes are not those the item was written with.
    #[error(
        "the item was written with {written} signed attributes and has {found} now under this configuration; \
         an attribute was added or removed, its action moved between signed and unsigned, or a projection left some out"
    )]
    SignedScope {
        /// How many the header lists.
        written: usize,
        /// How many the reader's configuration finds in the item.
        found: usize,
    },
    /// An attribute is stored encrypted where the header says it is in clear, or the other way round.
    #[error("the attribute {0:?} is not stored as the header says")]
    StoredForm(String),
    /// No signature of the footer fits: another table name or key, or a changed item.
    #[error(
        "the item's signature does not fit: it was changed, or written under another table name, key spelling or key"
    )]
    Signature,
    /// The key that was given is not the one the item was encrypted under.
    #[error("the data key does not belong to this item")]
    WrongKey,
    /// A data key could not be unwrapped.
    #[error(
        "the wrapped data key does not open: it was wrapped by another key, or for another table name or primary key, or was changed"
    )]
    Unwrap,
    /// The cipher library refused.
    #[error("the cipher library failed")]
    Cipher,
}
