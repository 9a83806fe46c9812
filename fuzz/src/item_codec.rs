//! Items as they lie in the engine.

use bytes::Bytes;
use dynamodb::value::codec::{EncodedItem, decode, encode};

/// What decodes is encoded as bytes that decode to the same item, and its size is told without decoding.
///
/// # Panics
/// Where it is not.
pub fn run(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    if let Ok(encoded) = EncodedItem::new(bytes.clone()) {
        let _some = encoded.decode_attributes(|name| name.len() % 2 == 0);
    }
    let Ok(item) = decode(&bytes) else { return };
    let again = encode(&item);
    assert_eq!(decode(&again).expect("what was encoded decodes"), item);
}
