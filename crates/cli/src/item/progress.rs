//! How far a sweep is: a bar where somebody looks on, lines else.

use std::io::{self, IsTerminal, Write};

use env::{Clock, SystemClock};
use item_encryption_client::migration::Report;

const BAR_LEN: usize = 30;
/// How often a bar is drawn, and a line written, at most.
const BAR_MS: u64 = 100;
const LINE_MS: u64 = 5_000;

/// Progress on stderr.
pub struct Progress {
    total: u64,
    is_terminal: bool,
    last_ms: u64,
}

impl Progress {
    /// Of a table with about so many items.
    pub fn new(total: u64) -> Self {
        Self { total, is_terminal: io::stderr().is_terminal(), last_ms: SystemClock.now_ms() }
    }

    /// Shows a report, where it is time.
    pub fn show(&mut self, report: &Report) {
        let (now_ms, pause_ms) = (SystemClock.now_ms(), if self.is_terminal { BAR_MS } else { LINE_MS });
        if now_ms.saturating_sub(self.last_ms) < pause_ms {
            return;
        }
        self.last_ms = now_ms;
        // Nobody who looks away is a reason to stop.
        let _ = match self.is_terminal {
            true => write!(io::stderr(), "\r{} {}", bar(report.scanned, self.total), counts(report)),
            false => writeln!(io::stderr(), "{}", counts(report)),
        };
    }

    /// Makes room for what is written next.
    pub fn clear(&self) {
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// A table's count is old and may be zero: the bar is full only when the sweep ends.
fn bar(scanned: u64, total: u64) -> String {
    let part = scanned.saturating_mul(BAR_LEN as u64).checked_div(total.max(scanned + 1)).unwrap_or(0);
    let full = usize::try_from(part).unwrap_or(BAR_LEN).min(BAR_LEN);
    format!("[{}{}]", "#".repeat(full), "-".repeat(BAR_LEN - full))
}

/// The counts that are not zero, in words.
pub fn counts(report: &Report) -> String {
    let counts = [
        (report.written, "written"),
        (report.done, "as they should be"),
        (report.left_current, "current, left alone"),
        (report.left_legacy, "legacy, left alone"),
        (report.left_plaintext, "plaintext, left alone"),
        (report.gone, "deleted meanwhile"),
        (report.conflicts, "read again because others came first"),
        (report.refused, "refused"),
    ];
    let told = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let told: Vec<String> = std::iter::once(format!("{} items", report.scanned)).chain(told).collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use item_encryption_client::migration::Report;

    use super::{bar, counts};

    #[test]
    fn a_bar_is_never_longer_than_itself_and_full_only_at_the_end() {
        assert_eq!(bar(0, 0), format!("[{}]", "-".repeat(30)));
        assert_eq!(bar(50, 100), format!("[{}{}]", "#".repeat(15), "-".repeat(15)));
        assert_eq!(bar(1_000_000, 3).len(), 32);
        assert_eq!(bar(u64::MAX - 1, u64::MAX).len(), 32);
    }

    #[test]
    fn counts_that_are_zero_are_not_told() {
        assert_eq!(counts(&Report::default()), "0 items");
        let report = Report { scanned: 3, written: 2, refused: 1, ..Report::default() };
        assert_eq!(counts(&report), "3 items, 2 written, 1 refused");
    }
}
