//! The moments in signatures: ISO 8601's basic form, whole seconds, UTC.

use std::fmt;

const DAY_S: u64 = 86_400;

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
        let (_weekday, rest) = text.split_once(", ")?;
        let bytes: &[u8; 24] = rest.as_bytes().try_into().ok()?;
        if &bytes[20..] != b" GMT" || bytes[14] != b':' || bytes[17] != b':' {
            return None;
        }
        let time = [bytes[12], bytes[13], bytes[15], bytes[16], bytes[18], bytes[19]];
        Self::of(digits(&bytes[7..11])?, month(&bytes[3..6])?, digits(&bytes[..2])?, clock(&time)?)
    }

    /// The day, as `20150830`.
    #[must_use]
    pub fn date(self) -> String {
        let (year, month, day) = civil(self.0 / DAY_S);
        format!("{year:04}{month:02}{day:02}")
    }

    fn of(year: u64, month: u64, day: u64, second: u64) -> Option<Self> {
        let days = days_since_epoch(year, month, day)?;
        (civil(days) == (year, month, day)).then_some(Self(days * DAY_S + second))
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

fn month(name: &[u8]) -> Option<u64> {
    const NAMES: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let at = NAMES.chunks(3).position(|known| known == name)?;
    u64::try_from(at + 1).ok()
}

/// Days from 1970-01-01, in the proleptic Gregorian calendar; years begin in March, so that a leap day ends one.
fn days_since_epoch(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    (year * 365 + year / 4 - year / 100 + year / 400 + day_of_year).checked_sub(719_468)
}

fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
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
