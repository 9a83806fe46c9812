//! Request bodies, and items in them.

use dynamodb::value::json::read_item;
use service::Node;

/// What reads as an item is written as text that reads as the same item.
///
/// # Panics
/// Where it is not.
pub fn run(data: &[u8]) {
    let Ok(object) = Node::parse_object(data) else { return };
    let Ok(unchecked) = read_item(object) else { return };
    let Ok(item) = unchecked.checked() else { return };
    let written = serde_json::to_vec(&item).expect("an item is written");
    let again = Node::parse_object(&written).expect("what was written is JSON");
    let again = read_item(again).expect("and an item").checked().expect("whose values are well");
    assert_eq!(again, item);
}
