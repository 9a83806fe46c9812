//! The root key: what protects the server's own records, and the seal by which a data directory knows it.
//!
//! Map: [`source`] (where the key comes from) · [`seal`] (the file in the data directory).
//!
//! A data directory is sealed once, at its first start. Later starts compare the key they are given with the
//! seal's commitment before anything else is read, so a wrong key changes nothing. A key is made up only
//! where there is no seal and nothing else in the directory; never to replace one that is missing.

pub mod seal;
pub mod source;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crypto::{SALT_LEN, SecretKey};
use engine::KeyspaceId;
use env::Env;
use env::random::random_bytes;

use seal::{Kind, Seal};
use source::Given;
pub use source::RootKeySource;

/// The root key, as used with one data directory.
pub struct RootKey {
    key: SecretKey,
    /// The seal's: two data directories under one root key have nothing in common.
    salt: [u8; SALT_LEN],
}

/// What whoever starts the server should read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(String);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a data directory cannot be unsealed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// The key is not the one the directory was sealed with.
    #[error("the root key does not open {0}: it was sealed with another one")]
    WrongKey(PathBuf),
    /// The passphrase is not the one the directory was sealed with.
    #[error("the passphrase does not open {0}: it was sealed with another one")]
    WrongPassphrase(PathBuf),
    /// The directory is sealed with the other kind of root key.
    #[error("{data_dir} is sealed with a {sealed_with}, but a {given} is given")]
    OtherKind {
        /// The data directory.
        data_dir: PathBuf,
        /// What it needs.
        sealed_with: Kind,
        /// What it got.
        given: Kind,
    },
    /// The directory is sealed with a passphrase, and none is given.
    #[error("{0} is sealed with a passphrase; give it with --passphrase-file or --ask-passphrase")]
    PassphraseNeeded(PathBuf),
    /// A directory was sealed with a key that is not where it was made.
    #[error(
        "{data_dir} is sealed, but its root key is not at {key_file}; put it back, or give it with \
         --root-key-file or STRONGROOM_ROOT_KEY. Without it the data cannot be read"
    )]
    KeyFileMissing {
        /// The data directory.
        data_dir: PathBuf,
        /// Where the key was looked for.
        key_file: PathBuf,
    },
    /// The directory holds data, but no seal.
    #[error("{0} is not empty, but holds no seal: it is damaged, or not a data directory of this server")]
    SealMissing(PathBuf),
    /// The seal's bytes are not what was written.
    #[error("the seal {0} is damaged")]
    SealDamaged(PathBuf),
    /// What is given as a key is none.
    #[error(
        "{0} is not a root key: 32 random bytes, as 64 hexadecimal digits, as base64, or (in a file) raw"
    )]
    Malformed(String),
    /// The passphrase is empty.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// A key file cannot be named beside this directory.
    #[error("no root key can lie beside {0}; name another data directory, or give --root-key-file")]
    NoPlaceBeside(PathBuf),
    /// The file system answered with an error.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl RootKey {
    /// Takes the root key of `data_dir` from `source`, sealing a new directory with it; `None` is a server
    /// that writes nothing and makes up a key for itself.
    ///
    /// The directory's lock should be held: two first starts at once would each seal it.
    ///
    /// # Errors
    /// [`RootKeyError`]; nothing is changed then.
    pub fn unseal(
        env: &Env,
        data_dir: Option<&Path>,
        source: &RootKeySource,
    ) -> Result<(Self, Option<Warning>), RootKeyError> {
        match data_dir {
            None => Ok((Self::fresh(env), None)),
            Some(data_dir) => match Seal::read(env, data_dir)? {
                Some(seal) => unseal(env, data_dir, &seal, source),
                None => seal_new(env, data_dir, source),
            },
        }
    }

    /// The key under which the engine keeps its own bookkeeping.
    #[must_use]
    pub fn derive_store_key(&self) -> SecretKey {
        self.key.derive(&self.salt, &[b"strongroom store"])
    }

    /// The table key of one of the server's own keyspaces.
    #[must_use]
    pub fn derive_keyspace_key(&self, keyspace: KeyspaceId) -> SecretKey {
        self.key.derive(&self.salt, &[b"strongroom keyspace", &keyspace.0])
    }

    /// The key that seals the keys of the shredder's epochs.
    #[must_use]
    pub fn derive_shred_sealing_key(&self) -> SecretKey {
        self.key.derive(&self.salt, &[b"strongroom shred sealing"])
    }

    /// The key that authenticates the markers of pages.
    #[must_use]
    pub fn derive_marker_key(&self) -> SecretKey {
        self.key.derive(&self.salt, &[b"strongroom page markers"])
    }

    fn fresh(env: &Env) -> Self {
        Self { key: SecretKey::generate(&*env.random), salt: random_bytes(&*env.random) }
    }
}

