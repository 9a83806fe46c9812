//! Lines of bounded length: one that is too long is refused and passed over, not kept.

use std::io::{self, BufRead};

/// The lines of a source.
pub struct Lines<R> {
    source: R,
    max_len: usize,
    line: Vec<u8>,
}

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Nothing but white space.
    Blank,
    /// Text, without its end of line.
    Text(&'a str),
    /// Why it cannot be an item.
    Refused(String),
}

impl<R: BufRead> Lines<R> {
    /// The lines of `source` up to `max_len` bytes each.
    pub fn new(source: R, max_len: usize) -> Self {
        Self { source, max_len, line: Vec::new() }
    }

    /// What lines are read from.
    pub fn source(&self) -> &R {
        &self.source
    }

    /// The next line; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut len = 0;
        while let Some(piece) = self.piece()? {
            len += piece;
            if self.line.last() == Some(&b'\n') {
                break;
            }
            if len > self.max_len {
                self.line.clear();
            }
        }
        let end = self.line.last() == Some(&b'\n');
        if len - usize::from(end) > self.max_len {
            return Ok(Some(Line::Refused(format!("the line is longer than {} bytes", self.max_len))));
        }
        Ok((len > 0).then(|| told(&self.line)))
    }

    /// Adds what the source has at hand, at most to the end of the line; how many bytes, `None` at the end.
    fn piece(&mut self) -> io::Result<Option<usize>> {
        let waiting = self.source.fill_buf()?;
        let len = waiting.iter().position(|byte| *byte == b'\n').map_or(waiting.len(), |at| at + 1);
        self.line.extend_from_slice(&waiting[..len]);
        self.source.consume(len);
        Ok((len > 0).then_some(len))
    }
}

fn told(line: &[u8]) -> Line<'_> {
    match std::str::from_utf8(line) {
        Ok(text) if text.trim().is_empty() => Line::Blank,
        Ok(text) => Line::Text(text.trim_end_matches(['\r', '\n'])),
        Err(_) => Line::Refused("the line is not UTF-8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Lines};
    use std::io::BufReader;

    #[test]
    fn lines_come_one_by_one_and_long_ones_are_passed_over() {
        let input = b"one\r\n\n123456789\n\xff\n12345678\nlast".as_slice();
        for capacity in [1, 2, 3, 7, 64] {
            let mut lines = Lines::new(BufReader::with_capacity(capacity, input), 8);
            assert_eq!(lines.next().unwrap(), Some(Line::Text("one")));
            assert_eq!(lines.next().unwrap(), Some(Line::Blank));
            assert!(
                matches!(lines.next().unwrap(), Some(Line::Refused(reason)) if reason.contains("8 bytes"))
            );
            assert!(matches!(lines.next().unwrap(), Some(Line::Refused(reason)) if reason.contains("UTF-8")));
            assert_eq!(lines.next().unwrap(), Some(Line::Text("12345678")));
            assert_eq!(lines.next().unwrap(), Some(Line::Text("last")));
            assert_eq!(lines.next().unwrap(), None);
        }
    }
}
