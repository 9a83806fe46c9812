//! Memory of large commits, used again.
//!
//! A memtable holds the buffers its commits came in, and gives all of them back at once when it has become a file.
//! Asked for anew each time, their pages would be cleared by the system again and again, in the thread that commits:
//! that took longer than everything else such a commit does there. A buffer is wiped before it is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::wiped::wipe;

/// Smaller buffers are the allocator's, which is good at them.
const LEAST_LEN: usize = 32 << 10;
/// Buffers are as long as a multiple of this, so that they suit the next commit as well.
const STEP_LEN: usize = 64 << 10;

/// Buffers that nobody uses at present.
pub struct Buffers {
    free: Mutex<Free>,
    /// Kept at most, in bytes.
    limit: usize,
}

#[derive(Default)]
struct Free {
    by_capacity: BTreeMap<usize, Vec<Vec<u8>>>,
    bytes: usize,
}

impl Buffers {
    /// None yet, and never more than `limit` bytes of them.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { free: Mutex::default(), limit })
    }

    /// An empty buffer with room for `len` bytes.
    pub fn take(&self, len: usize) -> Vec<u8> {
        if len < LEAST_LEN {
            return Vec::with_capacity(len);
        }
        let kept = self.free.lock().take(len);
        kept.unwrap_or_else(|| Vec::with_capacity(len.next_multiple_of(STEP_LEN)))
    }

    /// `bytes` as a cheaply shared [`Bytes`], whose memory is wiped and kept when the last slice of it is dropped.
    pub fn share(self: &Arc<Self>, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { bytes, buffers: self.clone() })
    }

    /// Whether any is kept.
    pub fn holds_any(&self) -> bool {
        self.free.lock().bytes > 0
    }

    /// Gives all that is kept back to the allocator.
    pub fn release(&self) {
        *self.free.lock() = Free::default();
    }

    fn give_back(&self, mut bytes: Vec<u8>) {
        bytes.clear();
        let mut free = self.free.lock();
        if bytes.capacity() >= LEAST_LEN && free.bytes + bytes.capacity() <= self.limit {
            free.bytes += bytes.capacity();
            free.by_capacity.entry(bytes.capacity()).or_default().push(bytes);
        }
    }
}

impl Free {
    /// The smallest that has room, unless most of it would not be used.
    fn take(&mut self, len: usize) -> Option<Vec<u8>> {
        let longest = len.saturating_mul(2).max(STEP_LEN);
        let (_, buffers) =
            self.by_capacity.range_mut(len..=longest).find(|(_, buffers)| !buffers.is_empty())?;
        let buffer = buffers.pop()?;
        self.bytes -= buffer.capacity();
        Some(buffer)
    }
}

struct Lent {
    bytes: Vec<u8>,
    buffers: Arc<Buffers>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        wipe(&mut self.bytes);
        self.buffers.give_back(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::Buffers;

    #[test]
    fn a_large_buffer_is_used_again_when_its_last_slice_is_gone() {
        let buffers = Buffers::new(1 << 20);
        let mut bytes = buffers.take(100_000);
        bytes.resize(100_000, 7);
        let place = bytes.as_ptr();
        let tail = buffers.share(bytes).slice(50_000..);
        assert!(!buffers.holds_any());
        drop(tail);
        assert!(buffers.holds_any());
        let mut again = buffers.take(90_000);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        again.resize(again.capacity(), 1);
        assert!(!buffers.holds_any());
    }

    #[test]
    fn no_more_is_kept_than_told_and_nothing_after_a_release() {
        let buffers = Buffers::new(200_000);
        let shared: Vec<_> = (0..3).map(|_| buffers.share(buffers.take(100_000))).collect();
        drop(shared);
        assert_eq!(buffers.free.lock().bytes, 131_072);
        buffers.release();
        assert!(!buffers.holds_any());
    }

    #[test]
    fn a_buffer_much_too_long_is_left_for_others() {
        let buffers = Buffers::new(8 << 20);
        drop(buffers.share(buffers.take(4 << 20)));
        assert!(buffers.take(100_000).capacity() < 1 << 20);
        assert!(buffers.holds_any());
    }
}
