//! From options to a configuration: defaults filled in, each value checked, contradictions refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use auth::AccessKey;
use server::{Compression, Config, Limits, RootKeySource, Storage, StoreOptions, TlsFiles};
use zeroize::Zeroizing;

use crate::options::{ServeOptions, TableCompression};

const DEFAULT_LISTEN: &str = "127.0.0.1:8000";
const DEFAULT_DATA_DIR: &str = "./strongroom-data";
const DEFAULT_REGION: &str = "us-east-1";
const DEFAULT_ACCOUNT_ID: &str = "000000000000";
const MAX_CONNECTIONS: u32 = 100_000;

/// Checks the options; may ask for a passphrase at the terminal.
pub fn config(mut options: ServeOptions) -> anyhow::Result<Config> {
    Ok(Config {
        listen: options.listen.take().unwrap_or_else(|| DEFAULT_LISTEN.into()),
        region: region(options.region.take())?,
        account_id: account_id(options.account_id.take())?,
        root_credentials: root_credentials(&mut options)?,
        tls: tls(&mut options)?,
        test_clock: options.test_clock.unwrap_or_default(),
        limits: limits(&options)?,
        storage: storage(options)?,
    })
}

/// A Region's name.
pub fn region(given: Option<String>) -> anyhow::Result<String> {
    let region = given.unwrap_or_else(|| DEFAULT_REGION.into());
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    ensure!(
        (1..=32).contains(&region.len()) && region.bytes().all(is_name),
        "--region {region:?} is no name of a Region; give one such as {DEFAULT_REGION}"
    );
    Ok(region)
}

/// An account's number.
pub fn account_id(given: Option<String>) -> anyhow::Result<String> {
    let id = given.unwrap_or_else(|| DEFAULT_ACCOUNT_ID.into());
    ensure!(
        id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()),
        "--account-id {id:?} is no account; give 12 digits"
    );
    Ok(id)
}

fn root_credentials(options: &mut ServeOptions) -> anyhow::Result<Option<AccessKey>> {
    match (options.root_access_key_id.take(), options.root_secret_access_key.take()) {
        (None, None) => Ok(None),
        (Some(id), Some(secret)) => {
            let key = AccessKey::new(id, secret.into_inner().to_string());
            key.map(Some).context("the root credentials cannot be used")
        }
        (Some(_), None) => bail!(
            "--root-access-key-id is given without its secret; set STRONGROOM_ROOT_SECRET_ACCESS_KEY too, or neither"
        ),
        (None, Some(_)) => bail!(
            "STRONGROOM_ROOT_SECRET_ACCESS_KEY is set without its id; set STRONGROOM_ROOT_ACCESS_KEY_ID too, or neither"
        ),
    }
}

fn tls(options: &mut ServeOptions) -> anyhow::Result<Option<TlsFiles>> {
    match (options.tls_cert.take(), options.tls_key.take()) {
        (None, None) => Ok(None),
        (Some(certificates), Some(key)) => Ok(Some(TlsFiles { certificates, key })),
        _ => bail!("--tls-cert and --tls-key belong together; give both or neither"),
    }
}

fn limits(options: &ServeOptions) -> anyhow::Result<Limits> {
    let mut limits = Limits::default();
    if let Some(connections) = options.max_connections {
        ensure!(
            (1..=MAX_CONNECTIONS).contains(&connections),
            "--max-connections {connections} is not possible; give 1 to {MAX_CONNECTIONS}"
        );
        limits.connections = usize::try_from(connections)?;
    }
    if let Some(seconds) = options.drain_seconds {
        limits.drain_timeout = Duration::from_secs(seconds.into());
    }
    Ok(limits)
}

fn storage(options: ServeOptions) -> anyhow::Result<Storage> {
    let folder = options.data_dir.clone().unwrap_or_else(|| DEFAULT_DATA_DIR.into());
    let in_memory = options.memory.unwrap_or_default();
    let salvage_log = options.salvage_log.unwrap_or_default();
    let given = options.compression;
    ensure!(!(in_memory && given.is_some()), "--memory writes no files to compress; give one or the other");
    let compression = match given.unwrap_or_default() {
        TableCompression::None => Compression::None,
        TableCompression::Lz4 => Compression::Lz4,
        TableCompression::Zstd => Compression::Zstd,
    };
    let root_key = root_key(options, &folder)?;
    match (in_memory, root_key) {
        (false, root_key) => {
            let root_key = root_key.unwrap_or(RootKeySource::Beside);
            let store = StoreOptions { compression, salvage_log };
            Ok(Storage::Directory { folder, root_key, store })
        }
        (true, None) => Ok(Storage::Memory),
        (true, Some(_)) => bail!("--memory writes nothing that a root key could seal; give one or the other"),
    }
}

