//! A codec that writes beacons beside items, and finds items by them.

use std::collections::HashMap;
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
    keys: Keys,
}

/// Beacons under their keys.
enum Keys {
    One(Arc<Beacons>),
    Tenants(HashMap<String, Arc<Beacons>>),
}

impl<C> Searchable<C> {
    /// A codec whose table is [`Declared::table`], and its beacons under one key for all items.
    pub fn new(codec: C, declared: Arc<Declared>, beacons: Arc<Beacons>) -> Self {
        Self { codec, declared, keys: Keys::One(beacons) }
    }

    /// The same where each tenant's beacons have a key of their own, by the value of the key field. Whose they are
    /// is read from an item, and from what a request asks of that field.
    pub fn of_tenants(codec: C, declared: Arc<Declared>, beacons: HashMap<String, Arc<Beacons>>) -> Self {
        Self { codec, declared, keys: Keys::Tenants(beacons) }
    }

    fn beacons(&self, tenant: Option<String>) -> Result<&Beacons, String> {
        match (tenant, &self.keys) {
            (None, Keys::One(beacons)) => Ok(beacons),
            (Some(tenant), Keys::Tenants(beacons)) => beacons
                .get(&tenant)
                .map(Arc::as_ref)
                .ok_or_else(|| format!("there is no beacon key for {tenant:?}")),
            (Some(_), Keys::One(_)) => {
                Err("the beacons have a key for each tenant: give them with Searchable::of_tenants"
                    .to_owned())
            }
            (None, Keys::Tenants(_)) => {
                Err("the beacons declare no key field: give their one key with Searchable::new".to_owned())
            }
        }
    }
}

impl<V: AttributeValue + Clone + Send + Sync + 'static, C: ItemCodec<V>> ItemCodec<V> for Searchable<C> {
    fn encrypt(&self, mut item: Item<V>) -> Answer<'_, Item<V>> {
        Box::pin(async move {
            let partition = self.declared.draw_partition().map_err(refused)?;
            self.declared.add_signed(&mut item).map_err(refused)?;
            let tenant = self.declared.key_id_of(&item).map_err(refused)?;
            let beacons = self.beacons(tenant).map_err(ItemError::Other)?;
            let beacons = beacons.attributes(&item, partition).map_err(refused)?;
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
        let tenant = self.declared.key_id_in(&query).map_err(unanswered)?;
        let queries = self.beacons(tenant).map_err(Unsound::Search)?.rewrite(&query).map_err(unanswered)?;
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use futures::executor::block_on;
    use item_encryption_beacons::config::{SearchConfig, StandardBeacon};
    use item_encryption_beacons::{Beacons, Search as Declared};
    use item_encryption_format::wrapping::RawAes;
    use item_encryption_format::{Action, TableConfig, Value};

    use super::Searchable;
    use crate::codec::{Item, ItemCodec, TableCodec};
    use crate::search::{Asked, Search};

    fn tenants() -> Searchable<TableCodec> {
        let table = TableConfig::new("Notes", "id", None)
            .action("tenant", Action::SignOnly)
            .action("body", Action::EncryptAndSign);
        let (standard, key_field) = (vec![StandardBeacon::new("body", 40)], Some("tenant".to_owned()));
        let config = SearchConfig { standard, key_field, ..SearchConfig::default() };
        let declared = Arc::new(Declared::new(&config, &table).unwrap());
        let key = RawAes::new("ours", "2026", vec![7; 32].into()).unwrap();
        let codec = TableCodec::new(declared.table().clone(), key);
        let beacons = |key: u8| Arc::new(Beacons::new(Arc::clone(&declared), &[key; 32]).unwrap());
        let keys = HashMap::from([("a".to_owned(), beacons(1)), ("b".to_owned(), beacons(2))]);
        Searchable::of_tenants(codec, declared, keys)
    }

    fn item(tenant: &str) -> Item<Value> {
        let text = |text: &str| Value::S(text.to_owned());
        [("id", "1"), ("tenant", tenant), ("body", "x")]
            .map(|(name, value)| (name.to_owned(), text(value)))
            .into()
    }

    fn asked(tenant: &str) -> Asked<Value> {
        let values = [(":t", tenant), (":x", "x")];
        let values = values.map(|(name, value)| (name.to_owned(), Value::S(value.to_owned()))).into();
        let filter = Some("tenant = :t AND body = :x".to_owned());
        Asked { index: None, key_condition: None, filter, names: HashMap::new(), values }
    }

    #[test]
    fn each_tenants_items_have_beacons_under_its_own_key_and_are_asked_for_by_it() {
        let searchable = tenants();
        let beacon = |tenant| block_on(searchable.encrypt(item(tenant))).unwrap()["aws_dbe_b_body"].clone();
        assert_ne!(beacon("a"), beacon("b"));
        for tenant in ["a", "b"] {
            let rewritten = searchable.rewrite(asked(tenant)).unwrap();
            assert_eq!(rewritten.requests[0].values[":x"], beacon(tenant));
        }
        assert!(block_on(searchable.encrypt(item("c"))).unwrap_err().to_string().contains("no beacon key"));
        assert!(searchable.rewrite(asked("c")).is_err());
    }
}
