//! The seam for finding items by encrypted attributes: what an application asks is rewritten to what DynamoDB can be
//! asked, and items that came although they do not fit are dropped when they are decrypted.
//!
//! Without a [`Search`] such requests are refused (`crate::soundness`).

use std::collections::HashMap;

use crate::codec::Item;
use crate::soundness::Unsound;

/// What a query or a scan asks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked<V> {
    /// The index, where one is named.
    pub index: Option<String>,
    /// The key condition of a query.
    pub key_condition: Option<String>,
    /// The filter.
    pub filter: Option<String>,
    /// The expressions' names.
    pub names: HashMap<String, String>,
    /// The expressions' values.
    pub values: HashMap<String, V>,
}

/// Whether a decrypted item fits what was asked.
pub type Fits<V> = Box<dyn Fn(&Item<V>) -> Result<bool, Unsound> + Send + Sync>;

/// A request over the stored attributes.
pub struct Rewritten<V> {
    /// The requests whose answers together hold all that was asked for; at least one.
    pub requests: Vec<Asked<V>>,
    /// What decrypted items must fit; `None` where all fit that come.
    pub fits: Option<Fits<V>>,
}

/// Rewrites requests.
pub trait Search<V>: Send + Sync {
    /// What DynamoDB is to be asked.
    ///
    /// # Errors
    /// [`Unsound`] where the request has no such form.
    fn rewrite(&self, asked: Asked<V>) -> Result<Rewritten<V>, Unsound>;
}
