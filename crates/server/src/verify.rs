//! Reads everything in a data directory that no server uses, and authenticates it as far as keys go.
//!
//! With the root key the server's own rooms are opened, over a disk that forgets what they write, and asked for
//! every table's key; then every file is walked. Without it there remain checksums, lengths and names.
//! Nothing in the directory is changed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::SecretKey;
use dynamodb::table::stored_keys::{StoredKeys, stored_keys};
use engine::EngineError;
pub use engine::KeyspaceId;
pub use engine::local::verify::{Finding, Place};
use engine::local::verify::{Keys, Verify};
use env::{Env, Overlay};
use envelope::Shredder;
use kms::{Home, Kms, RootKey, RootKeyError, RootKeySource};

use crate::wiring::{self, Vault};
use crate::{StartError, StoreOptions};

/// Which data directory, and what opens it.
pub struct Setting {
    /// The data directory.
    pub folder: PathBuf,
    /// Where the root key is.
    pub root_key: RootKeySource,
    /// The Region and account of its KMS keys.
    pub home: Home,
}

/// A data directory that was unlocked, and is kept from servers meanwhile.
pub struct Verification {
    env: Env,
    folder: PathBuf,
    store_key: Option<SecretKey>,
    keyspaces: BTreeMap<KeyspaceId, Known>,
    /// What was found outside the store.
    outside: Vec<Place>,
    /// What keeps content from being authenticated.
    pub notes: Vec<String>,
    _lock: Box<dyn Send + Sync>,
}

/// What is known of a keyspace.
#[derive(Default)]
struct Known {
    name: Option<String>,
    keys: Vec<SecretKey>,
}

impl Verification {
    /// Takes the directory's lock and all keys that can be had.
    ///
    /// # Errors
    /// [`StartError::InUse`]; [`StartError::RootKey`] where the root key that was given is not the right one;
    /// [`StartError::DataDir`] where it is no data directory or cannot be read.
    pub async fn open(env: &Env, setting: Setting) -> Result<Self, StartError> {
        let Setting { folder, root_key, home } = setting;
        let unusable = |source| StartError::DataDir { folder: folder.clone(), source };
        if !env.disk.exists(&folder.join("lock")).map_err(unusable)? {
            return Err(unusable(io::ErrorKind::NotFound.into()));
        }
        let lock = wiring::lock(env, &folder)?;
        let over = Env { disk: Arc::new(Overlay::over(Arc::clone(&env.disk))), ..env.clone() };
        let mut this = Self {
            env: env.clone(),
            folder,
            store_key: None,
            keyspaces: BTreeMap::new(),
            outside: Vec::new(),
            notes: Vec::new(),
            _lock: lock,
        };
        if let Some(root_key) = this.root_key(&over, &root_key)? {
            this.store_key = Some(root_key.derive_store_key());
            this.own_keys(&root_key).map_err(unusable_of(&this.folder))?;
            this.shred_keys(&root_key);
            this.table_keys(&over, root_key, home).await;
        }
        Ok(this)
    }

    /// How many bytes there are to walk.
    ///
    /// # Errors
    /// [`EngineError::Io`].
    pub fn bytes(&self) -> Result<u64, EngineError> {
        let outside: u64 = self.outside.iter().map(|place| place.bytes.end).sum();
        Ok(self.walk(|walk| walk.bytes())? + outside)
    }

    /// Walks everything; files are named relative to the data directory.
    ///
    /// # Errors
    /// [`EngineError::Io`] where a folder cannot be listed; [`EngineError::WrongKey`] where the store lies under
    /// another root key than the seal.
    pub fn run(&self, tell: &mut dyn FnMut(Place)) -> Result<(), EngineError> {
        self.outside.iter().cloned().for_each(&mut *tell);
        let mut tell = |place: Place| tell(Place { file: format!("store/{}", place.file), ..place });
        self.walk(|walk| walk.run(&mut tell))
    }

    /// The table, or the server's own records, that lie in a keyspace.
    #[must_use]
    pub fn name(&self, keyspace: KeyspaceId) -> Option<&str> {
        self.keyspaces.get(&keyspace)?.name.as_deref()
    }

    /// Whether content can be authenticated at all.
    #[must_use]
    pub fn has_root_key(&self) -> bool {
        self.store_key.is_some()
    }

