//! The digest of a sorted file, by which a manifest knows it.
//!
//! Over the header and the tags of all blocks in the order of their offsets, not over all bytes: each block is
//! authenticated under a key of this file, at its offset, so its tag stands for it. Digesting every byte would
//! cost twice what encrypting it does, and tell no more to anyone without the key.

use crypto::{Sha256, TAG_LEN};

use crate::local::header::FileHeader;

/// A digest in the making.
pub struct TagDigest(Sha256);

impl TagDigest {
    /// Of a file with this header and no block yet.
    pub fn new(header: &FileHeader) -> Self {
        let mut digest = Sha256::new();
        digest.update(&header.encode());
        Self(digest)
    }

    /// Takes the tag of the next block.
    pub fn add(&mut self, tag: &[u8; TAG_LEN]) {
        self.0.update(tag);
    }

    /// The digest of them all.
    pub fn finish(&mut self) -> [u8; 32] {
        std::mem::take(&mut self.0).finish()
    }
}
