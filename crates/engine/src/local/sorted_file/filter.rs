//! A Bloom filter over the user keys of a run: ten bits and seven probes a key, one wrong "perhaps" in a
//! hundred.
//!
//! ```text
//! 1 B number of probes │ bits, lowest of each byte first
//! ```
//! The hash is part of the format and must never change.

const BITS_PER_KEY: usize = 10;
const PROBES: u8 = 7;
const MULTIPLIER: u64 = 0xFF51_AFD7_ED55_8CCD;

/// The hash of a user key.
pub fn hash(user_key: &[u8]) -> u64 {
    let mut state = 0x9E37_79B9_7F4A_7C15 ^ crate::local::reader::u64_of(user_key.len());
    for chunk in user_key.chunks(8) {
        let mut word = [0; 8];
        word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        state = mix(state ^ u64::from_le_bytes(word));
    }
    mix(state)
}

fn mix(state: u64) -> u64 {
    let product = state.wrapping_mul(MULTIPLIER);
    product ^ (product >> 32)
}

/// The filter over keys with these hashes.
pub fn build(hashes: &[u64]) -> Vec<u8> {
    let len = (hashes.len() * BITS_PER_KEY).div_ceil(8).max(8);
    let mut bytes = vec![0; len + 1];
    if let Some((probes, bits)) = bytes.split_first_mut() {
        *probes = PROBES;
        hashes.iter().for_each(|hash| set(bits, *hash));
    }
    bytes
}

fn set(bits: &mut [u8], hash: u64) {
    for (byte, mask) in places(bits.len(), PROBES, hash) {
        if let Some(byte) = bits.get_mut(byte) {
            *byte |= mask;
        }
    }
}

/// Whether a key with this hash may be among them. A filter that is no filter excludes nothing.
pub fn may_contain(filter: &[u8], hash: u64) -> bool {
    let Some((probes, bits)) = filter.split_first() else { return true };
    places(bits.len(), *probes, hash).all(|(byte, mask)| bits.get(byte).is_none_or(|byte| byte & mask != 0))
}

fn places(len: usize, probes: u8, hash: u64) -> impl Iterator<Item = (usize, u8)> {
    let bits = crate::local::reader::u64_of(len).saturating_mul(8).max(1);
    let (start, step) = (hash & 0xFFFF_FFFF, (hash >> 32) | 1);
    (0..u64::from(probes)).map(move |probe| {
        let bit = (start + probe * step) % bits;
        (usize::try_from(bit / 8).unwrap_or(usize::MAX), 1 << (bit % 8))
    })
}

#[cfg(test)]
mod tests {
    use super::{build, hash, may_contain};

    #[test]
    fn no_key_of_it_is_excluded_and_few_others_are_not() {
        let key = |n: u32| [&[9; 16][..], &n.to_be_bytes()].concat();
        let hashes: Vec<_> = (0..10_000).map(|n| hash(&key(n))).collect();
        let filter = build(&hashes);
        assert!(hashes.iter().all(|hash| may_contain(&filter, *hash)));
        let wrong = (10_000..30_000).filter(|n| may_contain(&filter, hash(&key(*n)))).count();
        assert!(wrong < 400, "{wrong} of 20000");
    }

    #[test]
    fn the_hash_is_that_of_the_format() {
        assert_eq!(hash(b""), 0x2E72_B465_600B_6CB4);
        assert_eq!(hash(b"a partition and a sort key"), 0x0286_7DAA_FB84_443F);
    }

    #[test]
    fn any_bytes_are_a_filter() {
        assert!(may_contain(&[], 1));
        assert!(may_contain(&[7], 1));
        assert!(!may_contain(&[255, 0], u64::MAX));
    }
}
