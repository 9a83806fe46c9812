//! What client-side encryption writes beside an item: the first byte chooses between the header and the
//! material description of the format before it.

use item_encryption_format::dbesdk::Header;
use item_encryption_format::legacy::description::{parse, serialized};

/// A description that reads is written as bytes that read as the same description.
///
/// # Panics
/// Where it is not.
pub fn run(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    if kind % 2 == 0 {
        let _header = Header::parse(bytes);
    } else if let Ok(description) = parse(bytes) {
        assert_eq!(parse(&serialized(&description)).expect("what was written reads"), description);
    }
}
