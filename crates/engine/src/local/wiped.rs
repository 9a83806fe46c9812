//! Plaintext that is wiped when its last holder lets go.

use bytes::Bytes;
use zeroize::optimization_barrier;

/// `bytes` as a cheaply shared [`Bytes`] whose memory is overwritten when the last slice of it is dropped.
pub fn wiped(bytes: Vec<u8>) -> Bytes {
    Bytes::from_owner(Wiped(bytes))
}

struct Wiped(Vec<u8>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites plaintext.
pub fn wipe(bytes: &mut [u8]) {
    // A plain fill, which the barrier keeps from being left out: blocks come and go too often for the
    // byte-wise volatile writes of `Zeroize`, which take longer than decrypting the block does.
    bytes.fill(0);
    optimization_barrier(bytes);
}

#[cfg(test)]
mod tests {
    use super::wiped;

    #[test]
    fn a_slice_shares_the_memory() {
        let whole = wiped(vec![1, 2, 3]);
        let tail = whole.slice(1..);
        drop(whole);
        assert_eq!(&tail[..], [2, 3]);
    }
}
