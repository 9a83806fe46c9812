//! AWS's crate, through what it offers: an item in, an item out.

use std::collections::HashMap;

use aws_db_esdk::CryptoAction;
use aws_db_esdk::item_encryptor::client::Client;
use aws_db_esdk::item_encryptor::types::dynamo_db_item_encryptor_config::DynamoDbItemEncryptorConfig;
use aws_db_esdk::material_providers::client as providers;
use aws_db_esdk::material_providers::types::AesWrappingAlg;
use aws_db_esdk::material_providers::types::DbeAlgorithmSuiteId;
use aws_db_esdk::material_providers::types::material_providers_config::MaterialProvidersConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use item_encryption_format::{Action, Suite, TableConfig};

/// An item, of the values both crates take.
pub type Item = HashMap<String, AttributeValue>;

/// AWS's item encryptor.
pub struct Peer {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl Peer {
    /// For a table, under a raw AES key.
    pub fn new(table: &TableConfig, namespace: &str, name: &str, key: &[u8; 32]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = runtime.block_on(client(table, namespace, name, key));
        Self { client, runtime }
    }

    /// From item to stored item.
    pub fn encrypt(&self, item: Item) -> Item {
        let sent = self.runtime.block_on(self.client.encrypt_item().plaintext_item(item).send());
        sent.expect("AWS's crate encrypts").encrypted_item.expect("to an item")
    }

    /// And back.
    pub fn decrypt(&self, item: Item) -> Item {
        let sent = self.runtime.block_on(self.client.decrypt_item().encrypted_item(item).send());
        sent.expect("AWS's crate decrypts").plaintext_item.expect("to an item")
    }
}

async fn client(table: &TableConfig, namespace: &str, name: &str, key: &[u8; 32]) -> Client {
    let config = MaterialProvidersConfig::builder().build().expect("it has defaults");
    let keyring = providers::Client::from_conf(config)
        .expect("the providers' client is made")
        .create_raw_aes_keyring()
        .key_namespace(namespace)
        .key_name(name)
        .wrapping_key(key.to_vec())
        .wrapping_alg(AesWrappingAlg::AlgAes256GcmIv12Tag16)
        .send()
        .await
        .expect("the keyring is made");
    let suite = match table.suite {
        Suite::Ecdsa => DbeAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeyEcdsaP384SymsigHmacSha384,
        Suite::NoEcdsa => DbeAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeySymsigHmacSha384,
    };
    let mut config = DynamoDbItemEncryptorConfig::builder()
        .logical_table_name(&table.logical_table_name)
        .partition_key_name(&table.partition_key)
        .attribute_actions_on_encrypt(actions(table))
        .allowed_unsigned_attribute_prefix(":")
        .algorithm_suite_id(suite)
        .keyring(keyring);
    if let Some(sort_key) = &table.sort_key {
        config = config.sort_key_name(sort_key);
    }
    Client::from_conf(config.build().expect("the configuration is well")).expect("the encryptor is made")
}

/// AWS's crate wants the keys' action too.
fn actions(table: &TableConfig) -> HashMap<String, CryptoAction> {
    let is_in_context = |action: &Action| *action == Action::SignAndIncludeInEncryptionContext;
    let of_keys = if table.actions.values().any(is_in_context) {
        CryptoAction::SignAndIncludeInEncryptionContext
    } else {
        CryptoAction::SignOnly
    };
    let keys = table.keys().map(|key| (key.to_owned(), of_keys.clone()));
    let others = table.actions.iter().map(|(name, action)| (name.clone(), crypto_action(*action)));
    keys.chain(others).collect()
}

fn crypto_action(action: Action) -> CryptoAction {
    match action {
        Action::EncryptAndSign => CryptoAction::EncryptAndSign,
        Action::SignAndIncludeInEncryptionContext => CryptoAction::SignAndIncludeInEncryptionContext,
        Action::SignOnly => CryptoAction::SignOnly,
        Action::DoNothing => CryptoAction::DoNothing,
    }
}
