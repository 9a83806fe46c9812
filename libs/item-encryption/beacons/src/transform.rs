//! What becomes of a text on its way into a virtual field.
//!
//! Characters are counted in UTF-16 units, as AWS's clients count them. Positions below zero count from the end.

/// A step of a virtual field's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transform {
    /// ASCII letters in upper case.
    Upper,
    /// ASCII letters in lower case.
    Lower,
    /// A text behind.
    Insert(String),
    /// The first characters; below zero, all but the last.
    Prefix(i32),
    /// The last characters; below zero, all but the first.
    Suffix(i32),
    /// From `low`, inclusive, to `high`, exclusive.
    Substring {
        /// The first position.
        low: i32,
        /// The position behind the last.
        high: i32,
    },
    /// One of the segments between split characters; the empty text where there is none.
    Segment {
        /// What stands between segments.
        split: char,
        /// Which.
        index: i32,
    },
    /// Segments from `low`, inclusive, to `high`, exclusive, with the split character between them.
    Segments {
        /// What stands between segments.
        split: char,
        /// The first.
        low: i32,
        /// The one behind the last.
        high: i32,
    },
}

impl Transform {
    /// The text transformed; `None` where a character would be cut in two.
    #[must_use]
    pub fn of(&self, text: &str) -> Option<String> {
        match self {
            Self::Upper => Some(text.to_ascii_uppercase()),
            Self::Lower => Some(text.to_ascii_lowercase()),
            Self::Insert(behind) => Some(format!("{text}{behind}")),
            Self::Prefix(len) => cut(text, 0, *len),
            Self::Suffix(len) if *len < 0 => cut(text, len.saturating_neg(), i32::MAX),
            Self::Suffix(len) => cut(text, units(text).saturating_sub(*len).max(0), i32::MAX),
            Self::Substring { low, high } => cut(text, *low, *high),
            Self::Segment { split, index } => Some(segment(text, *split, *index)),
            Self::Segments { split, low, high } => {
                let parts: Vec<&str> = text.split(*split).collect();
                Some(between(&parts, *low, *high).join(&split.to_string()))
            }
        }
    }
}

fn units(text: &str) -> i32 {
    i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX)
}

fn cut(text: &str, low: i32, high: i32) -> Option<String> {
    let units: Vec<u16> = text.encode_utf16().collect();
    String::from_utf16(between(&units, low, high)).ok()
}

fn segment(text: &str, split: char, index: i32) -> String {
    let parts: Vec<&str> = text.split(split).collect();
    let at = match usize::try_from(index) {
        Ok(at) => Some(at),
        Err(_) => parts.len().checked_sub(distance(index)),
    };
    at.and_then(|at| parts.get(at)).copied().unwrap_or_default().to_owned()
}

fn between<T>(all: &[T], low: i32, high: i32) -> &[T] {
    all.get(position(low, all.len())..position(high, all.len())).unwrap_or_default()
}

/// A position within `0..=len`.
fn position(at: i32, len: usize) -> usize {
    usize::try_from(at).map_or_else(|_| len.saturating_sub(distance(at)), |at| at.min(len))
}

/// How far a position below zero lies from the end.
fn distance(at: i32) -> usize {
    usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::Transform::{self, Insert, Lower, Prefix, Segment, Segments, Substring, Suffix, Upper};

    #[test]
    fn texts_are_transformed() {
        let sub = |low, high| Substring { low, high };
        let segment = |index| Segment { split: '.', index };
        let segments = |low, high| Segments { split: '.', low, high };
        let cases: &[(Transform, &str, &str)] = &[
            (Upper, "aBc\u{e9}", "ABC\u{e9}"),
            (Lower, "aBc\u{c9}", "abc\u{c9}"),
            (Insert("x".to_owned()), "ab", "abx"),
            (Prefix(2), "abc", "ab"),
            (Prefix(9), "abc", "abc"),
            (Prefix(-1), "abc", "ab"),
            (Prefix(-9), "abc", ""),
            (Suffix(2), "abc", "bc"),
            (Suffix(9), "abc", "abc"),
            (Suffix(-1), "abc", "bc"),
            (Suffix(-9), "abc", ""),
            (Suffix(i32::MIN), "abc", ""),
            (sub(1, 3), "abcd", "bc"),
            (sub(-3, -1), "abcd", "bc"),
            (sub(3, 1), "abcd", ""),
            (sub(0, 99), "abcd", "abcd"),
            (segment(1), "a.b.c", "b"),
            (segment(-1), "a.b.c", "c"),
            (segment(3), "a.b.c", ""),
            (segment(-4), "a.b.c", ""),
            (segments(1, 9), "a.b.c", "b.c"),
            (segments(0, -1), "a.b.c", "a.b"),
        ];
        for (transform, text, expected) in cases {
            assert_eq!(transform.of(text).as_deref(), Some(*expected), "{transform:?} of {text}");
        }
    }

    #[test]
    fn characters_beyond_the_basic_plane_count_twice_and_are_not_cut() {
        assert_eq!(Prefix(2).of("\u{1f980}x").as_deref(), Some("\u{1f980}"));
        assert_eq!(Prefix(1).of("\u{1f980}x"), None);
    }
}
