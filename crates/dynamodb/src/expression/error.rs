//! What is wrong with an expression, in AWS's words.

use std::fmt;

use crate::value::ValueError;

/// Which parameter an expression comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpressionKind {
    /// `ConditionExpression`
    Condition,
    /// `FilterExpression`
    Filter,
    /// `KeyConditionExpression`
    KeyCondition,
    /// `UpdateExpression`
    Update,
    /// `ProjectionExpression`
    Projection,
}

impl ExpressionKind {
    /// The parameter's name.
    #[must_use]
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Condition => "ConditionExpression",
            Self::Filter => "FilterExpression",
            Self::KeyCondition => "KeyConditionExpression",
            Self::Update => "UpdateExpression",
            Self::Projection => "ProjectionExpression",
        }
    }

    /// How functions of this kind are spoken of: filters and key conditions are conditions.
    const fn with_article(self) -> &'static str {
        match self {
            Self::Update => "an update",
            Self::Projection => "a projection",
            Self::Condition | Self::Filter | Self::KeyCondition => "a condition",
        }
    }
}

impl fmt::Display for ExpressionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.parameter())
    }
}

/// Why an expression, or a legacy parameter, is refused. The text is AWS's; the exception is
/// `ValidationException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// One expression is wrong in itself.
    #[error("Invalid {0}: {1}")]
    Invalid(ExpressionKind, Box<Problem>),
    /// A name or value that no expression uses.
    #[error("Value provided in {parameter} unused in expressions: keys: {{{keys}}}")]
    Unused {
        /// `ExpressionAttributeNames` or `ExpressionAttributeValues`.
        parameter: &'static str,
        /// The placeholders, with commas between.
        keys: String,
    },
    /// A placeholder that could stand in no expression.
    #[error("{parameter} contains invalid key: Syntax error; key: \"{key}\"")]
    PlaceholderSyntax {
        /// `ExpressionAttributeNames` or `ExpressionAttributeValues`.
        parameter: &'static str,
        /// The placeholder.
        key: String,
    },
    /// A placeholder longer than 255 bytes.
    #[error(
        "{parameter} contains invalid key: The expression attribute map contains a key that is too long; key \
         length: {length}"
    )]
    PlaceholderTooLong {
        /// `ExpressionAttributeNames` or `ExpressionAttributeValues`.
        parameter: &'static str,
        /// In bytes.
        length: usize,
    },
    /// A value of `ExpressionAttributeValues` is wrong in itself.
    #[error("ExpressionAttributeValues contains invalid value: {error} for key {key}")]
    PlaceholderValue {
        /// The placeholder.
        key: String,
        /// What is wrong.
        error: ValueError,
    },
    /// A name of `ExpressionAttributeNames` is empty.
    #[error("ExpressionAttributeNames contains invalid value: Empty attribute name for key {0}")]
    EmptyPlaceholderName(String),
    /// A name of `ExpressionAttributeNames` is too long.
    #[error(
        "ExpressionAttributeNames contains invalid value: Attribute name is too large, must be less than 65536 bytes \
         for key {0}"
    )]
    LongPlaceholderName(String),
    /// `{}` where names or values should be.
    #[error("{0} must not be empty")]
    NoPlaceholders(&'static str),
    /// A number that came out of an update, and the like.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Anything else AWS says about a condition on keys, an update or a legacy parameter.
    #[error("{0}")]
    Refused(String),
    /// An operand of an update is not there.
    #[error("The provided expression refers to an attribute that does not exist in the item")]
    OperandMissing,
    /// An operand of an update is of a type that the operation does not take.
    #[error("An operand in the update expression has an incorrect data type")]
    OperandType,
    /// The same, of `AttributeUpdates`.
    #[error("Type mismatch for attribute to update")]
    LegacyOperandType,
    /// The way to what an update changes is not there.
    #[error("The document path provided in the update expression is invalid for update")]
    PathMissing,
    /// An expression names a part of an attribute of the primary key.
    #[error(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: {0}"
    )]
    KeyHasNoParts(String),
    /// An update would change the primary key.
    #[error(
        "One or more parameter values were invalid: Cannot update attribute {0}. This attribute is part of the key"
    )]
    KeyUpdate(String),
}

