//! DynamoDB's numbers: decimals of 38 significant digits, from 1E-130 to 9.99…E+125 on both sides of zero.
//!
//! Map: here (the parts, their rules, comparison) · [`parse`] and [`text`] (to and from AWS's text) ·
//! [`arithmetic`] (exact sums). Source of the ranges: AWS's developer guide, "Supported data types".

mod arithmetic;
mod parse;
mod text;

use std::cmp::Ordering;

#[cfg(test)]
pub(crate) use tests::any_number;
pub use text::NumberText;

use super::ValueError;

/// The most significant digits.
pub const MAX_DIGITS: u32 = 38;
/// The power of ten of the first digit, at most.
pub const MAX_MAGNITUDE: i32 = 125;
/// The power of ten of the first digit, at least.
pub const MIN_MAGNITUDE: i32 = -130;

/// A decimal: `±coefficient · 10^exponent`.
///
/// Canonical: the coefficient does not end in a zero digit, and zero is `+0 · 10^0`; so numbers are equal
/// where their parts are. The coefficient lies in two halves to keep a value at 40 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    high: u64,
    low: u64,
    exponent: i16,
    negative: bool,
}

impl Number {
    /// Nought.
    pub const ZERO: Self = Self { high: 0, low: 0, exponent: 0, negative: false };

    /// The number of these parts, with trailing zeros of the coefficient moved into the exponent.
    ///
    /// # Errors
    /// Too many digits, too large or too small.
    pub fn from_parts(negative: bool, coefficient: u128, exponent: i32) -> Result<Self, ValueError> {
        let (coefficient, exponent) = without_trailing_zeros(coefficient, exponent);
        Self::from_trimmed(negative, coefficient, exponent)
    }

    /// How many significant digits it has; zero has none.
    #[must_use]
    pub fn digits(self) -> u32 {
        digits(self.coefficient())
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.negative
    }

    /// The digits as one whole number, without trailing zeros.
    #[must_use]
    pub fn coefficient(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }

    /// The power of ten of the last digit.
    #[must_use]
    pub fn exponent(self) -> i32 {
        i32::from(self.exponent)
    }

    /// The power of ten of the first digit; of zero, the smallest there is.
    #[must_use]
    pub fn magnitude(self) -> i32 {
        magnitude(self.coefficient(), self.exponent())
    }

    fn from_trimmed(negative: bool, coefficient: u128, exponent: i32) -> Result<Self, ValueError> {
        if coefficient == 0 {
            return Ok(Self::ZERO);
        }
        if digits(coefficient) > MAX_DIGITS {
            return Err(ValueError::NumberTooPrecise);
        }
        match magnitude(coefficient, exponent) {
            ..MIN_MAGNITUDE => Err(ValueError::NumberUnderflow),
            MIN_MAGNITUDE..=MAX_MAGNITUDE => Ok(Self::new(negative, coefficient, exponent)),
            _ => Err(ValueError::NumberOverflow),
        }
    }

    fn new(negative: bool, coefficient: u128, exponent: i32) -> Self {
        let high = u64::try_from(coefficient >> 64).expect("64 bits are left of 128");
        let low = u64::try_from(coefficient & u128::from(u64::MAX)).expect("64 bits are left of 128");
        let exponent = i16::try_from(exponent).expect("the magnitude was checked, and 38 digits below it");
        Self { high, low, exponent, negative }
    }

    fn compare_magnitudes(self, other: Self) -> Ordering {
        let by_first_digit = self.magnitude().cmp(&other.magnitude());
        by_first_digit.then_with(|| {
            let longest = self.digits().max(other.digits());
            self.digits_as_long_as(longest).cmp(&other.digits_as_long_as(longest))
        })
    }

    fn digits_as_long_as(self, longest: u32) -> u128 {
        self.coefficient() * power_of_ten(longest - self.digits())
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_magnitudes(*other),
            (true, true) => other.compare_magnitudes(*self),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        let (coefficient, exponent) = without_trailing_zeros(u128::from(value), 0);
        if coefficient == 0 { Self::ZERO } else { Self::new(false, coefficient, exponent) }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        let magnitude = Self::from(value.unsigned_abs());
        Self { negative: value < 0, ..magnitude }
    }
}

fn magnitude(coefficient: u128, exponent: i32) -> i32 {
    match digits(coefficient) {
        0 => i32::MIN,
        digits => exponent.saturating_add_unsigned(digits - 1),
    }
}

fn digits(coefficient: u128) -> u32 {
    match u64::try_from(coefficient) {
        Ok(small) => small.checked_ilog10().map_or(0, |log| log + 1),
        Err(_) => coefficient.ilog10() + 1,
    }
}

fn without_trailing_zeros(mut coefficient: u128, mut exponent: i32) -> (u128, i32) {
    if coefficient == 0 {
        return (0, 0);
    }
    while coefficient.is_multiple_of(10) {
        coefficient /= 10;
        exponent = exponent.saturating_add(1);
    }
    (coefficient, exponent)
}

/// 10^`power`, for powers up to 38.
fn power_of_ten(power: u32) -> u128 {
    10_u128.pow(power)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Number;
    use crate::value::ValueError;

    #[test]
    fn an_exponent_at_the_end_of_its_type_overflows_the_number_and_nothing_else() {
        assert_eq!(Number::from_parts(false, 10, i32::MAX), Err(ValueError::NumberOverflow));
        assert_eq!(Number::from_parts(true, 10, i32::MIN), Err(ValueError::NumberUnderflow));
    }

    /// Any number but zero: any sign, digits and magnitude.
    pub(crate) fn any_number() -> impl Strategy<Value = Number> {
        (any::<bool>(), "[1-9][0-9]{0,37}", -130_i32..=88)
            .prop_map(|(negative, digits, exponent)| {
                let sign = if negative { "-" } else { "" };
                format!("{sign}{}.{}E{exponent}", &digits[..1], &digits[1..])
            })
            .prop_map(|text| text.parse().unwrap())
    }
}
