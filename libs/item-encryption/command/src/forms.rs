//! Which forms of items are read, and the codec as tables are swept with it.

use item_encryption_client::codec::Answer;
use item_encryption_client::{Form, ItemCodec, ItemError as ClientError, Opened};
use item_encryption_format::legacy::direct_kms::NumberSpelling;
use item_encryption_format::{TableConfig, Value};
use item_encryption_keyrings::legacy::LegacyProvider;

use crate::codec::{Codec, ItemError, open_legacy};
use crate::config::{Config, ConfigError, FormName, Format};
use crate::connect::Connect;
use crate::json::Item;
use crate::provider::provider;

/// The legacy keys of a configuration of the current format that reads legacy items too.
pub fn legacy_keys(config: &Config, connect: &dyn Connect) -> Result<Option<LegacyProvider>, ConfigError> {
    let reads = |form| config.read_policy.contains(&form);
    match config.format {
        Format::Legacy if reads(FormName::Current) => Err(ConfigError(
            "a configuration of the legacy format reads no current items: set format = \"dbesdk\", \
             and read-policy = [\"current\", \"legacy\"]"
                .to_owned(),
        )),
        Format::Dbesdk if reads(FormName::Legacy) => provider(config, connect).map(Some),
        _ => Ok(None),
    }
}

impl Codec {
    /// The format that is written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.config.format
    }

    /// The form of a stored item, where it is read.
    pub(crate) fn admitted(&self, item: &Item) -> Result<Form, ItemError> {
        let form = Form::of(item);
        if self.config.read_policy.is_empty() {
            return Ok(form);
        }
        let (name, word) = match form {
            Form::Current => (FormName::Current, "current"),
            Form::Legacy => (FormName::Legacy, "legacy"),
            Form::Plaintext => (FormName::Plaintext, "plaintext"),
        };
        if self.reads(name) { Ok(form) } else { Err(ItemError::NotAdmitted(form, word)) }
    }

    pub(crate) fn reads(&self, form: FormName) -> bool {
        self.config.read_policy.contains(&form)
    }

    /// Opens a legacy item under a configuration of the current format.
    pub(crate) async fn decrypt_legacy(&self, item: Item, table: &str) -> Result<Item, ItemError> {
        let provider = self.legacy.as_ref().ok_or(ItemError::NotAdmitted(Form::Legacy, "legacy"))?;
        open_legacy(item, &self.legacy(table), provider, NumberSpelling::Stored).await
    }
}

impl ItemCodec<Value> for Codec {
    fn encrypt(&self, item: Item) -> Answer<'_, Item> {
        Box::pin(async move { Self::encrypt(self, item).await.map_err(told) })
    }

    fn decrypt(&self, item: Item) -> Answer<'_, Opened<Value>> {
        Box::pin(async move { self.open(item).await.map_err(told) })
    }

    fn table(&self) -> &TableConfig {
        &self.table
    }
}

/// A codec that refuses items with other beacons than their values have, and items without them: for those who verify
/// a table. Whoever only reads has no use for beacons, and nobody signs them.
pub struct Verifying(pub Codec);

impl ItemCodec<Value> for Verifying {
    fn encrypt(&self, item: Item) -> Answer<'_, Item> {
        ItemCodec::encrypt(&self.0, item)
    }

    fn decrypt(&self, item: Item) -> Answer<'_, Opened<Value>> {
        Box::pin(async move {
            let opened = self.0.open(item.clone()).await.map_err(told)?;
            match self.0.beacon_finding(&item, &opened).await.map_err(told)? {
                None => Ok(opened),
                Some(finding) => Err(ClientError::Other(finding)),
            }
        })
    }

    fn table(&self) -> &TableConfig {
        &self.0.table
    }
}

impl Codec {
    /// What is wrong with the beacons of an item that opens, where the configuration has any.
    pub(crate) async fn beacon_finding(
        &self,
        stored: &Item,
        opened: &Opened<Value>,
    ) -> Result<Option<String>, ItemError> {
        let Some(finder) = self.finder.as_ref().filter(|_| opened.form == Form::Current) else {
            return Ok(None);
        };
        let wrong = finder.wrong_beacons(stored, &opened.item).await?;
        Ok((!wrong.is_empty()).then(|| {
            format!(
                "the item opens, but the beacons {wrong:?} are missing or not those of its values, so that queries do not \
                 find it: write it again, or rewrap the table"
            )
        }))
    }
}

fn told(error: ItemError) -> ClientError {
    ClientError::Other(error.to_string())
}
