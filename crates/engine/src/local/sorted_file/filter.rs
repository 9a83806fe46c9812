//! A Bloom filter over the user keys of a run: twelve bits and seven probes a key, all probes of a key in one
//! line of 64 bytes, so that asking it waits for memory once. Seven in a thousand answers are a wrong "perhaps".
//!
//! ```text
//! lines of 64 bytes, bits lowest of each byte first │ 1 B number of probes
//! ```
//! The hash is part of the format and must never change.

const BITS_PER_KEY: usize = 12;
const PROBES: u8 = 7;
const LINE_LEN: usize = 64;
const BITS_PER_PROBE: u32 = 9;
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
    let lines = (hashes.len() * BITS_PER_KEY).div_ceil(LINE_LEN * 8).max(1);
    let mut bytes = vec![0; lines * LINE_LEN];
    for hash in hashes {
        let line = line_of(lines, *hash) * LINE_LEN;
        if let Some(line) = bytes.get_mut(line..line + LINE_LEN) {
            set(line, *hash);
        }
    }
    bytes.push(PROBES);
    bytes
}

fn set(line: &mut [u8], hash: u64) {
    for (byte, mask) in places(PROBES, hash) {
        if let Some(byte) = line.get_mut(byte) {
            *byte |= mask;
        }
    }
}

/// Whether a key with this hash may be among them. A filter that is no filter excludes nothing.
pub fn may_contain(filter: &[u8], hash: u64) -> bool {
    let Some((probes, lines)) = filter.split_last() else { return true };
    let line = line_of(lines.len() / LINE_LEN, hash) * LINE_LEN;
    let Some(line) = lines.get(line..line + LINE_LEN) else { return true };
    places(*probes, hash).all(|(byte, mask)| line.get(byte).is_none_or(|byte| byte & mask != 0))
}

/// The upper half of the hash, as a fraction of 2^32.
fn line_of(lines: usize, hash: u64) -> usize {
    let line = (u128::from(hash >> 32) * u128::from(crate::local::reader::u64_of(lines))) >> 32;
    usize::try_from(line).unwrap_or(usize::MAX)
}

/// Nine bits of the hash, mixed once more, for each probe; seven probes use them up.
fn places(probes: u8, hash: u64) -> impl Iterator<Item = (usize, u8)> {
    let mixed = mix(hash ^ MULTIPLIER);
    (0..u32::from(probes.min(PROBES))).map(move |probe| {
        let bit = (mixed >> (probe * BITS_PER_PROBE)) & 0x1FF;
        (usize::try_from(bit / 8).unwrap_or(usize::MAX), 1 << (bit % 8))
    })
}

#[cfg(test)]
mod tests {
    use super::{LINE_LEN, build, hash, may_contain};

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
        let mut empty_line = [0; LINE_LEN + 1];
        empty_line[LINE_LEN] = 255;
        assert!(!may_contain(&empty_line, u64::MAX));
    }
}
