//! All tables: a map in memory over records in the engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Table;

/// All tables.
#[derive(Default)]
pub struct Catalog {
    tables: RwLock<BTreeMap<String, Arc<Table>>>,
}

impl Catalog {
    /// The table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.read().get(name).cloned()
    }
}
