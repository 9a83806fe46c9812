//! Times as exceptions tell them.

use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const FORM: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A time, in milliseconds since the epoch, as `2026-11-21T10:15:00.123Z`. After the year 9999 time stands still.
#[must_use]
pub fn iso_time(ms: u64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(PrimitiveDateTime::MAX.assume_utc());
    time.format(&FORM).expect("every part of the form is one that a time has")
}

#[cfg(test)]
mod tests {
    use super::iso_time;

    #[test]
    fn known_times_are_written_right() {
        assert_eq!(iso_time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso_time(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(iso_time(1_709_164_799_999), "2024-02-28T23:59:59.999Z");
        assert_eq!(iso_time(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn the_end_of_time_is_written_too() {
        assert_eq!(iso_time(u64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
