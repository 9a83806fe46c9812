//! From text.

use std::str::FromStr;

use super::{MAX_DIGITS, Number, ValueError};

/// Exponents beyond this are beyond every range already.
const EXPONENT_CAP: i32 = 1_000_000_000;

impl FromStr for Number {
    type Err = ValueError;

    /// `[+-] digits [. digits] [(e|E) [+-] digits]`, with digits on at least one side of the point.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text.is_empty() {
            return Err(ValueError::EmptyNumber);
        }
        let scanned = scan(text.as_bytes()).ok_or_else(|| ValueError::NotNumeric(text.to_owned()))?;
        if scanned.digits > MAX_DIGITS {
            return Err(ValueError::NumberTooPrecise);
        }
        Self::from_trimmed(scanned.negative, scanned.coefficient, scanned.exponent)
    }
}

/// What was read: the coefficient is right where there are at most 38 digits, and ends in no zero.
#[derive(Default)]
struct Scanned {
    negative: bool,
    coefficient: u128,
    digits: u32,
    exponent: i32,
    /// Zeros that count only where another digit follows.
    zeros: u32,
}

fn scan(text: &[u8]) -> Option<Scanned> {
    let mut scanned = Scanned::default();
    let (negative, text) = sign(text);
    scanned.negative = negative;
    let rest = scanned.take_digits(text);
    let whole = text.len() - rest.len();
    let (fraction, rest) = match rest {
        [b'.', after @ ..] => {
            let rest = scanned.take_digits(after);
            (after.len() - rest.len(), rest)
        }
        _ => (0, rest),
    };
    if whole + fraction == 0 {
        return None;
    }
    let shift = i32::try_from(fraction).unwrap_or(EXPONENT_CAP);
    scanned.exponent = exponent(rest)?.saturating_sub(shift).saturating_add_unsigned(scanned.zeros);
    Some(scanned)
}

impl Scanned {
    fn take_digits<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = text.split_at(count);
        digits.iter().for_each(|digit| self.push(digit - b'0'));
        rest
    }

    fn push(&mut self, digit: u8) {
        match (digit, self.digits) {
            (0, 0) => {}
            (0, _) => self.zeros = self.zeros.saturating_add(1),
            _ => self.push_significant(digit),
        }
    }

    fn push_significant(&mut self, digit: u8) {
        self.digits = self.digits.saturating_add(self.zeros).saturating_add(1);
        if self.digits <= MAX_DIGITS {
            self.coefficient = self.coefficient * 10_u128.pow(self.zeros + 1) + u128::from(digit);
        }
        self.zeros = 0;
    }
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn exponent(text: &[u8]) -> Option<i32> {
    let [b'e' | b'E', text @ ..] = text else {
        return text.is_empty().then_some(0);
    };
    let (negative, digits) = sign(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |value: i32, digit: &u8| (value * 10 + i32::from(digit - b'0')).min(EXPONENT_CAP / 10 - 1);
    let value = digits.iter().fold(0, add);
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::{Number, ValueError};

    fn parsed(text: &str) -> Result<String, ValueError> {
        text.parse::<Number>().map(|number| number.to_string())
    }

    #[test]
    fn numbers_are_read_and_shown_in_plain_notation() {
        let long = "1".repeat(38);
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.000", "0"),
            ("0E+400", "0"),
            ("007", "7"),
            ("+5", "5"),
            ("-5.00", "-5"),
            ("1E2", "100"),
            ("1e+2", "100"),
            ("120e-1", "12"),
            ("1.50", "1.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-0.0010", "-0.001"),
            ("100000000000000000000000000000000000000000", "100000000000000000000000000000000000000000"),
            (&long, &long),
            (&format!("0.{long}"), &format!("0.{long}")),
            ("1000.0001", "1000.0001"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_told() {
        for text in
            ["abc", "-", "+", ".", "1e", "1e+", "1.2.3", "--1", " 1", "1 ", "NaN", "Infinity", "0x1", "1_0"]
        {
            let expected = format!("The parameter cannot be converted to a numeric value: {text}");
            assert_eq!(parsed(text).unwrap_err().to_string(), expected);
        }
        assert_eq!(
            parsed("").unwrap_err().to_string(),
            "The parameter cannot be converted to a numeric value"
        );
    }

    #[test]
    fn the_limits_are_those_of_aws() {
        let digits = |count| "9".repeat(count);
        assert!(parsed(&format!("{}E+88", digits(38))).is_ok());
        assert!(parsed("1E-130").is_ok());
        assert!(parsed("1.5E-130").is_ok());
        for (text, error) in [
            ("1E+126", ValueError::NumberOverflow),
            ("-1E126", ValueError::NumberOverflow),
            ("1E+99999999999999999999", ValueError::NumberOverflow),
            ("9.9E-131", ValueError::NumberUnderflow),
            ("1E-99999999999999999999", ValueError::NumberUnderflow),
            (&digits(39), ValueError::NumberTooPrecise),
            (&format!("1.{}1", "0".repeat(37)), ValueError::NumberTooPrecise),
        ] {
            assert_eq!(parsed(text), Err(error), "{text}");
        }
    }

    #[test]
    fn very_long_texts_are_read_in_their_stride() {
        assert_eq!(parsed(&"0".repeat(1_000_000)).as_deref(), Ok("0"));
        assert_eq!(parsed(&format!("1{}", "0".repeat(1_000_000))), Err(ValueError::NumberOverflow));
        assert_eq!(parsed(&format!("0.{}1", "0".repeat(1_000_000))), Err(ValueError::NumberUnderflow));
    }
}
