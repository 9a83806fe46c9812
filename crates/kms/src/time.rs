//! Points in time as the API shows them.

use serde::{Serialize, Serializer};

/// Milliseconds in a day.
pub const DAY_MS: u64 = 86_400_000;

/// A point in time, on the wire a number of seconds since the epoch with milliseconds as its fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seconds(f64);

impl Seconds {
    /// From milliseconds since the epoch.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact for the next 280,000 years")]
    pub fn of_ms(ms: u64) -> Self {
        Self(ms as f64 / 1000.0)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Seconds;

    #[test]
    fn milliseconds_are_the_fraction() {
        let written = serde_json::to_string(&Seconds::of_ms(1_700_000_000_123)).unwrap();
        assert_eq!(written, "1700000000.123");
    }
}
