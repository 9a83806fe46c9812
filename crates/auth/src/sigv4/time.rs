//! The moments in signatures: ISO 8601's basic form, whole seconds, UTC.

use std::fmt;
use std::time::SystemTime;

use time::{Date, Month};

const DAY_S: u64 = 86_400;
/// The day of the epoch, as `time` counts days.
const EPOCH: i32 = 2_440_588;

/// A second since the epoch, shown as `20150830T123600Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The second in which `ms` milliseconds since the epoch lie.
    #[must_use]
    pub fn of_ms(ms: u64) -> Self {
        Self(ms / 1000)
    }

    /// Reads `20150830T123600Z`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: &[u8; 16] = text.as_bytes().try_into().ok()?;
        if bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        Self::of(digits(&bytes[..4])?, digits(&bytes[4..6])?, digits(&bytes[6..8])?, clock(&bytes[9..15])?)
    }

    /// Reads `Sun, 30 Aug 2015 12:36:00 GMT`, the form of the header `Date`.
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let since_epoch =
            httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Self(since_epoch.as_secs()))
    }

    /// The day, as `20150830`. After the year 9999 time stands still.
    #[must_use]
    pub fn date(self) -> String {
        let (year, month, day) = self.day().to_calendar_date();
        format!("{year:04}{:02}{day:02}", u8::from(month))
    }

    fn day(self) -> Date {
        let days = i32::try_from(self.0 / DAY_S).ok().and_then(|days| days.checked_add(EPOCH));
        days.and_then(|day| Date::from_julian_day(day).ok()).unwrap_or(Date::MAX)
    }

    fn of(year: u64, month: u64, day: u64, second: u64) -> Option<Self> {
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date =
            Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
        let days = u64::try_from(date.to_julian_day() - EPOCH).ok()?;
        Some(Self(days * DAY_S + second))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0 % DAY_S;
        write!(f, "{}T{:02}{:02}{:02}Z", self.date(), second / 3600, second / 60 % 60, second % 60)
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    let digit = |value: u64, byte: &u8| byte.is_ascii_digit().then(|| value * 10 + u64::from(byte - b'0'));
    text.iter().try_fold(0, digit)
}

/// `123600` as a second of the day.
fn clock(text: &[u8]) -> Option<u64> {
    let (hour, minute, second) = (digits(&text[..2])?, digits(&text[2..4])?, digits(&text[4..6])?);
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::Timestamp;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn known_moments_are_read_and_shown() {
        for (text, second) in [
            ("19700101T000000Z", 0),
            ("20150830T123600Z", 1_440_938_160),
            ("20240229T235959Z", 1_709_251_199),
            ("20000301T000000Z", 951_868_800),
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp(second)));
            assert_eq!(Timestamp(second).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "20150830T123600",
            "2015-08-30T12:36:00Z",
            "20150230T123600Z",
            "20150830T243600Z",
            "20151330T123600Z",
            "19691231T235959Z",
            "2015083éT12360Z",
            "+0150830T123600Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_form_of_the_header_date_is_read() {
        let read = Timestamp::parse_http_date("Sun, 30 Aug 2015 12:36:00 GMT");
        assert_eq!(read, Timestamp::parse("20150830T123600Z"));
        assert_eq!(Timestamp::parse_http_date("Sun, 30 Aug 2015 12:36:00 CET"), None);
        assert_eq!(Timestamp::parse_http_date("Sun, 30 Foo 2015 12:36:00 GMT"), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(second in 0_u64..253_402_300_800) {
            prop_assert_eq!(Timestamp::parse(&Timestamp(second).to_string()), Some(Timestamp(second)));
        }
    }
}
