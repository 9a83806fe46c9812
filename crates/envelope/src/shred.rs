//! Epochs that make deletion final.
//!
//! Wrapped table keys and key material are kept under a *shred key* of an epoch, whose file holds it sealed
//! under the root key. Deleting a secret begins a new epoch, seals every other secret again under it, and
//! destroys the old key: forgotten copies of the deleted secret, in old files or free blocks of the disk,
//! cannot be opened any more, even with the root key.
//!
//! ```text
//! shred/<epoch>.key    the epoch's key, wrapped (crypto/src/wrap.rs) under the sealing key,
//!                      bound to "strongroom shred key" ‖ version ‖ epoch
//! ```
//! A power cut between the steps leaves two epochs; [`Shredder::finish_interrupted`] goes on from there.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::{NotAuthentic, SecretKey, unwrap_bytes, unwrap_key, wrap_bytes, wrap_key};
use env::Env;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex as AsyncMutex, RwLock, RwLockReadGuard};
use zeroize::Zeroizing;

/// The format of a shred key's file.
const FORMAT_VERSION: u8 = 1;
const MAX_FILE_LEN: u64 = 1024;

/// A secret under the shred key of an epoch. Keep it; it is of no use without the [`Shredder`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShreddableSecret {
    epoch: u64,
    #[serde(with = "crate::base64_bytes")]
    sealed: Vec<u8>,
}

/// Whoever keeps [`ShreddableSecret`]s.
pub trait SecretHolder: Send + Sync {
    /// Replaces, durably, every secret that [`Shredder::is_current`] says is not of the current epoch by
    /// its [`Sealing::renew`]ed self. May be called again after a failure; does nothing where nothing is left.
    fn reseal_secrets<'a>(&'a self, shredder: &'a Shredder) -> BoxFuture<'a, Result<(), ShredError>>;
}

/// A failure to keep, open or destroy secrets.
#[derive(Debug, thiserror::Error)]
pub enum ShredError {
    /// The secret's epoch is destroyed, or its bytes or binding are wrong.
    #[error("the secret does not open")]
    NotAuthentic,
    /// An epoch's file does not open under the root key.
    #[error("the shred key {0} does not open under the root key")]
    DamagedEpoch(PathBuf),
    /// The file system answered with an error.
    #[error("cannot {doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A holder could not replace its secrets; the old epoch stays until a later attempt.
    #[error("cannot seal the other secrets again: {0}")]
    Holder(String),
}

impl From<NotAuthentic> for ShredError {
    fn from(_: NotAuthentic) -> Self {
        Self::NotAuthentic
    }
}

/// Keeper of the epochs.
pub struct Shredder {
    env: Env,
    /// `None` where nothing is written (`--memory`).
    folder: Option<PathBuf>,
    sealing_key: SecretKey,
    epochs: RwLock<Epochs>,
    holders: Mutex<Vec<Arc<dyn SecretHolder>>>,
    one_at_a_time: AsyncMutex<()>,
}

struct Epochs {
    current: u64,
    keys: BTreeMap<u64, SecretKey>,
}

/// The right to seal: while it is held no new epoch begins. Hold it until what was sealed is durable, or a
/// new epoch could begin between and miss it.
pub struct Sealing<'a> {
    shredder: &'a Shredder,
    epochs: RwLockReadGuard<'a, Epochs>,
}

impl Shredder {
    /// Opens the epochs in `folder`, beginning the first where there is none; `None` keeps them in memory.
    ///
    /// # Errors
    /// [`ShredError::DamagedEpoch`] and [`ShredError::Io`].
    pub fn open(env: Env, folder: Option<&Path>, sealing_key: SecretKey) -> Result<Self, ShredError> {
        let shredder = Self {
            env,
            folder: folder.map(Path::to_owned),
            sealing_key,
            epochs: RwLock::new(Epochs { current: 0, keys: BTreeMap::new() }),
            holders: Mutex::default(),
            one_at_a_time: AsyncMutex::default(),
        };
        let mut epochs = Epochs { current: 0, keys: shredder.load()? };
        match epochs.keys.last_key_value() {
            Some((last, _)) => epochs.current = *last,
            None => shredder.begin_epoch(&mut epochs)?,
        }
        Ok(Self { epochs: RwLock::new(epochs), ..shredder })
    }

