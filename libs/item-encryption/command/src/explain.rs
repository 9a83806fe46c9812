//! Why an item does not open: the likely causes are tried one after the other, and the one that makes it
//! open is named. Nothing of the item's content is told.

use item_encryption_client::{Form, Opened};
use item_encryption_format::dbesdk::{self, Header};
use item_encryption_format::legacy::LegacyConfig;
use item_encryption_format::legacy::direct_kms::NumberSpelling;
use item_encryption_format::legacy::item::description_of;
use item_encryption_format::{
    Action, AttributeValue, Error as FormatError, TableConfig, Value, View, legacy,
};
use item_encryption_keyrings::legacy::LegacyProvider;
use item_encryption_keyrings::{KeyringError, MaterialsManager};

use crate::codec::{Codec, ItemError, Scheme, open, open_legacy};
use crate::json::Item;

/// What is known of an item: whether it opens, and if not, why and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it opens under this configuration.
    pub opens: bool,
    /// Sentences, the most telling first.
    pub findings: Vec<String>,
}

impl Codec {
    /// Explains an item. Names in `also` are tried as table names besides the configured ones.
    pub async fn explain(&self, item: &Item, also: &[String]) -> Explanation {
        match self.open(item.clone()).await {
            Ok(opened) => self.opened(item, &opened).await,
            Err(error) => {
                let mut findings = self.causes(item, also).await;
                findings.push(format!("under this configuration: {error}"));
                Explanation { opens: false, findings }
            }
        }
    }

    async fn opened(&self, item: &Item, opened: &Opened<Value>) -> Explanation {
        let mut findings = vec![format!("it opens ({})", kind(item, opened.form))];
        findings.extend(opened.bound_to.iter().map(|name| format!("it is bound to the table name {name:?}")));
        match self.beacon_finding(item, opened).await {
            Ok(finding) => findings.extend(finding),
            Err(error) => findings.push(format!("its beacons cannot be checked: {error}")),
        }
        Explanation { opens: true, findings }
    }

    async fn causes(&self, item: &Item, also: &[String]) -> Vec<String> {
        if let Some(mismatch) = self.format_mismatch(item) {
            return vec![mismatch];
        }
        for name in also {
            if self.decrypt_as(item.clone(), name).await.is_ok() {
                let advice = "add it to read-as, or bind the item to the new name";
                return vec![format!("the item is bound to the table name {name:?}: {advice}")];
            }
        }
        let mut findings = Vec::new();
        for name in self.config.table_names().chain(also.iter().map(String::as_str)) {
            findings = match &self.scheme {
                Scheme::Dbesdk { materials, .. } => causes(item, name, &self.table, &**materials).await,
                Scheme::Legacy { provider, .. } => legacy_causes(item, &self.legacy(name), provider).await,
            };
            if !findings.is_empty() {
                break;
            }
        }
        findings
    }

    fn format_mismatch(&self, item: &Item) -> Option<String> {
        let (current, old) = (dbesdk::is_encrypted(item), legacy::is_encrypted(item));
        match &self.scheme {
            Scheme::Dbesdk { .. } if !current && old && self.legacy.is_none() => Some(
                "the item is of the legacy format: add \"legacy\" to read-policy, or set format = \"legacy\""
                    .to_owned(),
            ),
            Scheme::Legacy { .. } if current && !old => {
                Some("the item is of the current format: set format = \"dbesdk\"".to_owned())
            }
            _ if !current && !old => {
                let half = |name: &&str| item.contains_key(*name);
                let names = [dbesdk::HEADER, dbesdk::FOOTER, legacy::DESCRIPTION, legacy::SIGNATURE];
                Some(match names.iter().find(|name| half(name)) {
                    Some(name) => format!(
                        "of the format's own attributes only {name:?} is there: a projection left the others out"
                    ),
                    None => "the item is plaintext: it has no attribute of either format".to_owned(),
                })
            }
            _ => None,
        }
    }
}

fn kind(item: &Item, form: Form) -> String {
    let header = item.get(dbesdk::HEADER).map(AttributeValue::view);
    match header.and_then(|header| if let View::B(bytes) = header { Header::parse(bytes).ok() } else { None })
    {
        Some(header) => format!("current format, header version {}, {:?}", header.version, header.suite),
        None => format!("it is {form}"),
    }
}

async fn causes(
    item: &Item,
    name: &str,
    config: &TableConfig,
    materials: &dyn MaterialsManager,
) -> Vec<String> {
    match open(item.clone(), name, config, materials).await {
        Err(ItemError::Keyring(KeyringError::Kms { call, key, reason })) => {
            vec![format!("the KMS key {key} does not let this caller {call}: {reason}")]
        }
        Err(ItemError::Keyring(
            error @ (KeyringError::NotARecipient(_)
            | KeyringError::KeyStore { .. }
            | KeyringError::NoBranchKey(_)),
        )) => vec![error.to_string()],
        Err(ItemError::Format(FormatError::SignedScope { written, found })) => {
            scope_causes(item, name, config, materials, written, found).await
        }
        Err(ItemError::Format(FormatError::Signature | FormatError::StoredForm(_))) => {
            exchanged_scope(item, name, config, materials).await
        }
        Err(ItemError::Keyring(KeyringError::DoesNotOpen(_))) => vec![format!(
            "the data key is bound to something else than the table name {name:?} and this item's keys: \
             try other names with --also, and check that the key attributes are those the item was written with"
        )],
        _ => Vec::new(),
    }
}

