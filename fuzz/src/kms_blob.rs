//! Ciphertext blobs that anybody may send to KMS.

use kms::blob::Blob;

/// A blob names its key and material, or is none.
///
/// # Panics
/// Where what it names is not what lies in it.
pub fn run(data: &[u8]) {
    let Ok(blob) = Blob::parse(data) else { return };
    assert!(data.windows(16).any(|window| window == blob.key_id.as_bytes()));
    assert!(data.windows(32).any(|window| window == blob.material_id.0));
}
