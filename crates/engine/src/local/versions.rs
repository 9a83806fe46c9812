//! Which states of a keyspace stay readable.
//!
//! Flushes and merges leave out what only states before a *horizon* show: the last published sequence number, or the
//! watermark where one is set, which is in the manifest and holds for ever or until it is moved. The horizon of what was
//! left out becomes the *floor* in the same manifest: no state before it is promised.

use std::sync::atomic::Ordering;

use super::keyspace::OpenKeyspace;
use super::lifecycle::install_manifest;
use super::log::queue::Log;
use super::manifest::Manifest;
use super::store::Store;
use crate::{EngineError, Keep, KeyspaceId, Result, Version};

/// [`crate::Engine::keep_versions`].
pub fn keep(store: &Store, id: KeyspaceId, keep: Keep) -> Result<Version> {
    let keyspace = store.keyspace(id)?;
    let _lifecycle = keyspace.lifecycle.lock();
    let open = keyspace.opened()?;
    let published = store.log.published();
    store.note_now(published);
    let content = open.manifest.lock().content.clone();
    let watermark = match keep {
        Keep::Newest => None,
        Keep::FromNow => Some(published),
        Keep::From(version) if (content.floor..=published).contains(&version.0) => Some(version.0),
        Keep::From(_) => {
            let kept = format!("versions {} to {published} are kept", content.floor);
            return Err(EngineError::NotKept(kept));
        }
    };
    if content.watermark != watermark {
        let flushed = keyspace.flushed.load(Ordering::Acquire);
        install_manifest(store, &keyspace, &open, Manifest { watermark, ..content }, flushed, None)?;
    }
    Ok(Version(watermark.unwrap_or(published)))
}

impl OpenKeyspace {
    /// What only states before this sequence number show may be left out of new files. A file made with a horizon that
    /// lies behind it by the time it is installed must not be: a watermark was set meanwhile.
    pub fn horizon(&self, log: &Log) -> u64 {
        let watermark = self.manifest.lock().content.watermark;
        watermark.unwrap_or(u64::MAX).min(log.published())
    }
}
