//! To text: plain notation without leading or trailing zeros, as AWS answers.

use std::fmt;

use super::Number;

/// The longest text: a sign, `0.`, 129 zeros and 38 digits.
const MAX_TEXT: usize = 1 + 2 + 129 + 38;

/// The text of a number, on the stack.
pub struct NumberText {
    bytes: [u8; MAX_TEXT],
    start: usize,
}

impl NumberText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.start..]).expect("digits, a point and a sign are ASCII")
    }

    /// Texts are written from their end, since digits fall out of a division in this order.
    fn push(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }

    fn push_zeros(&mut self, count: u32) {
        (0..count).for_each(|_| self.push(b'0'));
    }
}

impl Number {
    /// Its text, such as `-12.5`.
    #[must_use]
    pub fn text(self) -> NumberText {
        let mut text = NumberText { bytes: [0; MAX_TEXT], start: MAX_TEXT };
        let mut digits = Digits::of(self.coefficient());
        let fraction = if self.exponent < 0 { self.exponent.unsigned_abs().into() } else { 0 };
        text.push_zeros(self.exponent.max(0).unsigned_abs().into());
        for _ in 0..fraction {
            text.push(digits.next().unwrap_or(b'0'));
        }
        if fraction > 0 {
            text.push(b'.');
        }
        text.push(digits.next().unwrap_or(b'0'));
        digits.for_each(|digit| text.push(digit));
        if self.negative {
            text.push(b'-');
        }
        text
    }
}

/// The digits of a number as ASCII, the last one first. Divides by 10^19 once, since dividing 128 bits is slow.
struct Digits {
    low: u64,
    high: u64,
    low_left: u32,
}

const LOW_DIGITS: u32 = 19;

impl Digits {
    fn of(coefficient: u128) -> Self {
        match u64::try_from(coefficient) {
            Ok(low) => Self { low, high: 0, low_left: 0 },
            Err(_) => Self::of_long(coefficient),
        }
    }

    fn of_long(coefficient: u128) -> Self {
        let base = 10_u128.pow(LOW_DIGITS);
        let half = |value| u64::try_from(value).expect("38 digits are twice 19, and 19 fit 64 bits");
        Self { low: half(coefficient % base), high: half(coefficient / base), low_left: LOW_DIGITS }
    }
}

impl Iterator for Digits {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.low == 0 && self.low_left == 0 {
            self.low = std::mem::take(&mut self.high);
        }
        if self.low == 0 && self.low_left == 0 {
            return None;
        }
        let digit = self.low % 10;
        self.low /= 10;
        self.low_left = self.low_left.saturating_sub(1);
        Some(b'0' + u8::try_from(digit).unwrap_or(0))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_str())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::any_number;
    use super::Number;

    proptest! {
        #[test]
        fn a_text_reads_back_as_its_number(number in any_number()) {
            prop_assert_eq!(number.to_string().parse::<Number>(), Ok(number));
        }

        #[test]
        fn whole_numbers_look_as_everywhere(value: i64) {
            prop_assert_eq!(Number::from(value).to_string(), value.to_string());
        }

        #[test]
        fn numbers_are_ordered_as_whole_numbers_are(one: i64, other: i64) {
            prop_assert_eq!(Number::from(one).cmp(&Number::from(other)), one.cmp(&other));
        }

        #[test]
        fn sums_agree_with_whole_numbers(one in any::<i32>(), other in any::<i32>()) {
            let sum = Number::from(i64::from(one)).checked_add(Number::from(i64::from(other)));
            prop_assert_eq!(sum, Ok(Number::from(i64::from(one) + i64::from(other))));
        }

        #[test]
        fn what_is_added_can_be_taken_away(one in any_number(), other in any_number()) {
            if let Ok(sum) = one.checked_add(other) {
                prop_assert_eq!(sum.checked_sub(other), Ok(one));
            }
        }
    }
}
