//! Decoders of everything the engine reads from disk, over any bytes and without keys: for fuzzing, and for
//! tools that look at files. Each answers whether the bytes are of their format, and never panics.
//!
//! What is encrypted is decoded here as if its decryption had given these bytes; the decoders are the ones
//! the engine uses.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use env::Disk;

use super::compression::Compression;
pub use super::header::{FileHeader, FileKind, HEADER_LEN};
use super::log::{part, record};
use super::sorted_file::block::BlockCursor;
use super::sorted_file::{filter, layout};
use super::{checkpoint, manifest, parked, store_record};
use crate::{EngineError, Result};

/// The header of any file.
#[must_use]
pub fn header(bytes: &[u8]) -> bool {
    FileHeader::decode(bytes).is_ok()
}

/// The header of a frame of the log.
#[must_use]
pub fn frame_header(bytes: &[u8]) -> bool {
    record::FrameHeader::decode(bytes).is_ok()
}

/// A record of the log, its outer encryption taken off.
#[must_use]
pub fn log_record(bytes: &[u8]) -> bool {
    record::decode_record(bytes).is_ok()
}

/// A keyspace's part of a record, decrypted.
#[must_use]
pub fn log_part(bytes: &[u8]) -> bool {
    part::decode_part(&Bytes::copy_from_slice(bytes)).is_ok()
}

/// A parked file's body.
#[must_use]
pub fn parked_body(bytes: &[u8]) -> bool {
    parked::decode(bytes).is_ok()
}

/// The file `store`'s body.
#[must_use]
pub fn store_body(bytes: &[u8]) -> bool {
    store_record::StoreRecord::decode(bytes).is_ok()
}

/// A checkpoint's descriptor's body.
#[must_use]
pub fn checkpoint_body(bytes: &[u8]) -> bool {
    checkpoint::descriptor::decode(bytes).is_ok()
}

/// What lies before a descriptor's body, behind its header.
#[must_use]
pub fn checkpoint_files(bytes: &[u8]) -> bool {
    checkpoint::descriptor::decode_list(bytes).is_ok()
}

/// A manifest's body.
#[must_use]
pub fn manifest_body(bytes: &[u8]) -> bool {
    manifest::decode(bytes).is_ok()
}

/// A block of a sorted file, walked forward, backward, and searched for `key`.
#[must_use]
pub fn block(bytes: &[u8], key: &[u8]) -> bool {
    walk(Bytes::copy_from_slice(bytes), key).is_ok()
}

fn walk(block: Bytes, key: &[u8]) -> std::result::Result<(), super::reader::BadBytes> {
    // Restarts that point anywhere could make a walk go round; each entry takes four bytes at least.
    let most = block.len() / 4 + 1;
    let mut cursor = BlockCursor::new(block)?;
    cursor.first()?;
    for _ in 0..most {
        cursor.next()?;
    }
    cursor.last()?;
    for _ in 0..most {
        cursor.prev()?;
    }
    cursor.seek(key, u64::MAX)?;
    let _value = cursor.value();
    Ok(())
}

/// The value of an entry of an index block, and of the top block.
#[must_use]
pub fn index_value(bytes: &[u8]) -> bool {
    layout::decode_data_handle(Some(bytes)).is_ok() | layout::Run::decode(Some(bytes)).is_ok()
}

/// A data block that was compressed, either way.
#[must_use]
pub fn compressed_block(bytes: &[u8]) -> bool {
    let is_one = |compression: Compression| compression.decompress(bytes.to_vec()).is_ok();
    is_one(Compression::Lz4) | is_one(Compression::Zstd)
}

/// A filter, asked for a key; any bytes are one.
#[must_use]
pub fn filter(bytes: &[u8], key: &[u8]) -> bool {
    filter::may_contain(bytes, filter::hash(key))
}

/// A sorted file's properties, and its footer.
#[must_use]
pub fn properties(bytes: &[u8]) -> bool {
    layout::Properties::decode(bytes).is_ok() | layout::Footer::decode(bytes).is_ok()
}

/// The header of every file of a store that has one, without any key: its salt, file id and epoch tell which
/// keys it is under. A (salt, file id) never repeats.
///
/// # Errors
/// [`EngineError::Io`].
pub fn file_headers(disk: &dyn Disk, store: &Path) -> Result<Vec<(PathBuf, FileHeader)>> {
    let io = |source| EngineError::io("listing the store", source);
    let mut folders = vec![store.to_owned(), store.join("log")];
    for parent in ["keyspaces", "checkpoints"].map(|name| store.join(name)) {
        if disk.exists(&parent).map_err(io)? {
            folders.extend(disk.list(&parent).map_err(io)?);
        }
    }
    let mut headers = Vec::new();
    for folder in folders {
        for path in disk.list(&folder).map_err(io)? {
            headers.extend(header_of(disk, &path).map(|header| (path, header)));
        }
    }
    Ok(headers)
}

fn header_of(disk: &dyn Disk, path: &Path) -> Option<FileHeader> {
    let mut bytes = [0; HEADER_LEN];
    disk.open(path).ok()?.read_exact_at(&mut bytes, 0).ok()?;
    FileHeader::decode(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use env::{Random, SeededRandom};

    #[test]
    fn no_bytes_make_a_decoder_panic() {
        let random = SeededRandom::new(1);
        for _ in 0..20_000 {
            let mut bytes = vec![0; random.below(200) as usize];
            random.fill(&mut bytes);
            // Small numbers get further into a format than large ones.
            let mask = random.below(8) as u32;
            bytes.iter_mut().for_each(|byte| *byte >>= mask);
            let _answers = [
                super::header(&bytes),
                super::frame_header(&bytes),
                super::log_record(&bytes),
                super::log_part(&bytes),
                super::parked_body(&bytes),
                super::manifest_body(&bytes),
                super::store_body(&bytes),
                super::checkpoint_body(&bytes),
                super::checkpoint_files(&bytes),
                super::block(&bytes, b"key"),
                super::index_value(&bytes),
                super::compressed_block(&bytes),
                super::filter(&bytes, b"key"),
                super::properties(&bytes),
            ];
        }
    }
}
