//! Keys and values: 32 bytes spread as hashes are, 1 KB that no one compresses.

/// Bytes of a key.
pub const KEY_LEN: usize = 32;
/// Bytes of a value.
pub const VALUE_LEN: usize = 1000;
const POOL_LEN: usize = 1 << 20;

/// A key.
pub type Key = [u8; KEY_LEN];

/// The key of an item: numbers one after the other lie far apart.
pub fn key(number: u64) -> Key {
    let mut key = [0; KEY_LEN];
    for (at, chunk) in key.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&mix(number.wrapping_mul(4).wrapping_add(at as u64)).to_be_bytes());
    }
    key
}

/// Numbers below `below`, as if drawn.
pub struct Draw(u64);

impl Draw {
    /// The same seed draws the same.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The next.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0) % below.max(1)
    }
}

/// Values, cut out of a pool of random bytes.
pub struct Values(Vec<u8>);

impl Values {
    /// A pool.
    pub fn new() -> Self {
        let words = (0..POOL_LEN as u64 / 8).flat_map(|number| mix(number ^ 0x5EED).to_le_bytes());
        Self(words.collect())
    }

    /// The value of an item.
    pub fn of(&self, number: u64) -> &[u8] {
        let at = (mix(number) % (POOL_LEN - VALUE_LEN) as u64) as usize;
        &self.0[at..at + VALUE_LEN]
    }
}

/// SplitMix64's finaliser.
fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}