fn unseal(
    env: &Env,
    data_dir: &Path,
    seal: &Seal,
    source: &RootKeySource,
) -> Result<(RootKey, Option<Warning>), RootKeyError> {
    let key_file = source.key_file_beside(data_dir, seal.kind())?;
    if let Some(key_file) = &key_file
        && !exists(env, key_file)?
    {
        return Err(RootKeyError::KeyFileMissing { data_dir: data_dir.into(), key_file: key_file.clone() });
    }
    let given = source.read(env, data_dir)?;
    if given.kind() != seal.kind() {
        let (sealed_with, given) = (seal.kind(), given.kind());
        return Err(RootKeyError::OtherKind { data_dir: data_dir.into(), sealed_with, given });
    }
    let key = seal.open(given).ok_or_else(|| match seal.kind() {
        Kind::Key => RootKeyError::WrongKey(data_dir.into()),
        Kind::Passphrase => RootKeyError::WrongPassphrase(data_dir.into()),
    })?;
    Ok((RootKey { key, salt: *seal.salt() }, key_file.as_deref().map(beside_warning)))
}

fn seal_new(
    env: &Env,
    data_dir: &Path,
    source: &RootKeySource,
) -> Result<(RootKey, Option<Warning>), RootKeyError> {
    check_is_new(env, data_dir)?;
    let key_file = source.key_file_beside(data_dir, Kind::Key)?;
    let given = match &key_file {
        Some(key_file) if !exists(env, key_file)? => {
            make_data_dir(env, data_dir)?;
            make_key_file(env, key_file)?
        }
        _ => {
            let given = source.read(env, data_dir)?;
            make_data_dir(env, data_dir)?;
            given
        }
    };
    let (seal, key) = Seal::make(env, given);
    seal.write(env, data_dir)?;
    Ok((RootKey { key, salt: *seal.salt() }, key_file.as_deref().map(beside_warning)))
}

/// Makes the folder, and its name durable: a power cut must not take the seal with its folder.
fn make_data_dir(env: &Env, data_dir: &Path) -> Result<(), RootKeyError> {
    env.disk.create_dir_all(data_dir).map_err(during("create", data_dir))?;
    let parent = data_dir.parent().unwrap_or(data_dir);
    env.disk.sync_dir(parent).map_err(during("sync", parent))
}

/// A lock, a seal half written by a start that was cut off: nothing else may be there before the seal.
fn check_is_new(env: &Env, data_dir: &Path) -> Result<(), RootKeyError> {
    if !exists(env, data_dir)? {
        return Ok(());
    }
    let entries = env.disk.list(data_dir).map_err(during("list", data_dir))?;
    let harmless = |entry: &PathBuf| {
        let name = entry.file_name().unwrap_or_default().to_ascii_lowercase();
        name == "lock" || name == seal::UNFINISHED_NAME
    };
    match entries.iter().all(harmless) {
        true => Ok(()),
        false => Err(RootKeyError::SealMissing(data_dir.into())),
    }
}

fn make_key_file(env: &Env, key_file: &Path) -> Result<Given, RootKeyError> {
    let key = SecretKey::generate(&*env.random);
    let text = zeroize::Zeroizing::new(format!("{}\n", hex::encode(key.expose())));
    env::disk::replace_file(&*env.disk, key_file, text.as_bytes()).map_err(during("write", key_file))?;
    Ok(Given::Key(key))
}

fn beside_warning(key_file: &Path) -> Warning {
    Warning(format!(
        "The root key lies in {}, beside the data it protects: whoever holds both can read everything. Keep \
         it elsewhere and give it with --root-key-file or STRONGROOM_ROOT_KEY; without it, the data is lost.",
        key_file.display()
    ))
}

fn exists(env: &Env, path: &Path) -> Result<bool, RootKeyError> {
    env.disk.exists(path).map_err(during("look for", path))
}

fn during(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RootKeyError + use<> {
    let path = path.to_owned();
    move |source| RootKeyError::Io { doing, path, source }
}
