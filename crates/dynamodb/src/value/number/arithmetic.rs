//! Exact sums and differences.

use super::{MAX_DIGITS, Number, ValueError, power_of_ten};

impl Number {
    /// The exact sum.
    ///
    /// # Errors
    /// Where 38 digits cannot tell it, or it is out of range.
    pub fn checked_add(self, other: Self) -> Result<Self, ValueError> {
        let (upper, lower) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        if upper == Self::ZERO || lower == Self::ZERO {
            return Ok(if upper == Self::ZERO { lower } else { upper });
        }
        let aligned = upper.coefficient_at(lower.exponent())?;
        add_aligned(upper.negative, aligned, lower)
    }

    /// The exact difference.
    ///
    /// # Errors
    /// As [`Number::checked_add`].
    pub fn checked_sub(self, other: Self) -> Result<Self, ValueError> {
        self.checked_add(other.negated())
    }

    fn negated(self) -> Self {
        Self { negative: !self.negative && self != Self::ZERO, ..self }
    }

    /// The coefficient this number has at a smaller exponent. Where 128 bits do not hold it, neither do 38
    /// digits hold a sum: the other number ends there in a digit that is not zero, and is shorter than 10^38,
    /// so the sum ends in that digit and stays above 2^128 - 10^38.
    fn coefficient_at(self, exponent: i32) -> Result<u128, ValueError> {
        let shift = self.exponent().abs_diff(exponent);
        let factor = (shift <= MAX_DIGITS).then(|| power_of_ten(shift));
        factor.and_then(|factor| self.coefficient().checked_mul(factor)).ok_or(ValueError::NumberTooPrecise)
    }
}

fn add_aligned(negative: bool, aligned: u128, lower: Number) -> Result<Number, ValueError> {
    let (one, other, exponent) = (aligned, lower.coefficient(), lower.exponent());
    if negative == lower.negative {
        let sum = one.checked_add(other).ok_or(ValueError::NumberTooPrecise)?;
        return Number::from_parts(negative, sum, exponent);
    }
    match one.checked_sub(other) {
        Some(difference) => Number::from_parts(negative, difference, exponent),
        None => Number::from_parts(lower.negative, other - one, exponent),
    }
}

#[cfg(test)]
mod tests {
    use super::{Number, ValueError};

    fn sum(one: &str, other: &str) -> Result<String, ValueError> {
        let number = |text: &str| text.parse::<Number>().unwrap();
        number(one).checked_add(number(other)).map(|sum| sum.to_string())
    }

    #[test]
    fn sums_are_exact() {
        let nines = "9".repeat(38);
        for (one, other, expected) in [
            ("1", "2", "3"),
            ("0.1", "0.2", "0.3"),
            ("0", "-5", "-5"),
            ("5", "-5", "0"),
            ("-1", "0.5", "-0.5"),
            ("1", "-1.5", "-0.5"),
            ("99", "1", "100"),
            ("1E+100", "1E+99", &format!("11{}", "0".repeat(99))),
            ("1E+38", "-1", &nines),
            (&nines, "1", &format!("1{}", "0".repeat(38))),
            ("1E-130", "1E-130", &format!("0.{}2", "0".repeat(129))),
        ] {
            assert_eq!(sum(one, other).as_deref(), Ok(expected), "{one} + {other}");
            assert_eq!(sum(other, one).as_deref(), Ok(expected), "{other} + {one}");
        }
    }

    #[test]
    fn what_38_digits_cannot_tell_is_refused() {
        for (one, other) in [("1E+38", "1"), ("1E+100", "1"), ("9E+38", "-1"), ("1", "1E-130")] {
            assert_eq!(sum(one, other), Err(ValueError::NumberTooPrecise), "{one} + {other}");
            assert_eq!(sum(other, one), Err(ValueError::NumberTooPrecise), "{other} + {one}");
        }
    }

    #[test]
    fn sums_stay_in_range() {
        let largest = format!("{}E+88", "9".repeat(38));
        assert_eq!(sum("9E+125", "1E+125"), Err(ValueError::NumberOverflow));
        assert_eq!(sum(&largest, "1E+88"), Err(ValueError::NumberOverflow));
        assert_eq!(sum("1.1E-130", "-1E-130"), Err(ValueError::NumberUnderflow));
    }
}
