//! Checkpoints: links to the files of a keyspace, and a descriptor under the key of its receiver.
//!
//! ```text
//! checkpoints/<id>/
//!   <random>.sst     links: the file system keeps a file until its last name goes
//!   descriptor       data encryption keys wrapped for the receiver, files, versions and seconds
//! ```
//! What it costs depends on the number of files: digests are in the manifest already, and no block is read or
//! written. A checkpoint exists once the file `store` names its descriptor's digest; a folder it does not name is
//! removed at the next start. `docs/formats/checkpoint.md` draws the bytes.
//!
//! Map: [`descriptor`] (what it says, and its file).

pub mod descriptor;

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use crypto::{SecretKey, sha256};

use self::descriptor::{Descriptor, DescriptorFile};
use super::flush;
use super::founding::link_all;
use super::header::{FileHeader, FileKind};
use super::keyspace::{Keyspace, OpenKeyspace};
use super::lifecycle::remove_folder;
use super::manifest::{FileRecord, Manifest, Owner, WrappedDek};
use super::store::{Store, checkpoint_folder, checkpoints_folder};
use crate::{AsOf, CheckpointId, CheckpointInfo, EngineError, KeyspaceId, Result};

/// [`crate::Engine::checkpoint`].
pub fn take(
    store: &Store,
    id: KeyspaceId,
    checkpoint: CheckpointId,
    receiver: &SecretKey,
) -> Result<CheckpointInfo> {
    let keyspace = store.keyspace(id)?;
    keyspace.opened()?;
    // The second before the files: what counts into an earlier second is ordered by now, and will be in them.
    let second = store.note_now(store.log.published());
    let published = store.log.published();
    flush::flush(store, &keyspace)?;
    let _names = store.names.lock();
    if store.store_file.checkpoint(checkpoint).is_some() {
        return Err(EngineError::CheckpointExists(checkpoint));
    }
    remove_named(store, checkpoint)?;
    let taken = take_into_folder(store, &keyspace, (published, second), checkpoint, receiver);
    if taken.is_err()
        && let Err(error) = remove_named(store, checkpoint)
    {
        tracing::warn!(%error, %checkpoint, "half a checkpoint stays until the next start");
    }
    taken
}

fn take_into_folder(
    store: &Store,
    keyspace: &Keyspace,
    (published, second): (u64, u64),
    checkpoint: CheckpointId,
    receiver: &SecretKey,
) -> Result<CheckpointInfo> {
    let io = |source| EngineError::io(format!("taking checkpoint {checkpoint}"), source);
    let (disk, folder) = (&*store.env.disk, checkpoint_folder(&store.folder, checkpoint));
    disk.create_dir_all(&folder).map_err(io)?;
    let descriptor = {
        // The files of the manifest that counts stay where they are while no other can be installed.
        let _lifecycle = keyspace.lifecycle.lock();
        let open = keyspace.opened()?;
        let version = published.max(keyspace.flushed.load(Ordering::Acquire));
        let descriptor = describe(store, &open, (version, second), checkpoint, receiver)?;
        link_all(store, &descriptor.image.files, &keyspace.folder, &folder)?;
        descriptor
    };
    let header =
        FileHeader::named(FileKind::Checkpoint, keyspace.id, checkpoint.0, receiver, &*store.env.random);
    let bytes = descriptor::encode_file(&header, receiver, &descriptor)
        .map_err(|_| EngineError::WrongKey(format!("checkpoint {checkpoint}")))?;
    let file = disk.create(&folder.join(descriptor::NAME)).map_err(io)?;
    file.write_all_at(&bytes, 0).and_then(|()| file.sync()).map_err(io)?;
    disk.sync_dir(&folder).map_err(io)?;
    disk.sync_dir(&checkpoints_folder(&store.folder)).map_err(io)?;
    store.store_file.add_checkpoint(checkpoint, sha256(&bytes))?;
    Ok(descriptor.info())
}

