//! Beacons beside items, and queries rewritten to ask for them, under a configuration's `[search]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use item_encryption_beacons::{Beacons, Search};
use item_encryption_format::{TableConfig, Value};
use item_encryption_keyrings::cache::Cache;
use item_encryption_keyrings::clock::SystemClock;
use item_encryption_keyrings::{KeyStore, KeyringError};

use crate::codec::ItemError;
use crate::config::search::SearchSection;
use crate::config::{Config, ConfigError, FormName, Format, KeySource};
use crate::connect::Connect;
use crate::json::Item;
use crate::keyrings::{key_store_of, limits};

/// What the names of beacons' own attributes begin with.
const BEACON_PREFIX: &str = "aws_dbe_b_";

/// The beacons of one table under their keys.
pub struct Finder {
    pub(crate) declared: Arc<Search>,
    keys: Keys,
    /// Forms of items that have no beacons and are read all the same.
    pub(crate) beaconless: Option<FormName>,
}

/// Whose beacon keys there are.
enum Keys {
    One(Arc<Beacons>),
    /// By the value of the key field.
    AtHand(BTreeMap<String, Arc<Beacons>>),
    /// Of the branch key that serves all items, else of the one that the key field names.
    Stored {
        store: Arc<KeyStore>,
        id: Option<String>,
        kept: Cache<String, Beacons>,
    },
}

impl Finder {
    /// Of a configuration that has a `[search]`.
    ///
    /// # Errors
    /// Where it has none, or one that AWS's rules do not allow.
    pub fn new(config: &Config, connect: &dyn Connect) -> Result<Self, ConfigError> {
        let missing =
            || ConfigError::new("the configuration has no [search], which says what beacons there are");
        Self::of(config, config.search.as_ref().ok_or_else(missing)?, connect)
            .map_err(|error| ConfigError(format!("[search]: {error}")))
    }

    fn of(config: &Config, section: &SearchSection, connect: &dyn Connect) -> Result<Self, ConfigError> {
        if config.format == Format::Legacy {
            return Err(ConfigError::new("the legacy format has no beacons"));
        }
        let declared = Search::new(&section.declared()?, &config.table());
        let declared = Arc::new(declared.map_err(|error| ConfigError(error.to_string()))?);
        let keys = keys(config, section, &declared, connect)?;
        let reads = [FormName::Plaintext, FormName::Legacy].into_iter();
        let beaconless = reads.into_iter().find(|form| config.read_policy.contains(form));
        Ok(Self { declared, keys, beaconless })
    }

    /// The table, with the attributes of signed beacons.
    #[must_use]
    pub fn table(&self) -> &TableConfig {
        self.declared.table()
    }

    /// The beacons of an item in clear, in one of the partitions, from 0: those that stand beside it, and the signed ones
    /// among its own attributes.
    ///
    /// # Errors
    /// [`ItemError`].
    pub async fn beacons_of(&self, mut item: Item, partition: u8) -> Result<Item, ItemError> {
        if partition >= self.declared.partitions() {
            let most = self.declared.partitions() - 1;
            return Err(ItemError::Configuration(format!(
                "partitions here are 0 to {most}, not {partition}"
            )));
        }
        let known: Vec<String> = item.keys().cloned().collect();
        let mut beacons = self.beside(&mut item, partition).await?;
        item.retain(|name, _| !known.contains(name) || self.declared.is_signed_beacon(name));
        beacons.extend(item);
        Ok(beacons)
    }

    /// Adds the signed beacons to an item that is to be encrypted; answers what is to stand beside it then.
    pub(crate) async fn added(&self, item: &mut Item) -> Result<Item, ItemError> {
        let partition = self.declared.draw_partition()?;
        self.beside(item, partition).await
    }

    async fn beside(&self, item: &mut Item, partition: u8) -> Result<Item, ItemError> {
        self.declared.add_signed(item)?;
        let beacons = self.under(self.declared.key_id_of(item)?).await?;
        Ok(beacons.attributes(item, partition)?.into_iter().collect())
    }