/// What is wrong with one expression. Texts follow `Invalid …Expression: `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nothing at all.
    #[error("The expression can not be empty;")]
    Empty,
    /// More than 4096 bytes.
    #[error("Expression size has exceeded the maximum allowed size; expression size: {0}")]
    TooLong(usize),
    /// More than 300 operators and functions.
    #[error("The expression contains too many operators; operator count: {0}")]
    TooManyOperators(usize),
    /// Parentheses and functions in each other, too many of them.
    #[error("The expression is nested too deeply; nesting level: {0}")]
    NestedTooDeeply(usize),
    /// A token that cannot stand there.
    #[error("Syntax error; token: \"{token}\", near: \"{near}\"")]
    Syntax {
        /// The token, or `<EOF>`.
        token: String,
        /// The text around it.
        near: String,
    },
    /// A reserved word as an attribute's name.
    #[error("Attribute name is a reserved keyword; reserved keyword: {0}")]
    Reserved(String),
    /// `((a = b))`
    #[error("The expression has redundant parentheses;")]
    RedundantParentheses,
    /// `#name` is not in `ExpressionAttributeNames`.
    #[error("An expression attribute name used in the document path is not defined; attribute name: {0}")]
    NameNotDefined(String),
    /// `:value` is not in `ExpressionAttributeValues`.
    #[error("An expression attribute value used in expression is not defined; attribute value: {0}")]
    ValueNotDefined(String),
    /// An index beyond all lists.
    #[error("List index is not within the allowable range; index: [{0}]")]
    IndexOutOfRange(String),
    /// A path of more than 32 elements, the attribute among them.
    #[error("The document path has too many nesting levels; nesting levels: {0}")]
    PathTooDeep(usize),
    /// There is no such function.
    #[error("Invalid function name; function: {0}")]
    UnknownFunction(String),
    /// There is, but not in this kind of expression.
    #[error("The function is not allowed in {} expression; function: {function}", .kind.with_article())]
    FunctionNotAllowed {
        /// The expression's kind.
        kind: ExpressionKind,
        /// The function.
        function: &'static str,
    },
    /// A condition where a value must stand, or the reverse.
    #[error("The function is not allowed to be used this way in an expression; function: {0}")]
    FunctionMisused(&'static str),
    /// A function takes another number of operands.
    #[error(
        "Incorrect number of operands for operator or function; operator or function: {function}, number of \
         operands: {count}"
    )]
    OperandCount {
        /// The function.
        function: &'static str,
        /// How many were given.
        count: usize,
    },
    /// An operand must be a path.
    #[error("Operator or function requires a document path; operator or function: {0}")]
    PathRequired(&'static str),
    /// An operand is of a type that the operator does not take.
    #[error(
        "Incorrect operand type for operator or function; operator or function: {operator}, operand type: \
         {operand}"
    )]
    OperandType {
        /// The operator or function.
        operator: &'static str,
        /// The operand's type.
        operand: &'static str,
    },
    /// The same, of ADD and DELETE.
    #[error(
        "Incorrect operand type for operator or function; operator: {operator}, operand type: {operand}, \
         typeSet: ALLOWED_FOR_{operator}_OPERAND"
    )]
    UpdateOperandType {
        /// `ADD` or `DELETE`.
        operator: &'static str,
        /// The operand's type, in words.
        operand: &'static str,
    },
    /// `a = a`
    #[error(
        "The first operand must be distinct from the remaining operands for this operator or function; \
         operator: {operator}, first operand: {path}"
    )]
    NotDistinct {
        /// The operator or function.
        operator: &'static str,
        /// The path.
        path: String,
    },
    /// What `attribute_type` asks for is no type.
    #[error("Invalid attribute type name found; type: {0}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}")]
    UnknownType(String),
    /// `BETWEEN` from more to less.
    #[error(
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound \
         operand: AttributeValue: {lower}, upper bound operand: AttributeValue: {upper}"
    )]
    BoundsReversed {
        /// As `{S:a}`.
        lower: String,
        /// As `{S:a}`.
        upper: String,
    },
    /// `BETWEEN` values of two types.
    #[error(
        "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: \
         AttributeValue: {lower}, upper bound operand: AttributeValue: {upper}"
    )]
    BoundsOfTwoTypes {
        /// As `{S:a}`.
        lower: String,
        /// As `{S:a}`.
        upper: String,
    },
    /// `IN` more than 100.
    #[error("The IN operator is provided with too many operands; number of operands: {0}")]
    TooManyInOperands(usize),
    /// `SET` twice, and the like.
    #[error("The \"{0}\" section can only be used once in an update expression;")]
    SectionTwice(&'static str),
    /// Two paths of which one leads through the other.
    #[error(
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: {0}, \
         path two: {1}"
    )]
    PathsOverlap(String, String),
    /// Two paths that see a map and a list in one place.
    #[error(
        "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: {0}, \
         path two: {1}"
    )]
    PathsConflict(String, String),
}
