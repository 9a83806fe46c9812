//! Randomness that a failure can tell: a seed from the environment or the clock, then SplitMix64.

use std::time::{SystemTime, UNIX_EPOCH};

/// A stream of numbers; not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Seeded by `STRONGROOM_TEST_SEED`, else by the time; the seed is printed, so that a failure tells it.
    ///
    /// # Panics
    /// Where the variable is no number.
    #[must_use]
    pub fn from_environment() -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos().into();
        let seed = std::env::var("STRONGROOM_TEST_SEED").map_or_else(|_| now(), |text| text.parse().unwrap());
        eprintln!("STRONGROOM_TEST_SEED={seed}");
        Self(seed)
    }

    /// Seeded.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit.max(1)
    }
}