    /// The beacons of a stored item that are not those of its values in any one partition, by name: queries lose the
    /// item by them.
    ///
    /// # Errors
    /// [`ItemError`].
    pub async fn wrong_beacons(&self, stored: &Item, opened: &Item) -> Result<Vec<String>, ItemError> {
        let beacons = self.under(self.declared.key_id_of(opened)?).await?;
        let mut fewest = None;
        for partition in 0..self.declared.partitions() {
            let wrong = differing(stored, &beacons.attributes(opened, partition)?.into_iter().collect());
            if wrong.is_empty() {
                return Ok(wrong);
            }
            if fewest.as_ref().is_none_or(|fewest: &Vec<String>| wrong.len() < fewest.len()) {
                fewest = Some(wrong);
            }
        }
        Ok(fewest.unwrap_or_default())
    }

    /// The beacons under the key of a tenant, or under the one for all.
    pub(crate) async fn under(&self, tenant: Option<String>) -> Result<Arc<Beacons>, ItemError> {
        match (&self.keys, tenant) {
            (Keys::One(beacons), _) => Ok(Arc::clone(beacons)),
            (Keys::AtHand(all), tenant) => {
                let tenant = tenant.unwrap_or_default();
                let known = all.get(&tenant).map(Arc::clone);
                known.ok_or_else(|| {
                    ItemError::Configuration(format!("search.beacon-keys has no key for {tenant:?}; add it"))
                })
            }
            (Keys::Stored { store, id, kept }, tenant) => {
                let id = id.clone().or(tenant).unwrap_or_default();
                let (store, declared, wanted) = (Arc::clone(store), Arc::clone(&self.declared), id.clone());
                let fetch = || async move {
                    let key = store.beacon_key(&wanted).await?;
                    Beacons::new(declared, &*key).map_err(KeyringError::from)
                };
                Ok(kept.get(&id, fetch).await?)
            }
        }
    }
}

fn differing(stored: &Item, due: &Item) -> Vec<String> {
    let own = |name: &&String| name.starts_with(BEACON_PREFIX);
    let strange = stored.keys().filter(own).filter(|name| !due.contains_key(*name));
    let missing =
        due.iter().filter(|(name, value)| !stored.get(*name).is_some_and(|found| same(found, value)));
    strange.chain(missing.map(|(name, _)| name)).cloned().collect()
}

/// Sets have no order.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Ss(one), Value::Ss(other)) => {
            one.len() == other.len() && one.iter().all(|text| other.contains(text))
        }
        _ => one == other,
    }
}

fn keys(
    config: &Config,
    section: &SearchSection,
    declared: &Arc<Search>,
    connect: &dyn Connect,
) -> Result<Keys, ConfigError> {
    let made = |name: &str, source: &KeySource| {
        let beacons = Beacons::new(Arc::clone(declared), &config.key(name, source)?);
        Ok(Arc::new(beacons.map_err(|error| ConfigError(format!("{name}: {error}")))?))
    };
    let SearchSection { beacon_key, beacon_keys, branch_key_id, key_field_name, .. } = section;
    let given = (beacon_key, beacon_keys.is_empty(), branch_key_id, key_field_name);
    match given {
        (Some(source), true, None, None) => Ok(Keys::One(made("beacon-key", source)?)),
        (None, false, None, Some(_)) => {
            let made = |(tenant, source): (&String, _)| {
                Ok((tenant.clone(), made(&format!("beacon-keys.{tenant}"), source)?))
            };
            Ok(Keys::AtHand(beacon_keys.iter().map(made).collect::<Result<_, ConfigError>>()?))
        }
        (None, true, Some(_), None) | (None, true, None, Some(_)) => {
            let (store, limits_of) = key_store_of(config, section.key_store.as_ref(), connect)?;
            let kept = Cache::new(limits(limits_of.0, limits_of.1)?, Arc::new(SystemClock::new()));
            Ok(Keys::Stored { store: Arc::new(store), id: branch_key_id.clone(), kept })
        }
        _ => Err(ConfigError::new(
            "say whose beacon key is used, in one of four ways: beacon-key (one at hand), branch-key-id (one of the key \
             store), key-field-name with beacon-keys (several at hand), key-field-name alone (several of the key store)",
        )),
    }
}
