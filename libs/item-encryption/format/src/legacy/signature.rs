//! What is signed: digests of the table's name and of each signed attribute.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};

use super::serialize::{Order, write};
use super::{DESCRIPTION, SIGNATURE};
use crate::value::AttributeValue;
use crate::{Action, Error};

/// The string to sign of an item as it is stored. `table` is the name it is bound to; Java's client binds
/// items to the text `null` where it knows none.
///
/// # Errors
/// A value that has no bytes in the format.
pub fn string_to_sign<V: AttributeValue>(
    item: &HashMap<String, V>,
    action: impl Fn(&str) -> Action,
    table: Option<&str>,
    order: Order,
) -> Result<Vec<u8>, Error> {
    let mut names: Vec<&String> = item.keys().filter(|name| !is_special(name)).collect();
    names.sort_unstable_by(|one, other| order.texts(one, other));
    let table = format!("TABLE>{}<TABLE", table.unwrap_or("null"));
    let mut out = digest(&SHA256, table.as_bytes()).as_ref().to_vec();
    for name in names {
        let form: &[u8] = match action(name) {
            Action::DoNothing => continue,
            Action::EncryptAndSign => b"ENCRYPTED",
            _ => b"PLAINTEXT",
        };
        let value = item.get(name).map(AttributeValue::view).ok_or(Error::Cipher)?;
        let mut bytes = Vec::with_capacity(64);
        write(value, order, &mut bytes)
            .map_err(|reason| Error::UnsupportedValue { attribute: name.clone(), reason })?;
        for part in [name.as_bytes(), form, &bytes] {
            out.extend_from_slice(digest(&SHA256, part).as_ref());
        }
    }
    Ok(out)
}

/// Whether a name is one of the format's own, which nobody signs.
#[must_use]
pub fn is_special(name: &str) -> bool {
    name == DESCRIPTION || name == SIGNATURE
}
