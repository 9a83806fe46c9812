//! Times as exceptions tell them.

const DAY_MS: u64 = 86_400_000;

/// A time, in milliseconds since the epoch, as `2026-11-21T10:15:00.123Z`.
#[must_use]
pub fn iso_time(ms: u64) -> String {
    let (year, month, day) = date(ms / DAY_MS);
    let of_day = ms % DAY_MS;
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The Gregorian date of a day since the epoch, by Hinnant's `civil_from_days`: years that begin in March
/// put the leap day last, so that months follow from the day by one division.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
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
        assert!(iso_time(u64::MAX).ends_with('Z'));
    }
}
