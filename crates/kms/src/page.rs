//! Paging: `Limit`, `Marker`, `NextMarker`, `Truncated`.
//!
//! A marker is the position of the last element told, with a code over it and over the list it belongs to:
//! one that this server did not make, or made for another list, is refused.
//!
//! ```text
//!  base64url( 16 B code │ position )      code = HMAC-SHA-256(marker key, 8 B length │ list │ position), cut
//! ```

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use crypto::{HmacKey, SecretKey, constant_time_eq};
use service::Fields;

use crate::error::KmsError;

const CODE_LEN: usize = 16;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many elements.
    pub limit: usize,
    /// Where the last page ended.
    pub marker: Option<String>,
}

impl PageRequest {
    /// Reads `Limit` and `Marker`. A `Limit` above what the operation gives at once (`most`) gives that.
    pub fn members(fields: &mut Fields<'_>, default: usize, most: usize) -> Self {
        let limit = fields.integer("Limit").range(1..=1000).optional();
        let marker = fields.string("Marker").length(1..=1024).optional();
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default);
        Self { limit: limit.min(most), marker: marker.map(String::from) }
    }
}

/// A page of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its elements.
    pub elements: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next_marker: Option<String>,
}

/// Makes and reads markers.
pub struct Markers(HmacKey);

impl Markers {
    /// Markers under `key`.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        Self(HmacKey::new(key.expose()))
    }

    /// The position behind which a page begins.
    ///
    /// # Errors
    /// [`KmsError::InvalidMarker`].
    pub fn position(&self, list: &str, marker: Option<&str>) -> Result<Option<String>, KmsError> {
        let Some(marker) = marker else { return Ok(None) };
        match self.read(list, marker) {
            Some(position) => Ok(Some(position)),
            None => Err(KmsError::InvalidMarker(format!("Could not deserialize marker '{marker}'"))),
        }
    }

    /// The first `limit` of `elements`, which come with their positions.
    pub fn page<T>(
        &self,
        list: &str,
        limit: usize,
        elements: impl IntoIterator<Item = (String, T)>,
    ) -> Page<T> {
        let mut elements = elements.into_iter().peekable();
        let mut page = Page { elements: Vec::new(), next_marker: None };
        while let Some((position, element)) = elements.next() {
            page.elements.push(element);
            if page.elements.len() >= limit {
                page.next_marker = elements.peek().map(|_| self.marker(list, &position));
                break;
            }
        }
        page
    }

    fn marker(&self, list: &str, position: &str) -> String {
        let mut bytes = self.code(list, position).to_vec();
        bytes.extend_from_slice(position.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read(&self, list: &str, marker: &str) -> Option<String> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(marker).ok()?;
        let (code, position) = bytes.split_first_chunk::<CODE_LEN>()?;
        let position = std::str::from_utf8(position).ok()?;
        constant_time_eq(code, &self.code(list, position)).then(|| position.to_owned())
    }

    fn code(&self, list: &str, position: &str) -> [u8; CODE_LEN] {
        let len = (list.len() as u64).to_be_bytes();
        let code = self.0.sign(&[&len, list.as_bytes(), position.as_bytes()]);
        *code.first_chunk().expect("a code of 32 bytes is longer than its cut")
    }
}

#[cfg(test)]
mod tests {
    use super::{Markers, Page};
    use crypto::SecretKey;

    fn markers() -> Markers {
        Markers::new(&SecretKey::take(&mut [3; 32]))
    }

    fn page(limit: usize) -> Page<u8> {
        markers().page("ListKeys", limit, [("a".to_owned(), 1), ("b".to_owned(), 2)])
    }

    #[test]
    fn the_last_page_has_no_marker() {
        assert_eq!(page(2), Page { elements: vec![1, 2], next_marker: None });
        assert_eq!(page(3).next_marker, None);
    }

    #[test]
    fn a_marker_is_good_for_its_list_only() {
        let marker = page(1).next_marker.unwrap();
        assert_eq!(markers().position("ListKeys", Some(&marker)).unwrap().as_deref(), Some("a"));
        assert!(markers().position("ListAliases", Some(&marker)).is_err());
        assert!(markers().position("ListKeys", Some("made up")).is_err());
        assert!(markers().position("ListKeys", Some("")).is_err());
        let other = Markers::new(&SecretKey::take(&mut [4; 32]));
        assert!(other.position("ListKeys", Some(&marker)).is_err());
    }
}
