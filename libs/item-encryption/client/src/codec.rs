//! Items in and out, under a configuration and a keyring.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use item_encryption_format::dbesdk::{SealedItem, encrypt, encryption_context};
use item_encryption_format::value::bytes_of;
use item_encryption_format::{AttributeValue, Error as FormatError, TableConfig};
use item_encryption_keyrings::{FreshMaterials, Keyring, KeyringError, MaterialsManager, SealedKeys};

use crate::policy::{Form, ReadPolicy};

/// An item, or a key: attributes by name.
pub type Item<V> = HashMap<String, V>;

/// What a codec answers, some time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ItemError>> + Send + 'a>>;

/// Why an item is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ItemError {
    /// By the format.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// By the keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// It is stored in a form that is not to be read.
    #[error("the item is {0}, which the read policy does not admit")]
    NotAdmitted(Form),
    /// It opens under none of the table names.
    #[error(
        "{cause}; it was tried as an item of {tried:?}: where the table was restored or renamed, add the name that its \
         items are bound to with read_as"
    )]
    DoesNotOpen {
        /// The names.
        tried: Vec<String>,
        /// What was wrong under the first of them.
        #[source]
        cause: Box<ItemError>,
    },
    /// For another reason, in words.
    #[error("{0}")]
    Other(String),
}

/// Encrypts and decrypts the items of one table.
pub trait ItemCodec<V: 'static>: Send + Sync {
    /// Encrypts and signs an item under the logical table name. An item that already has attributes of a format
    /// is refused.
    fn encrypt<'a>(&'a self, item: Item<V>) -> Answer<'a, Item<V>>;

    /// Verifies and decrypts a stored item of any form that the codec admits.
    fn decrypt<'a>(&'a self, item: Item<V>) -> Answer<'a, Opened<V>>;

    /// What happens to which attribute.
    fn table(&self) -> &TableConfig;
}

/// A decrypted item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened<V> {
    /// The item.
    pub item: Item<V>,
    /// How it was stored.
    pub form: Form,
    /// The table name it is bound to; `None` for plaintext.
    pub bound_to: Option<String>,
}

/// A codec of the current format, which may read the other forms too.
pub struct TableCodec {
    table: TableConfig,
    materials: Arc<dyn MaterialsManager>,
    policy: ReadPolicy,
}

impl TableCodec {
    /// The items of a table, under a keyring.
    pub fn new(table: TableConfig, keyring: impl Keyring + 'static) -> Self {
        Self::over(table, FreshMaterials(keyring))
    }

    /// The items of a table, whose data keys come from a manager: fresh ones, or some that serve for a while.
    pub fn over(table: TableConfig, materials: impl MaterialsManager + 'static) -> Self {
        Self { table, materials: Arc::new(materials), policy: ReadPolicy::current() }
    }

    /// Reads items that are bound to these names too: the old names of a restored or renamed table.
    #[must_use]
    pub fn read_as<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.table.read_as.extend(names.into_iter().map(Into::into));
        self
    }

    /// Reads these forms.
    #[must_use]
    pub fn read_policy(mut self, policy: ReadPolicy) -> Self {
        self.policy = policy;
        self
    }

    async fn seal<V: AttributeValue>(&self, item: Item<V>) -> Result<Item<V>, ItemError> {
        if Form::of(&item) == Form::Legacy {
            return Err(FormatError::ReservedName("*amzn-ddb-map-*".to_owned()).into());
        }
        let context = encryption_context(&item, &self.table)?;
        let materials = self.materials.for_writing(context, self.table.suite, bytes_of(&item)).await?;
        Ok(encrypt(item, &self.table, &materials)?)
    }

    async fn open<V: AttributeValue + Clone + Send + Sync>(
        &self,
        item: Item<V>,
    ) -> Result<Opened<V>, ItemError> {
        let form = Form::of(&item);
        if form == Form::Plaintext {
            let admitted = self.policy.plaintext;
            return if admitted {
                Ok(Opened { item, form, bound_to: None })
            } else {
                Err(ItemError::NotAdmitted(form))
            };
        }
        let name = &self.table.logical_table_name;
        let failure = match self.open_as(item.clone(), form, name).await {
            Ok(item) => return Ok(Opened { item, form, bound_to: Some(name.clone()) }),
            Err(refused @ ItemError::NotAdmitted(_)) => return Err(refused),
            Err(error) => error,
        };
        for name in &self.table.read_as {
            if let Ok(item) = self.open_as(item.clone(), form, name).await {
                return Ok(Opened { item, form, bound_to: Some(name.clone()) });
            }
        }
        let tried = std::iter::once(name).chain(&self.table.read_as).cloned().collect();
        Err(ItemError::DoesNotOpen { tried, cause: Box::new(failure) })
    }

    async fn open_as<V: AttributeValue + Send + Sync>(
        &self,
        item: Item<V>,
        form: Form,
        name: &str,
    ) -> Result<Item<V>, ItemError> {
        match (form, &self.policy.legacy) {
            (Form::Current, _) => {
                let sealed = SealedItem::read(item, name, &self.table)?;
                let keys = SealedKeys {
                    encrypted_data_keys: sealed.encrypted_data_keys(),
                    context: sealed.context(),
                    bound: sealed.bound(),
                };
                let key = self.materials.for_reading(&keys).await?;
                Ok(sealed.decrypt(&key)?)
            }
            (Form::Legacy, Some(reader)) => reader.decrypt(item, name, &self.table).await,
            _ => Err(ItemError::NotAdmitted(form)),
        }
    }
}

impl<V: AttributeValue + Clone + Send + Sync + 'static> ItemCodec<V> for TableCodec {
    fn encrypt<'a>(&'a self, item: Item<V>) -> Answer<'a, Item<V>> {
        Box::pin(self.seal(item))
    }

    fn decrypt<'a>(&'a self, item: Item<V>) -> Answer<'a, Opened<V>> {
        Box::pin(self.open(item))
    }

    fn table(&self) -> &TableConfig {
        &self.table
    }
}