/// What a checkpoint of a keyspace says whose lifecycle lock is held.
fn describe(
    store: &Store,
    open: &OpenKeyspace,
    (version, second): (u64, u64),
    checkpoint: CheckpointId,
    receiver: &SecretKey,
) -> Result<Descriptor> {
    let (image, digest) = {
        let current = open.manifest.lock();
        (current.content.clone(), current.digest)
    };
    let (owner, random) = (Owner::Checkpoint(checkpoint), &*store.env.random);
    let used = |epoch: u32| image.files.iter().any(|file| file.header.epoch == epoch);
    let deks = open.with_secrets(|secrets| {
        let used = secrets.deks.iter().filter(|(epoch, _)| used(*epoch));
        used.map(|(epoch, dek)| WrappedDek::wrap((*epoch, dek), owner, receiver, random)).collect()
    })?;
    let seconds = store.store_file.seconds().between(image.floor.min(version), version);
    // A merge may have counted on a commit behind `version`, which is in memory only; all that is in files is shown.
    let floor = image.floor.min(version);
    let image = Manifest { previous_digest: digest, deks, floor, watermark: None, rotate_to: 0, ..image };
    Ok(Descriptor { version, second, seconds, image })
}

/// A checkpoint that was read: its files and the keys they are under.
pub struct Image {
    /// Where the files lie.
    pub folder: PathBuf,
    /// By epoch, oldest first.
    pub deks: Vec<(u32, SecretKey)>,
    descriptor: Descriptor,
    checkpoint: CheckpointId,
}

/// Reads a checkpoint under the key of its receiver.
pub fn read(store: &Store, (checkpoint, receiver): (CheckpointId, &SecretKey)) -> Result<Image> {
    let folder = checkpoint_folder(&store.folder, checkpoint);
    let digest = store.store_file.checkpoint(checkpoint).ok_or(EngineError::NoCheckpoint(checkpoint))?;
    let file = DescriptorFile::read(&*store.env.disk, &folder, checkpoint)?;
    let descriptor = file.open(receiver, Some(&digest))?;
    let deks = descriptor.unwrap_deks(checkpoint, receiver)?;
    Ok(Image { folder, deks, descriptor, checkpoint })
}

/// [`crate::Engine::drop_checkpoint`].
pub fn drop_checkpoint(store: &Store, checkpoint: CheckpointId) -> Result<()> {
    let _names = store.names.lock();
    remove_named(store, checkpoint)
}

fn remove_named(store: &Store, checkpoint: CheckpointId) -> Result<()> {
    store.store_file.forget_checkpoint(checkpoint)?;
    remove_folder(&*store.env.disk, &checkpoint_folder(&store.folder, checkpoint))
}

impl Image {
    /// The files as a keyspace has them that adopts this state.
    pub fn files_as_of(&self, as_of: AsOf) -> Result<Vec<FileRecord>> {
        let limit = self.limit(as_of)?;
        let seen = self.descriptor.image.files.iter().filter(|file| file.first_sequence <= limit);
        let limited = seen.map(|file| {
            let visible = if file.last_sequence <= limit { file.visible } else { limit.min(file.visible) };
            FileRecord { visible, ..file.clone() }
        });
        Ok(limited.collect())
    }

    /// The last sequence number of the state asked for.
    fn limit(&self, as_of: AsOf) -> Result<u64> {
        let Descriptor { version, second, seconds, image } = &self.descriptor;
        let limit = match as_of {
            AsOf::Checkpoint => Some(*version),
            AsOf::Version(asked) => Some(asked.0),
            AsOf::Second(asked) => seconds.at(asked).filter(|_| asked < *second),
        };
        limit.filter(|limit| (image.floor..=*version).contains(limit)).ok_or_else(|| {
            EngineError::NotKept(format!(
                "checkpoint {} holds the states from version {} to {version}, until second {second}",
                self.checkpoint, image.floor
            ))
        })
    }
}
