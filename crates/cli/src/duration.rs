//! Durations as people write them: `90s`, `15m`, `36h`, `7d`, `1d12h`.

use std::time::Duration;

/// Reads a duration: whole numbers, each with a unit of s, m, h, d or w.
pub fn parse(text: &str) -> Result<Duration, String> {
    let mut seconds = 0_u64;
    let mut rest = text.trim();
    while let Some((part_seconds, after)) = part(rest) {
        seconds = seconds.saturating_add(part_seconds);
        rest = after;
        if rest.is_empty() {
            return Ok(Duration::from_secs(seconds));
        }
    }
    Err("give a duration such as 90s, 15m, 36h or 7d".to_owned())
}

/// The first number and unit of `text`, in seconds, and what follows.
fn part(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let mut rest = text[digits..].chars();
    let unit_seconds = match rest.next()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    Some((number.checked_mul(unit_seconds)?, rest.as_str()))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("36h", 129_600),
            ("7d", 604_800),
            ("2w", 1_209_600),
            ("1d12h", 129_600),
        ] {
            assert_eq!(parse(text).map(|duration| duration.as_secs()), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in
            ["", "7", "d", "7y", "-7d", "7 d", "1.5h", "99999999999999999999s", "9999999999999999999w", "7dé"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
