//! What a condition is. Its text, as [`Display`](std::fmt::Display) gives it, parses to the same condition.

use std::fmt::{self, Formatter, Result, Write as _};

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All of them; at least two.
    And(Vec<Self>),
    /// Any of them; at least two.
    Or(Vec<Self>),
    /// Not this one.
    Not(Box<Self>),
    /// Two operands compared.
    Compare(Operand, Comparator, Operand),
    /// `value BETWEEN low AND high`
    Between(Operand, Operand, Operand),
    /// `value IN (candidates)`
    In(Operand, Vec<Operand>),
    /// `attribute_exists(path)`
    Exists(Path),
    /// `attribute_not_exists(path)`
    NotExists(Path),
    /// A function of two operands.
    Call(Function, Operand, Operand),
}

/// What stands in a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// An attribute, or what is in it.
    Path(Path),
    /// `:value`
    Value(String),
    /// `size(path)`
    Size(Path),
}

/// An attribute or what is in it, as written: names may be placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The attribute.
    pub root: String,
    /// The way from there.
    pub steps: Vec<Step>,
}

/// A step into a map or list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `.name`
    Key(String),
    /// `[index]`
    Index(usize),
}

/// `=` and its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Functions of two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `attribute_type`
    HasType,
    /// `begins_with`
    BeginsWith,
    /// `contains`
    Contains,
}

impl Comparator {
    /// As written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Function {
    /// As written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HasType => "attribute_type",
            Self::BeginsWith => "begins_with",
            Self::Contains => "contains",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::And(parts) => joined(f, parts, " AND ", |part| matches!(part, Self::Or(_) | Self::And(_))),
            Self::Or(parts) => joined(f, parts, " OR ", |part| matches!(part, Self::Or(_))),
            Self::Not(inner) if matches!(**inner, Self::And(_) | Self::Or(_)) => write!(f, "NOT ({inner})"),
            Self::Not(inner) => write!(f, "NOT {inner}"),
            Self::Compare(left, comparator, right) => write!(f, "{left} {} {right}", comparator.name()),
            Self::Between(value, low, high) => write!(f, "{value} BETWEEN {low} AND {high}"),
            Self::In(value, candidates) => {
                write!(f, "{value} IN (")?;
                for (at, candidate) in candidates.iter().enumerate() {
                    write!(f, "{}{candidate}", if at == 0 { "" } else { ", " })?;
                }
                f.write_char(')')
            }
            Self::Exists(path) => write!(f, "attribute_exists({path})"),
            Self::NotExists(path) => write!(f, "attribute_not_exists({path})"),
            Self::Call(function, one, other) => write!(f, "{}({one}, {other})", function.name()),
        }
    }
}

fn joined(
    f: &mut Formatter<'_>,
    parts: &[Condition],
    with: &str,
    is_grouped: impl Fn(&Condition) -> bool,
) -> Result {
    for (at, part) in parts.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { with })?;
        if is_grouped(part) { write!(f, "({part})")? } else { write!(f, "{part}")? }
    }
    Ok(())
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Value(placeholder) => f.write_str(placeholder),
            Self::Size(path) => write!(f, "size({path})"),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(&self.root)?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Key(name) => write!(f, ".{name}"),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}
