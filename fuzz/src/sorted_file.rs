//! Blocks, compressed or not, indexes, filters and properties of sorted files, as if they had been decrypted: the first byte
//! chooses, the second tells how long the key is that is searched for.

use engine::local::decode;

/// No bytes make a decoder panic.
pub fn run(data: &[u8]) {
    let [kind, key_len, rest @ ..] = data else { return };
    let (key, bytes) = rest.split_at(usize::from(*key_len).min(rest.len()));
    let _well = match kind % 5 {
        0 => decode::block(bytes, key),
        1 => decode::index_value(bytes),
        2 => decode::filter(bytes, key),
        4 => decode::compressed_block(bytes),
        _ => decode::properties(bytes),
    };
}