    fn walk<T>(&self, walk: impl FnOnce(&Verify<'_>) -> T) -> T {
        let keys_of = |id| self.keyspaces.get(&id).map_or(&[][..], |known| &known.keys[..]);
        // Nothing that hands out receivers' keys takes checkpoints yet; tables' keys open the files they share.
        let keys = Keys { store: self.store_key.as_ref(), table: &keys_of, checkpoint: &|_| &[] };
        walk(&Verify { disk: Arc::clone(&self.env.disk), folder: &self.folder.join("store"), keys })
    }

    /// The root key; `None`, with a note, where none was given and none lies beside the directory.
    fn root_key(&mut self, over: &Env, source: &RootKeySource) -> Result<Option<RootKey>, StartError> {
        let unsealed = RootKey::unseal(over, Some(&self.folder), source);
        let len = |path: &Path| self.env.disk.open(path).and_then(|file| file.len()).unwrap_or_default();
        let seal = |finding| outside("seal", "all of it", len(&self.folder.join("seal")), finding);
        let refused = match unsealed {
            Ok((root_key, _)) => {
                self.outside.push(seal(Finding::Authentic));
                return Ok(Some(root_key));
            }
            Err(refused) => refused,
        };
        match refused {
            RootKeyError::SealDamaged(_) | RootKeyError::SealMissing(_) => {
                self.outside.push(seal(Finding::Damaged));
                self.notes.push(format!("{refused}; without it no key can be had"));
            }
            RootKeyError::KeyFileMissing { .. } | RootKeyError::PassphraseNeeded(_) => {
                self.outside.push(seal(Finding::Sound));
                self.notes.push(refused.to_string());
            }
            other => return Err(other.into()),
        }
        Ok(None)
    }

    /// Whatever lies under the root key itself.
    fn own_keys(&mut self, root_key: &RootKey) -> io::Result<()> {
        let folder = self.folder.join("store/keyspaces");
        let found = if self.env.disk.exists(&folder)? { self.env.disk.list(&folder)? } else { Vec::new() };
        for id in found.iter().filter_map(|path| engine::local::verify::keyspace_id(path)) {
            if let Some(name) = id.system_name() {
                let name = Some(format!("{name} (the server's own)"));
                self.keyspaces.insert(id, Known { name, keys: vec![root_key.derive_keyspace_key(id)] });
            }
        }
        Ok(())
    }

    fn shred_keys(&mut self, root_key: &RootKey) {
        let folder = self.folder.join("shred");
        for path in self.env.disk.list(&folder).unwrap_or_default() {
            let len = self.env.disk.open(&path).and_then(|file| file.len()).unwrap_or_default();
            let opened = Shredder::check(&self.env, &path, &root_key.derive_shred_sealing_key());
            let finding = match opened {
                Ok(true) => Finding::Authentic,
                Ok(false) => Finding::Leftover,
                Err(_) => Finding::Damaged,
            };
            let name = path.strip_prefix(&self.folder).unwrap_or(&path).to_string_lossy().into_owned();
            self.outside.push(outside(&name, "all of it", len, finding));
        }
    }

    async fn table_keys(&mut self, over: &Env, root_key: RootKey, home: Home) {
        match tables(over, &self.folder, root_key, home).await {
            Ok(tables) => tables.into_iter().for_each(|table| self.add(table)),
            Err(cause) => self.notes.push(format!("the tables' keys cannot be had: {}", chain(&*cause))),
        }
    }

    fn add(&mut self, table: StoredKeys) {
        if let Some(refused) = table.refused {
            self.notes.push(format!("table {} stays closed: {refused}", table.table));
        }
        let known = self.keyspaces.entry(table.keyspace).or_default();
        known.name = Some(table.table);
        known.keys.extend(table.keys);
    }
}

/// Opens the rooms that know the tables' keys.
async fn tables(
    over: &Env,
    folder: &Path,
    root_key: RootKey,
    home: Home,
) -> Result<Vec<StoredKeys>, Box<dyn std::error::Error>> {
    // What is damaged in the log is told by the walk; the keys are wanted all the same.
    let store = StoreOptions { salvage_log: true, ..StoreOptions::default() };
    let vault = Vault::over(over, folder, root_key, store)?;
    vault.open_system_keyspace("kms", kms::store::KEYSPACE).await?;
    vault.open_system_keyspace("catalog", dynamodb::table::catalog::KEYSPACE).await?;
    let marker_key = vault.root_key.derive_marker_key();
    let (engine, shredder) = (Arc::clone(&vault.engine), Arc::clone(&vault.shredder));
    let kms = Kms::open(over.clone(), engine, shredder, home, &marker_key).await?;
    Ok(stored_keys(&*vault.engine, &vault.shredder, &*kms).await?)
}

fn outside(file: &str, name: &str, len: u64, finding: Finding) -> Place {
    let (file, name) = (file.to_owned(), name.to_owned());
    Place { file, keyspace: None, name, bytes: 0..len, finding, entries: 0 }
}

fn unusable_of(folder: &Path) -> impl Fn(io::Error) -> StartError + use<> {
    let folder = folder.to_owned();
    move |source| StartError::DataDir { folder: folder.clone(), source }
}

/// An error with its causes, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
