//! Plaintext that is wiped when its last holder lets go.

use bytes::Bytes;
use zeroize::Zeroizing;

/// `bytes` as a cheaply shared [`Bytes`] whose memory is overwritten when the last slice of it is dropped.
pub fn wiped(bytes: Vec<u8>) -> Bytes {
    Bytes::from_owner(Wiped(Zeroizing::new(bytes)))
}

struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
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