    /// Whether a file is an epoch's key that opens under `sealing_key`; false where it is no such file at all.
    ///
    /// # Errors
    /// [`ShredError::DamagedEpoch`] and [`ShredError::Io`].
    pub fn check(env: &Env, file: &Path, sealing_key: &SecretKey) -> Result<bool, ShredError> {
        let Some(epoch) = epoch_of(file) else { return Ok(false) };
        read(env, epoch, file, sealing_key).map(|_| true)
    }

    /// Adds somebody who keeps secrets. All holders must be there before a shred.
    pub fn add_holder(&self, holder: Arc<dyn SecretHolder>) {
        self.holders.lock().push(holder);
    }

    /// Takes the right to seal.
    pub async fn sealing(&self) -> Sealing<'_> {
        Sealing { shredder: self, epochs: self.epochs.read().await }
    }

    /// Opens a secret bound to `associated`.
    ///
    /// # Errors
    /// [`ShredError::NotAuthentic`].
    pub async fn unseal(
        &self,
        secret: &ShreddableSecret,
        associated: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, ShredError> {
        self.epochs.read().await.unseal(secret, associated)
    }

    /// Whether a secret lies under the current epoch.
    pub async fn is_current(&self, secret: &ShreddableSecret) -> bool {
        self.epochs.read().await.current == secret.epoch
    }

    /// Makes the deletion of secrets final: call it after their holder has durably forgotten them.
    ///
    /// # Errors
    /// As its steps; the old epoch then stays, and a later shred, or a restart, goes on.
    pub async fn shred(&self) -> Result<(), ShredError> {
        let _turn = self.one_at_a_time.lock().await;
        self.begin_epoch(&mut *self.epochs.write().await)?;
        self.retire_old_epochs().await
    }

    /// Goes on with a shred that a crash interrupted; call it once all holders are there.
    ///
    /// # Errors
    /// As [`Shredder::shred`].
    pub async fn finish_interrupted(&self) -> Result<(), ShredError> {
        let _turn = self.one_at_a_time.lock().await;
        if self.epochs.read().await.keys.len() == 1 {
            return Ok(());
        }
        self.retire_old_epochs().await
    }

    async fn retire_old_epochs(&self) -> Result<(), ShredError> {
        let holders = self.holders.lock().clone();
        for holder in holders {
            holder.reseal_secrets(self).await?;
        }
        let mut epochs = self.epochs.write().await;
        let current = epochs.current;
        for (&epoch, _) in epochs.keys.range(..current) {
            self.destroy(epoch)?;
        }
        epochs.keys.retain(|&epoch, _| epoch == current);
        Ok(())
    }

    fn begin_epoch(&self, epochs: &mut Epochs) -> Result<(), ShredError> {
        let (epoch, key) = (epochs.current + 1, SecretKey::generate(&*self.env.random));
        if let Some(path) = self.path(epoch) {
            let wrapped = wrap_key(&self.sealing_key, &key, &binding(epoch), &*self.env.random);
            env::disk::replace_file(&*self.env.disk, &path, &wrapped).map_err(during("write a shred key"))?;
        }
        epochs.keys.insert(epoch, key);
        epochs.current = epoch;
        Ok(())
    }

    fn load(&self) -> Result<BTreeMap<u64, SecretKey>, ShredError> {
        let Some(folder) = &self.folder else { return Ok(BTreeMap::new()) };
        self.env.disk.create_dir_all(folder).map_err(during("create the folder of shred keys"))?;
        let files = self.env.disk.list(folder).map_err(during("list the shred keys"))?;
        let epochs = files.iter().filter_map(|file| Some((epoch_of(file)?, file)));
        epochs.map(|(epoch, file)| Ok((epoch, read(&self.env, epoch, file, &self.sealing_key)?))).collect()
    }

    /// Overwrites the key's bytes before the file goes, so that no free block of the disk keeps them where
    /// the file system writes in place.
    fn destroy(&self, epoch: u64) -> Result<(), ShredError> {
        let Some(path) = self.path(epoch) else { return Ok(()) };
        let disk = &*self.env.disk;
        let erase = || {
            if disk.exists(&path)? {
                let file = disk.open(&path)?;
                let len = usize::try_from(file.len()?.min(MAX_FILE_LEN)).unwrap_or_default();
                file.write_all_at(&vec![0; len], 0)?;
                file.sync()?;
                disk.remove_file(&path)?;
            }
            disk.sync_dir(path.parent().unwrap_or(Path::new(".")))
        };
        erase().map_err(during("destroy a shred key"))
    }

    fn path(&self, epoch: u64) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{epoch:016x}.key")))
    }
}

