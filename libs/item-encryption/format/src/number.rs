//! Numbers as DynamoDB stores them: plain decimal text, no exponent, no superfluous zeros.

use std::borrow::Cow;

/// The longest text of a number, as given and in plain form; the longest that DynamoDB has takes 133.
const MAX_TEXT: usize = 256;
/// The largest exponent DynamoDB has, with room for shifted points.
const MAX_EXPONENT: i64 = 300;

/// The plain form of a number's text; `None` where it is not a number DynamoDB takes.
#[must_use]
pub fn plain(text: &str) -> Option<Cow<'_, str>> {
    if text.len() > MAX_TEXT {
        return None;
    }
    if is_plain_integer(text) { Some(Cow::Borrowed(text)) } else { spelled_out(text).map(Cow::Owned) }
}

/// Whether a text has its plain form already, as nearly all keys that are numbers have.
fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    text == "0" || !matches!(digits, [] | [b'0', ..]) && digits.iter().all(u8::is_ascii_digit)
}

fn spelled_out(text: &str) -> Option<String> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = split_exponent(unsigned)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits: String = [whole, fraction].concat();
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let point = i64::try_from(whole.len()).ok()? + exponent;
    let plain = (point.abs() <= MAX_EXPONENT).then(|| placed(negative, &digits, point))?;
    (plain.len() <= MAX_TEXT).then_some(plain)
}

fn split_exponent(text: &str) -> Option<(&str, i64)> {
    match text.find(['e', 'E']) {
        None => Some((text, 0)),
        Some(at) => Some((&text[..at], text[at + 1..].parse().ok()?)),
    }
}

/// `digits` with the decimal point after the first `point` of them.
fn placed(negative: bool, digits: &str, point: i64) -> String {
    let significant = digits.trim_start_matches('0');
    let point = point - i64::try_from(digits.len() - significant.len()).unwrap_or_default();
    let significant = significant.trim_end_matches('0');
    if significant.is_empty() {
        return "0".to_owned();
    }
    let sign = if negative { "-" } else { "" };
    let len = i64::try_from(significant.len()).unwrap_or_default();
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
    if point <= 0 {
        format!("{sign}0.{}{significant}", zeros(-point))
    } else if point >= len {
        format!("{sign}{significant}{}", zeros(point - len))
    } else {
        let (whole, fraction) = significant.split_at(usize::try_from(point).unwrap_or_default());
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn numbers_take_their_plain_form() {
        for (text, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("007", "7"),
            ("7.50", "7.5"),
            ("-34.2", "-34.2"),
            ("1E3", "1000"),
            ("1e-3", "0.001"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+1", "1"),
            ("100", "100"),
            ("1.230e2", "123"),
            ("0.000", "0"),
            ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ] {
            assert_eq!(plain(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "a", "1a", "1e", "1e1.5", "--1", "1e999", "1_0", "١", "2e274", "2e-274"] {
            assert_eq!(plain(text), None, "{text}");
        }
    }
}
