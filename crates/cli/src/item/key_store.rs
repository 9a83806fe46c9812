//! `strongroom item key-store`: the table of a hierarchical keyring's branch keys.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use item_encryption_command::{Config, keyrings};
use item_encryption_keyrings::{KeyStore, VersionId};
use serde_json::json;

use super::OwnNames;
use super::connect::Connector;

/// How long a new table may take.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(200);

/// What to do with branch keys.
#[derive(Subcommand)]
pub enum KeyStoreCommand {
    /// Create the table, where there is none, and wait until it can be used
    CreateTable(OwnNames),
    /// Make a branch key and its beacon key
    CreateKey(NewKey),
    /// Make a new version of a branch key; items of the former ones stay readable
    RotateKey(OneKey),
    /// Open a branch key and its beacon key, and tell the active version; never the keys
    Show(OneKey),
}

/// A branch key that is to be made.
#[derive(Args)]
pub struct NewKey {
    #[command(flatten)]
    own: OwnNames,
    /// Its id; without it a random UUID
    #[arg(long)]
    id: Option<String>,
    /// A pair for the KMS's encryption context (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    context: Vec<(String, String)>,
}

/// A branch key that exists.
#[derive(Args)]
pub struct OneKey {
    #[command(flatten)]
    own: OwnNames,
    /// Its id
    #[arg(long)]
    id: String,
}

/// Runs one, and tells a line of JSON.
pub async fn run(command: KeyStoreCommand) -> anyhow::Result<()> {
    let told = match command {
        KeyStoreCommand::CreateTable(own) => {
            create_table(&store(&own)?).await?;
            json!({ "Active": true })
        }
        KeyStoreCommand::CreateKey(new) => {
            let context: BTreeMap<String, String> = new.context.into_iter().collect();
            let id = store(&new.own)?.create_key(new.id.as_deref(), context).await?;
            json!({ "BranchKeyId": id })
        }
        KeyStoreCommand::RotateKey(key) => {
            let version = store(&key.own)?.rotate_key(&key.id).await?;
            json!({ "BranchKeyId": key.id, "ActiveVersion": VersionId(version).to_string() })
        }
        KeyStoreCommand::Show(key) => {
            let store = store(&key.own)?;
            let active = store.active_key(&key.id).await?;
            store.beacon_key(&key.id).await?;
            json!({ "BranchKeyId": key.id, "ActiveVersion": VersionId(active.version()).to_string() })
        }
    };
    writeln!(io::stdout(), "{told}").context("cannot write to stdout")
}

fn store(own: &OwnNames) -> anyhow::Result<KeyStore> {
    let config = Config::load(&own.config)?;
    let connect = Connector::new(own.ca_cert.clone());
    keyrings::key_store(&config, &connect).with_context(|| own.config.display().to_string())
}

async fn create_table(store: &KeyStore) -> anyhow::Result<()> {
    let waiting = async {
        while !store.create_table().await? {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(done) => done,
        Err(_) => bail!("the table is still being created; run this again"),
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if name.is_empty() {
        return Err("the name is empty".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}
