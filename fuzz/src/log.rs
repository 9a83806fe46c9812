//! The engine's log, manifests, checkpoints and headers, as if they had been decrypted: the first byte chooses, the rest is
//! decoded.

use engine::local::decode;

/// No bytes make a decoder panic.
pub fn run(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    let _well = match kind % 9 {
        0 => decode::header(bytes),
        1 => decode::frame_header(bytes),
        2 => decode::log_record(bytes),
        3 => decode::log_part(bytes),
        4 => decode::parked_body(bytes),
        5 => decode::manifest_body(bytes),
        6 => decode::store_body(bytes),
        7 => decode::checkpoint_body(bytes),
        _ => decode::checkpoint_files(bytes),
    };
}