/// One attribute more or fewer is signed than when the item was written: which?
async fn scope_causes(
    item: &Item,
    name: &str,
    config: &TableConfig,
    materials: &dyn MaterialsManager,
    written: usize,
    found: usize,
) -> Vec<String> {
    for attribute in item.keys() {
        let (changed, now) = toggled(config, attribute);
        if open(item.clone(), name, &changed, materials).await.is_ok() {
            return vec![moved(attribute, now)];
        }
    }
    let missing = written.saturating_sub(found);
    match missing {
        0 => vec![format!(
            "{} attributes are signed here that were not when the item was written",
            found - written
        )],
        _ => vec![format!(
            "{missing} signed attributes are gone: read the item whole (no projection), and keep the actions of removed attributes"
        )],
    }
}

/// As many attributes are signed, but not the same ones: which two?
async fn exchanged_scope(
    item: &Item,
    name: &str,
    config: &TableConfig,
    materials: &dyn MaterialsManager,
) -> Vec<String> {
    const MOST: usize = 40;
    let names: Vec<&String> = item.keys().take(MOST).collect();
    for (at, one) in names.iter().enumerate() {
        for other in &names[at + 1..] {
            let (first, one_now) = toggled(config, one);
            let (second, other_now) = toggled(&first, other);
            if open(item.clone(), name, &second, materials).await.is_ok() {
                return vec![moved(one, one_now), moved(other, other_now)];
            }
        }
    }
    vec!["the item was changed after it was signed, or copied from another item or table".to_owned()]
}

/// The configuration with an attribute moved over the border of what is signed, and whether it is signed now.
fn toggled(config: &TableConfig, attribute: &str) -> (TableConfig, bool) {
    let mut config = config.clone();
    let signed = !config.reads_as_signed(attribute);
    let action = if signed { Action::SignOnly } else { Action::DoNothing };
    config.actions.insert(attribute.to_owned(), action);
    (config, signed)
}

fn moved(attribute: &str, signed: bool) -> String {
    let (was, is) = if signed { ("signed", "not signed") } else { ("not signed", "signed") };
    format!(
        "the attribute {attribute:?} was {was} when the item was written and is {is} under this configuration"
    )
}

async fn legacy_causes(item: &Item, config: &LegacyConfig, provider: &LegacyProvider) -> Vec<String> {
    if let Some(finding) = unread_description(item) {
        return vec![finding];
    }
    let unnamed = LegacyConfig { table: None, ..config.clone() };
    if open_legacy(item.clone(), &unnamed, provider, NumberSpelling::Stored).await.is_ok() {
        return vec![
            "the item is bound to no table name (\"null\"), as Java's client writes where it knows none"
                .to_owned(),
        ];
    }
    if let Some(finding) = spelled_otherwise(item, config, provider).await {
        return vec![finding];
    }
    for attribute in item.keys().filter(|name| !config.keys.contains(name)) {
        for action in [Action::EncryptAndSign, Action::SignOnly, Action::DoNothing] {
            let mut changed = config.clone();
            changed.actions.insert(attribute.clone(), action);
            if open_legacy(item.clone(), &changed, provider, NumberSpelling::Stored).await.is_ok() {
                return vec![format!(
                    "the attribute {attribute:?} was written with the action {} and has another one under this configuration",
                    action.name()
                )];
            }
        }
    }
    match open_legacy(item.clone(), config, provider, NumberSpelling::Stored).await {
        Err(ItemError::Keyring(KeyringError::Kms { key, reason, .. })) => {
            vec![format!("the KMS refused the key {key}: {reason}")]
        }
        Err(ItemError::Keyring(error @ (KeyringError::NotARecipient(_) | KeyringError::KeyStore { .. }))) => {
            vec![error.to_string()]
        }
        _ => Vec::new(),
    }
}

fn unread_description(item: &Item) -> Option<String> {
    let error = description_of(item).err()?;
    Some(format!("the material description does not read: {error}"))
}

/// Number keys that an application spelled otherwise than DynamoDB stores them; only a KMS's context knows.
async fn spelled_otherwise(item: &Item, config: &LegacyConfig, provider: &LegacyProvider) -> Option<String> {
    const SPELLINGS: [&str; 4] = ["0", "00", ".0", ".00"];
    for key in &config.keys {
        let Some(View::N(stored)) = item.get(key).map(AttributeValue::view) else { continue };
        for ending in SPELLINGS {
            let text = format!("{stored}{ending}");
            let mut item = item.clone();
            item.insert(key.clone(), item_encryption_format::Value::N(text.clone()));
            if open_legacy(item, config, provider, NumberSpelling::AsWritten).await.is_ok() {
                return Some(format!(
                    "the key attribute {key:?} was spelled {text:?} when the item was written; DynamoDB stores {stored:?}, \
                     and the KMS's encryption context has the old spelling"
                ));
            }
        }
    }
    None
}