impl Sealing<'_> {
    /// Seals a secret under the current epoch, bound to `associated`.
    #[must_use]
    pub fn seal(&self, secret: &[u8], associated: &[u8]) -> ShreddableSecret {
        let epoch = self.epochs.current;
        let key = self.epochs.keys.get(&epoch).expect("the current epoch's key is there from its beginning");
        ShreddableSecret { epoch, sealed: wrap_bytes(key, secret, associated, &*self.shredder.env.random) }
    }

    /// The same secret under the current epoch.
    ///
    /// # Errors
    /// [`ShredError::NotAuthentic`].
    pub fn renew(
        &self,
        secret: &ShreddableSecret,
        associated: &[u8],
    ) -> Result<ShreddableSecret, ShredError> {
        Ok(self.seal(&self.epochs.unseal(secret, associated)?, associated))
    }
}

impl Epochs {
    fn unseal(&self, secret: &ShreddableSecret, associated: &[u8]) -> Result<Zeroizing<Vec<u8>>, ShredError> {
        let key = self.keys.get(&secret.epoch).ok_or(ShredError::NotAuthentic)?;
        Ok(unwrap_bytes(key, &secret.sealed, associated)?)
    }
}

fn read(env: &Env, epoch: u64, file: &Path, sealing_key: &SecretKey) -> Result<SecretKey, ShredError> {
    let wrapped = env::disk::read_file(&*env.disk, file, MAX_FILE_LEN).map_err(during("read a shred key"))?;
    unwrap_key(sealing_key, &wrapped, &binding(epoch))
        .map_err(|NotAuthentic| ShredError::DamagedEpoch(file.to_owned()))
}

fn binding(epoch: u64) -> Vec<u8> {
    [b"strongroom shred key".as_slice(), &[FORMAT_VERSION], &epoch.to_be_bytes()].concat()
}

fn epoch_of(file: &Path) -> Option<u64> {
    let name = file.file_name()?.to_str()?.strip_suffix(".key")?;
    u64::from_str_radix(name, 16).ok()
}

