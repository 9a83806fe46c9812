//! The attributes that stand beside an encrypted item.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use item_encryption_format::beacon::{Beacon, attribute};
use item_encryption_format::{AttributeValue, Parts, View};

use crate::error::ItemError;
use crate::search::{PartSource, Search, Standard, Stored};
use crate::values::Found;

/// The attribute that says which version an item's beacons are, and its value.
const VERSION: (&str, &str) = ("aws_dbe_v_1", " ");

/// The beacons of a table under a beacon key.
pub struct Beacons {
    pub(crate) search: Arc<Search>,
    hashes: BTreeMap<String, Beacon>,
}

impl Search {
    /// Adds the signed beacons to an item that is to be encrypted.
    ///
    /// # Errors
    /// [`ItemError`]: an item that already has other values there.
    pub fn add_signed<V: AttributeValue>(&self, item: &mut HashMap<String, V>) -> Result<(), ItemError> {
        for beacon in self.compound.values().filter(|beacon| beacon.is_signed()) {
            let composed = self.composed(beacon, item, |of, _| unsigned_part(of))?;
            let found = item.get(&beacon.name).map(AttributeValue::view);
            match (composed, found) {
                (Some(text), None) => drop(item.insert(beacon.name.clone(), V::from_parts(Parts::S(text)))),
                (Some(text), Some(View::S(found))) if text == found => {}
                (None, None) => {}
                _ => return Err(ItemError::Differs(beacon.name.clone())),
            }
        }
        Ok(())
    }

    /// The partition of an item that is written: random, so that equal values spread over all of them.
    ///
    /// # Errors
    /// Where the system has no random bytes.
    pub fn draw_partition(&self) -> Result<u8, ItemError> {
        let mut random = [0; 8];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| item_encryption_format::Error::Cipher)?;
        let drawn = u64::from_be_bytes(random) % u64::from(self.partitions);
        Ok(u8::try_from(drawn).unwrap_or_default())
    }

    /// Whose beacon key an item is under, where each tenant has one.
    ///
    /// # Errors
    /// [`ItemError::NoKeyField`].
    pub fn key_id_of<V: AttributeValue>(
        &self,
        item: &HashMap<String, V>,
    ) -> Result<Option<String>, ItemError> {
        let Some(field) = &self.key_field else { return Ok(None) };
        match item.get(field).map(AttributeValue::view) {
            Some(View::S(id)) => Ok(Some(id.to_owned())),
            _ => Err(ItemError::NoKeyField(field.clone())),
        }
    }
}

/// Never reached: signed beacons have signed parts only.
fn unsigned_part(of: &Standard) -> Result<String, ItemError> {
    Err(ItemError::Value { beacon: of.name.clone(), reason: "it is not signed" })
}

impl Beacons {
    /// The beacons of a table under a beacon key.
    ///
    /// # Errors
    /// Where the cipher library fails.
    pub fn new(search: Arc<Search>, beacon_key: &[u8]) -> Result<Self, item_encryption_format::Error> {
        let hash = |of: &Standard| Ok((of.name.clone(), Beacon::new(&of.hashed_as, of.bits, beacon_key)?));
        let hashes =
            search.standard.values().map(hash).collect::<Result<_, item_encryption_format::Error>>()?;
        Ok(Self { search, hashes })
    }

    /// The table's beacons without their key.
    #[must_use]
    pub fn search(&self) -> &Search {
        &self.search
    }

    /// What stands beside an item in clear `item`, once it is encrypted, in one of the table's partitions.
    ///
    /// # Errors
    /// [`ItemError`].
    pub fn attributes<V: AttributeValue>(
        &self,
        item: &HashMap<String, V>,
        partition: u8,
    ) -> Result<Vec<(String, V)>, ItemError> {
        let mut attributes = Vec::new();
        for beacon in self.search.standard.values().filter(|beacon| beacon.stored != Stored::InCompounds) {
            if let Some(value) = self.search.source(beacon, item)? {
                let parts = self.stored(beacon, &value, partition)?;
                attributes.push((attribute(&beacon.name), V::from_parts(parts)));
            }
        }
        for beacon in self.search.compound.values().filter(|beacon| !beacon.is_signed()) {
            let hashed = |of: &Standard, value: &Found<'_, V>| self.hashed(of, value.view(), partition);
            if let Some(text) = self.search.composed(beacon, item, hashed)? {
                attributes.push((beacon.attribute(), V::from_parts(Parts::S(text))));
            }
        }
        let (name, text) = VERSION;
        attributes.push((name.to_owned(), V::from_parts(Parts::S(text.to_owned()))));
        Ok(attributes)
    }

    fn stored<V: AttributeValue>(
        &self,
        beacon: &Standard,
        value: &Found<'_, V>,
        partition: u8,
    ) -> Result<Parts<V>, ItemError> {
        match beacon.stored {
            Stored::AsSet => Ok(Parts::Ss(self.hashed_set(beacon, &value.view(), partition)?)),
            _ => Ok(Parts::S(self.hashed(beacon, value.view(), partition)?)),
        }
    }

    /// The beacon of a value. A compound's part is hashed as it is on its own.
    pub(crate) fn hashed<V: AttributeValue>(
        &self,
        beacon: &Standard,
        view: View<'_, V>,
        partition: u8,
    ) -> Result<String, ItemError> {
        Ok(self.hash(beacon)?.of_view(view, partition % beacon.partitions)?)
    }

    /// The beacon of a part in a query, whose text is all that is known.
    pub(crate) fn hashed_text(
        &self,
        beacon: &Standard,
        text: &str,
        partition: u8,
    ) -> Result<String, ItemError> {
        Ok(self.hash(beacon)?.of_text(text, partition % beacon.partitions))
    }

    /// The beacons of a set's elements: different elements may have the same one.
    pub(crate) fn hashed_set<V: AttributeValue>(
        &self,
        beacon: &Standard,
        view: &View<'_, V>,
        partition: u8,
    ) -> Result<Vec<String>, ItemError> {
        let hash = |view: View<'_, V>| self.hashed(beacon, view, partition);
        let hashed: Result<Vec<_>, _> = match view {
            View::Ss(set) => set.iter().map(|text| hash(View::S(text))).collect(),
            View::Ns(set) => set.iter().map(|text| hash(View::N(text))).collect(),
            View::Bs(set) => set.iter().map(|bytes| hash(View::B(bytes))).collect(),
            _ => Err(ItemError::Value { beacon: beacon.name.clone(), reason: "its value is not a set" }),
        };
        let mut hashed = hashed?;
        hashed.sort_unstable();
        hashed.dedup();
        Ok(hashed)
    }

    fn hash(&self, beacon: &Standard) -> Result<&Beacon, ItemError> {
        let reason = "there is no such beacon";
        self.hashes.get(&beacon.name).ok_or_else(|| ItemError::Value { beacon: beacon.name.clone(), reason })
    }

    /// The standard beacon behind an encrypted part.
    pub(crate) fn behind(&self, source: &PartSource) -> Option<&Standard> {
        match source {
            PartSource::Encrypted(name) => self.search.standard.get(name),
            PartSource::Signed(_) => None,
        }
    }
}