/// The one way in which the root key is given, if any.
pub fn root_key(options: ServeOptions, folder: &Path) -> anyhow::Result<Option<RootKeySource>> {
    let asks = options.ask_passphrase.unwrap_or_default();
    let given = [
        options.root_key_file.map(RootKeySource::KeyFile),
        options.root_key.map(|key| RootKeySource::KeyText(key.into_inner())),
        options.passphrase_file.map(RootKeySource::PassphraseFile),
    ];
    let mut given = given.into_iter().flatten();
    let one = given.next();
    ensure!(
        given.next().is_none() && !(asks && one.is_some()),
        "the root key is given in more than one way; give one of --root-key-file, STRONGROOM_ROOT_KEY, \
         --passphrase-file and --ask-passphrase"
    );
    if asks { ask_passphrase(folder).map(Some) } else { Ok(one) }
}

/// A new directory's passphrase is asked for twice: a slip would seal it for ever.
fn ask_passphrase(folder: &Path) -> anyhow::Result<RootKeySource> {
    let ask = |prompt: &str| {
        let asked = rpassword::prompt_password(prompt).map(Zeroizing::new);
        asked.context("cannot ask for the passphrase; start at a terminal, or use --passphrase-file")
    };
    let phrase = ask("Passphrase of the root key: ")?;
    if is_new(folder) {
        let again = ask("The same again: ")?;
        ensure!(*phrase == *again, "the two passphrases differ; nothing was sealed, start again");
    }
    Ok(RootKeySource::Passphrase(Zeroizing::new(phrase.as_bytes().to_vec())))
}

fn is_new(folder: &Path) -> bool {
    let seal: PathBuf = folder.join("seal");
    !env::Disk::exists(&env::RealDisk, &seal).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::config;
    use crate::options::{ServeOptions, TableCompression};
    use server::{Compression, RootKeySource, Storage, StoreOptions};
    use std::path::Path;

    fn refusal(options: ServeOptions) -> String {
        config(options).err().unwrap().to_string()
    }

    #[test]
    fn nothing_given_is_the_documented_default() {
        let config = config(ServeOptions::default()).unwrap();
        assert_eq!(config.listen, "127.0.0.1:8000");
        assert_eq!((config.region.as_str(), config.account_id.as_str()), ("us-east-1", "000000000000"));
        assert!(config.root_credentials.is_none() && config.tls.is_none() && !config.test_clock);
        match config.storage {
            Storage::Directory {
                folder,
                root_key: RootKeySource::Beside,
                store: StoreOptions { compression: Compression::None, salvage_log: false },
            } => {
                assert_eq!(folder, Path::new("./strongroom-data"));
            }
            _ => panic!("a directory with its key beside it"),
        }
    }

    #[test]
    fn contradictions_are_refused_with_what_to_do() {
        let default = ServeOptions::default;
        for (options, words) in [
            (ServeOptions { tls_cert: Some("c".into()), ..default() }, "give both or neither"),
            (
                ServeOptions { root_access_key_id: Some("id".into()), ..default() },
                "ROOT_SECRET_ACCESS_KEY too",
            ),
            (
                ServeOptions {
                    root_key_file: Some("a".into()),
                    passphrase_file: Some("b".into()),
                    ..default()
                },
                "more than one way",
            ),
            (
                ServeOptions { memory: Some(true), root_key_file: Some("a".into()), ..default() },
                "one or the other",
            ),
            (
                ServeOptions { memory: Some(true), compression: Some(TableCompression::Lz4), ..default() },
                "no files to compress",
            ),
            (ServeOptions { account_id: Some("12".into()), ..default() }, "give 12 digits"),
            (ServeOptions { region: Some("Europe".into()), ..default() }, "such as us-east-1"),
            (ServeOptions { max_connections: Some(0), ..default() }, "give 1 to"),
        ] {
            let told = refusal(options);
            assert!(told.contains(words), "{told}");
        }
    }
}