fn during(doing: &str) -> impl FnOnce(io::Error) -> ShredError + '_ {
    move |source| ShredError::Io { doing: doing.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::{SecretHolder, ShredError, ShreddableSecret, Shredder, binding, unwrap_key, wrap_key};
    use crypto::SecretKey;
    use env::Env;
    use futures::executor::block_on;
    use futures::future::BoxFuture;
    use parking_lot::Mutex;
    use std::path::Path;
    use std::sync::Arc;

    #[derive(Default)]
    struct Shelf(Mutex<Vec<ShreddableSecret>>);

    impl SecretHolder for Shelf {
        fn reseal_secrets<'a>(&'a self, shredder: &'a Shredder) -> BoxFuture<'a, Result<(), ShredError>> {
            Box::pin(async {
                let sealing = shredder.sealing().await;
                let renewed =
                    self.0.lock().iter().map(|s| sealing.renew(s, b"x")).collect::<Result<_, _>>()?;
                *self.0.lock() = renewed;
                Ok(())
            })
        }
    }

    fn open(folder: &Path) -> Shredder {
        Shredder::open(Env::real(), Some(folder), SecretKey::take(&mut [5; 32])).unwrap()
    }

    #[test]
    fn a_shredded_secret_never_opens_again_and_the_others_do() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Arc::new(Shelf::default());
        let forgotten = block_on(async {
            let shredder = open(folder.path());
            shredder.add_holder(shelf.clone());
            let sealing = shredder.sealing().await;
            shelf.0.lock().push(sealing.seal(b"kept", b"x"));
            let forgotten = sealing.seal(b"forgotten", b"x");
            drop(sealing);
            shredder.shred().await.unwrap();
            forgotten
        });
        let reopened = open(folder.path());
        let kept = shelf.0.lock()[0].clone();
        assert_eq!(*block_on(reopened.unseal(&kept, b"x")).unwrap(), b"kept");
        assert!(matches!(block_on(reopened.unseal(&forgotten, b"x")), Err(ShredError::NotAuthentic)));
        assert!(matches!(block_on(reopened.unseal(&kept, b"y")), Err(ShredError::NotAuthentic)));
    }

    #[test]
    fn an_interrupted_shred_is_finished_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Arc::new(Shelf::default());
        let before = open(folder.path());
        let forgotten = block_on(async {
            let sealing = before.sealing().await;
            shelf.0.lock().push(sealing.seal(b"kept", b"x"));
            let forgotten = sealing.seal(b"forgotten", b"x");
            drop(sealing);
            before.begin_epoch(&mut *before.epochs.write().await).unwrap();
            forgotten
        });
        let after = open(folder.path());
        after.add_holder(shelf.clone());
        assert!(block_on(after.unseal(&forgotten, b"x")).is_ok());
        block_on(after.finish_interrupted()).unwrap();
        assert!(block_on(after.unseal(&forgotten, b"x")).is_err());
        let kept = shelf.0.lock()[0].clone();
        assert!(block_on(after.unseal(&kept, b"x")).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_wrong_root_key_is_an_error_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()));
        let wrong = Shredder::open(Env::real(), Some(folder.path()), SecretKey::take(&mut [6; 32]));
        assert!(matches!(wrong.err(), Some(ShredError::DamagedEpoch(_))));
        drop(open(folder.path()));
    }

    /// `fixtures/shred-key-1.hex`: the key of epoch 7, 32 bytes of 9, under a sealing key of 32 bytes of 5.
    const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shred-key-1.hex");

    #[test]
    fn a_shred_key_of_version_1_opens_for_ever() {
        let digits = include_str!("../fixtures/shred-key-1.hex").trim().as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let wrapped: Vec<u8> = digits.chunks(2).map(byte).collect();
        let opened = unwrap_key(&SecretKey::take(&mut [5; 32]), &wrapped, &binding(7)).unwrap();
        assert_eq!(opened.expose(), &[9; 32]);
        assert!(unwrap_key(&SecretKey::take(&mut [5; 32]), &wrapped, &binding(8)).is_err());
    }

    #[test]
    #[ignore = "writes the fixture, which is done once for each version of the format"]
    fn write_the_fixture() {
        let (sealing, key) = (SecretKey::take(&mut [5; 32]), SecretKey::take(&mut [9; 32]));
        let wrapped = wrap_key(&sealing, &key, &binding(7), &*Env::real().random);
        let digits: String = wrapped.iter().map(|byte| format!("{byte:02x}")).collect();
        // A fixture is never written again: what exists is not created.
        let file = Env::real().disk.create(Path::new(FIXTURE)).unwrap();
        file.write_all_at(format!("{digits}\n").as_bytes(), 0).unwrap();
    }
}
