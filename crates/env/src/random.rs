//! Unpredictable bytes.

use parking_lot::Mutex;

/// A source of randomness. Keys, salts and ids come from here and from nowhere else.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` fresh random bytes.
pub fn random_bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// The operating system's generator.
pub struct OsRandom;

#[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
impl Random for OsRandom {
    /// # Panics
    /// Where the operating system has no randomness to give: no key may be made then.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system's random generator works");
    }
}

/// Bytes that follow from a seed (SplitMix64): for tests and simulations only, worthless as secrets.
pub struct SeededRandom {
    state: Mutex<u64>,
}

impl SeededRandom {
    /// The same seed gives the same bytes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: Mutex::new(seed) }
    }

    /// The next number.
    pub fn next_u64(&self) -> u64 {
        let mut state = self.state.lock();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound` (0 for a bound of 0).
    pub fn below(&self, bound: u64) -> u64 {
        self.next_u64().checked_rem(bound).unwrap_or(0)
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, SeededRandom, random_bytes};

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (one, other) = (SeededRandom::new(7), SeededRandom::new(7));
        assert_eq!(random_bytes::<33>(&one), random_bytes::<33>(&other));
    }

    #[test]
    fn another_seed_gives_other_bytes() {
        let mut bytes = [0; 16];
        SeededRandom::new(8).fill(&mut bytes);
        assert_ne!(bytes, random_bytes(&SeededRandom::new(7)));
    }
}
