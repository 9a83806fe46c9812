//! How many tests ran, as the runners tell it.

use std::fmt;
use std::ops::AddAssign;

/// Tests by how they ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Count {
    /// One test.
    pub fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed), skipped: 0 }
    }

    /// One test that did not run.
    pub fn one_skipped() -> Self {
        Self { skipped: 1, ..Self::default() }
    }

    /// The sum of cargo's `test result: ok. 3 passed; 0 failed; 1 ignored; …` lines. What is ignored is no test
    /// but a tool in a test's clothes, such as the writer of a fixture, or an example in a comment.
    pub fn of_cargo(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output.lines().filter_map(|line| line.trim_start().strip_prefix("test result: ")) {
            let number = |word: &str| number_before(line, word);
            sum += Self { passed: number("passed"), failed: number("failed"), skipped: 0 };
        }
        sum
    }

    /// Python's `Ran 45 tests in 1.2s`, then `OK (skipped=1)` or `FAILED (failures=1, errors=2)`.
    pub fn of_unittest(output: &str) -> Self {
        let mut count = Self::default();
        for line in output.lines() {
            if let Some(rest) = line.strip_prefix("Ran ") {
                count.passed = rest.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
            } else if line.starts_with("OK") || line.starts_with("FAILED") {
                count.failed = number_after(line, "failures=") + number_after(line, "errors=");
                count.skipped = number_after(line, "skipped=");
            }
        }
        count.passed = count.passed.saturating_sub(count.failed + count.skipped);
        count
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

fn number_before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line.split([' ', ';']).filter(|part| !part.is_empty()).collect();
    let pair = words.windows(2).find(|pair| pair[1] == word);
    pair.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

fn number_after(line: &str, word: &str) -> u64 {
    let digits = line.split(word).nth(1).and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn cargo_tells_one_line_per_binary() {
        let output = "running 3 tests\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured\n\
                      test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; finished in 0.1s";
        assert_eq!(Count::of_cargo(output), Count { passed: 7, failed: 2, skipped: 0 });
    }

    #[test]
    fn unittest_tells_all_and_then_the_others() {
        let fine = Count::of_unittest("....\nRan 4 tests in 0.1s\n\nOK (skipped=1)\n");
        assert_eq!(fine, Count { passed: 3, failed: 0, skipped: 1 });
        let bad = Count::of_unittest("Ran 4 tests in 0.1s\n\nFAILED (failures=1, errors=2)\n");
        assert_eq!(bad, Count { passed: 1, failed: 3, skipped: 0 });
    }
}
