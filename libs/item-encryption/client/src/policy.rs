//! Which items may be read.

use std::collections::HashMap;
use std::fmt;

use item_encryption_format::{dbesdk, legacy};

use crate::legacy::LegacyReader;

/// In which form an item is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// The format of the Database Encryption SDK.
    Current,
    /// The format of the DynamoDB Encryption Client.
    Legacy,
    /// Neither.
    Plaintext,
}

impl Form {
    /// The form of a stored item. One that has any attribute of a format is of that format, even where another is
    /// missing: what lost its header must not pass as plaintext.
    pub fn of<V>(item: &HashMap<String, V>) -> Self {
        let has = |names: [&str; 2]| names.iter().any(|name| item.contains_key(*name));
        if has([dbesdk::HEADER, dbesdk::FOOTER]) {
            Self::Current
        } else if has([legacy::DESCRIPTION, legacy::SIGNATURE]) {
            Self::Legacy
        } else {
            Self::Plaintext
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current => "of the current format",
            Self::Legacy => "of the legacy format",
            Self::Plaintext => "plaintext",
        })
    }
}

/// Which forms are read. The current one always is; the others while a table moves.
#[derive(Clone, Default)]
pub struct ReadPolicy {
    pub(crate) legacy: Option<LegacyReader>,
    pub(crate) plaintext: bool,
}

impl ReadPolicy {
    /// Items of the current format.
    #[must_use]
    pub fn current() -> Self {
        Self::default()
    }

    /// And of the legacy format.
    #[must_use]
    pub fn or_legacy(mut self, reader: LegacyReader) -> Self {
        self.legacy = Some(reader);
        self
    }

    /// And plaintext. Whoever can write to the table can then put items that nobody signed, also in the place of
    /// encrypted ones: take it away again when the table is encrypted.
    #[must_use]
    pub fn or_plaintext(mut self) -> Self {
        self.plaintext = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::Form;

    #[test]
    fn an_item_that_lost_a_part_of_its_format_is_not_plaintext() {
        let form = |names: &[&str]| {
            Form::of(&names.iter().map(|name| ((*name).to_owned(), ())).collect::<HashMap<_, _>>())
        };
        assert_eq!(form(&["id", "aws_dbe_head", "aws_dbe_foot"]), Form::Current);
        assert_eq!(form(&["id", "aws_dbe_foot"]), Form::Current);
        assert_eq!(form(&["id", "*amzn-ddb-map-desc*"]), Form::Legacy);
        assert_eq!(form(&["id"]), Form::Plaintext);
    }
}
