//! Why a configuration, an item or a query is refused.

/// A configuration that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {kind} {name:?}: {reason}")]
pub struct ConfigError {
    /// What kind of thing.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// An item that has no beacons.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ItemError {
    /// By the format.
    #[error(transparent)]
    Format(#[from] item_encryption_format::Error),
    /// A value that a beacon is made of cannot be part of one.
    #[error("the beacon {beacon:?} cannot be made: {reason}")]
    Value {
        /// The beacon, or virtual field.
        beacon: String,
        /// What is wrong with the value.
        reason: &'static str,
    },
    /// The item brings a signed compound beacon that is not what its parts give.
    #[error(
        "the attribute {0:?} is a signed beacon, and has another value than its parts give; leave it out"
    )]
    Differs(String),
    /// Each tenant has a beacon key, and the item does not say whose it is.
    #[error("the attribute {0:?} says whose beacon key is used; it must be a string in every item")]
    NoKeyField(String),
}

/// A query that cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// An expression that is none.
    #[error("the expression does not parse at byte {at}: {reason}")]
    Syntax {
        /// Where.
        at: usize,
        /// What was found.
        reason: &'static str,
    },
    /// A placeholder that nobody defined.
    #[error("the placeholder {0:?} is used and not defined")]
    Undefined(String),
    /// What came out is longer than DynamoDB takes.
    #[error("the rewritten expression has {0} bytes, of which DynamoDB takes 4096; ask for less at once")]
    TooLong(usize),
    /// An operation that does not work on what is stored of an attribute.
    #[error("{operation} cannot be asked of {attribute:?}: {reason}")]
    Unsound {
        /// The attribute or beacon.
        attribute: String,
        /// What was asked.
        operation: &'static str,
        /// Why not, and what to do instead.
        reason: String,
    },
    /// A value that no beacon can be made of.
    #[error(transparent)]
    Value(#[from] ItemError),
    /// Each tenant has a beacon key, and the query does not say whose to use.
    #[error(
        "the query must ask for one value of {0:?}, which says whose beacon key is used: `{0} = :value AND ...`"
    )]
    NoKeyField(String),
}
