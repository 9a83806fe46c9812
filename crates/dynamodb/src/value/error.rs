//! What is wrong with a value.

/// A value that DynamoDB does not take. The text is AWS's; the exception is `ValidationException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// `N` is not a number.
    #[error("The parameter cannot be converted to a numeric value: {0}")]
    NotNumeric(String),
    /// `N` is the empty string.
    #[error("The parameter cannot be converted to a numeric value")]
    EmptyNumber,
    /// A number beyond ±9.99…E+125.
    #[error("Number overflow. Attempting to store a number with magnitude larger than supported range")]
    NumberOverflow,
    /// A number nearer to zero than 1E-130.
    #[error("Number underflow. Attempting to store a number with magnitude smaller than supported range")]
    NumberUnderflow,
    /// A number that 38 digits cannot tell exactly.
    #[error("Attempting to store more than 38 significant digits in a Number")]
    NumberTooPrecise,
    /// `{}`
    #[error("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")]
    NoType,
    /// `{"S": …, "N": …}`
    #[error(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported \
         datatypes"
    )]
    SeveralTypes,
    /// `{"NULL": false}`
    #[error(
        "One or more parameter values were invalid: Null attribute value types must have the value of true"
    )]
    NullNotTrue,
    /// A set without members; the word for its type is AWS's (`string`, `number`).
    #[error("One or more parameter values were invalid: An {0} set  may not be empty")]
    EmptySet(&'static str),
    /// `BS` without members.
    #[error("One or more parameter values were invalid: Binary sets should not be empty")]
    EmptyBinarySet,
    /// A member of a set of strings stands twice; the whole list is told.
    #[error("One or more parameter values were invalid: Input collection {0} contains duplicates.")]
    DuplicateStrings(String),
    /// A member of a set of numbers stands twice.
    #[error("Input collection contains duplicates")]
    DuplicateNumbers,
    /// A member of a set of byte strings stands twice; the whole list is told, in base64.
    #[error("One or more parameter values were invalid: Input collection {0}of type BS contains duplicates.")]
    DuplicateBinaries(String),
    /// An attribute without a name.
    #[error("One or more parameter values were invalid: Empty attribute name")]
    EmptyName,
    /// An attribute's name, or one in a map, longer than 65535 bytes.
    #[error(
        "One or more parameter values were invalid: Attribute name is too large, must be less than 65536 bytes"
    )]
    NameTooLong,
    /// Lists and maps in lists and maps, 32 levels deep and more.
    #[error(
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond \
         supported limit"
    )]
    NestedTooDeeply,
    /// A partition key longer than 2048 bytes.
    #[error(
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 \
         bytes"
    )]
    PartitionKeyTooLong,
    /// A sort key longer than 1024 bytes.
    #[error(
        "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size \
         limit of 1024 bytes"
    )]
    SortKeyTooLong,
    /// A key attribute without a byte in it: the kind (`string`, `binary`) and the attribute's name.
    #[error(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an \
         empty {kind} value. Key: {name}"
    )]
    EmptyKey {
        /// `string` or `binary`.
        kind: &'static str,
        /// The attribute.
        name: String,
    },
}
