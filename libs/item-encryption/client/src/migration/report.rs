//! What a sweep has done.

/// Counts of items. Every scanned item is in exactly one of the others but `conflicts`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Seen.
    pub scanned: u64,
    /// Written, or in a dry run: would be.
    pub written: u64,
    /// As they should be.
    pub done: u64,
    /// Of the current format, and left alone.
    pub left_current: u64,
    /// Of the legacy format, and left alone.
    pub left_legacy: u64,
    /// Plaintext, and left alone.
    pub left_plaintext: u64,
    /// Refused, each with its reason in an event.
    pub refused: u64,
    /// Deleted by others meanwhile.
    pub gone: u64,
    /// How often an item had to be read again because somebody changed it first.
    pub conflicts: u64,
}

impl std::iter::Sum for Report {
    fn sum<I: Iterator<Item = Self>>(reports: I) -> Self {
        reports.fold(Self::default(), |one, other| Self {
            scanned: one.scanned + other.scanned,
            written: one.written + other.written,
            done: one.done + other.done,
            left_current: one.left_current + other.left_current,
            left_legacy: one.left_legacy + other.left_legacy,
            left_plaintext: one.left_plaintext + other.left_plaintext,
            refused: one.refused + other.refused,
            gone: one.gone + other.gone,
            conflicts: one.conflicts + other.conflicts,
        })
    }
}

impl Report {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        use crate::policy::Form;
        self.scanned += 1;
        let counter = match outcome {
            Outcome::Written => &mut self.written,
            Outcome::Done => &mut self.done,
            Outcome::Left(Form::Current) => &mut self.left_current,
            Outcome::Left(Form::Legacy) => &mut self.left_legacy,
            Outcome::Left(Form::Plaintext) => &mut self.left_plaintext,
            Outcome::Refused(_) => &mut self.refused,
            Outcome::Gone => &mut self.gone,
        };
        *counter += 1;
    }
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Written,
    Done,
    Left(crate::policy::Form),
    Refused(String),
    Gone,
}
