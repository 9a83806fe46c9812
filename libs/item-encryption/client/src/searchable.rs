//! A codec that writes beacons beside items, and finds items by them.

use std::sync::Arc;

use item_encryption_beacons::{Asked as Wanted, Beacons, Query, Search as Declared};
use item_encryption_format::{AttributeValue, TableConfig};

use crate::codec::{Answer, Item, ItemCodec, ItemError, Opened};
use crate::search::{Asked, Fits, Rewritten, Search};
use crate::soundness::Unsound;

/// A codec with the beacons of its table.
pub struct Searchable<C> {
    codec: C,
    declared: Arc<Declared>,
    beacons: Arc<Beacons>,
}

impl<C> Searchable<C> {
    /// A codec whose table is [`Declared::table`], and its beacons under one key for all items.
    pub fn new(codec: C, declared: Arc<Declared>, beacons: Arc<Beacons>) -> Self {
        Self { codec, declared, beacons }
    }
}

impl<V: AttributeValue + Clone + Send + Sync + 'static, C: ItemCodec<V>> ItemCodec<V> for Searchable<C> {
    fn encrypt(&self, mut item: Item<V>) -> Answer<'_, Item<V>> {
        Box::pin(async move {
            let partition = self.declared.draw_partition().map_err(refused)?;
            self.declared.add_signed(&mut item).map_err(refused)?;
            let beacons = self.beacons.attributes(&item, partition).map_err(refused)?;
            let mut sealed = self.codec.encrypt(item).await?;
            sealed.extend(beacons);
            Ok(sealed)
        })
    }

    fn decrypt(&self, item: Item<V>) -> Answer<'_, Opened<V>> {
        self.codec.decrypt(item)
    }

    fn table(&self) -> &TableConfig {
        self.codec.table()
    }
}

impl<V: AttributeValue + Clone + Send + Sync + 'static, C: Send + Sync> Search<V> for Searchable<C> {
    fn rewrite(&self, asked: Asked<V>) -> Result<Rewritten<V>, Unsound> {
        let Asked { index, key_condition, filter, names, values } = asked;
        let query = Query { key_condition, filter, projection: None, names, values };
        let queries = self.beacons.rewrite(&query).map_err(unanswered)?;
        let requests = queries.into_iter().map(|query| {
            let Query { key_condition, filter, names, values, .. } = query;
            Asked { index: index.clone(), key_condition, filter, names, values }
        });
        let requests = requests.collect();
        let wanted = Wanted::new(Arc::clone(&self.declared), query).map_err(unanswered)?;
        let fits: Fits<V> = Box::new(move |item| wanted.matches(item).map_err(unanswered));
        Ok(Rewritten { requests, fits: Some(fits) })
    }
}

fn refused(error: item_encryption_beacons::ItemError) -> ItemError {
    ItemError::Other(error.to_string())
}

fn unanswered(error: item_encryption_beacons::QueryError) -> Unsound {
    Unsound::Search(error.to_string())
}
