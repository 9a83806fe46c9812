//! A disk over another one that it never changes.
//!
//! What is written goes to memory and hides what lies below; what is removed is hidden. So a store can be
//! opened, recovered and read without a byte of it being touched.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::SimDisk;
use crate::disk::{Disk, DiskFile};

/// A disk over another one that it never changes. A file that lies below cannot be written to in place, only
/// replaced, unless the bytes are those that are there: whoever uses this writes each file once.
pub struct Overlay {
    below: Arc<dyn Disk>,
    above: SimDisk,
    /// Hidden, with everything below them that is not above.
    removed: Mutex<BTreeSet<PathBuf>>,
}

impl Overlay {
    /// Shows what `below` holds now.
    #[must_use]
    pub fn over(below: Arc<dyn Disk>) -> Self {
        Self { below, above: SimDisk::new(), removed: Mutex::default() }
    }

    fn is_below(&self, path: &Path) -> io::Result<bool> {
        let hidden = {
            let removed = self.removed.lock();
            path.ancestors().any(|folder| removed.contains(folder))
        };
        Ok(!hidden && self.below.exists(path)?)
    }

    fn make_room_for(&self, path: &Path) -> io::Result<()> {
        match path.parent() {
            Some(folder) if !self.exists(folder)? => Err(io::ErrorKind::NotFound.into()),
            Some(folder) => self.above.create_dir_all(folder),
            None => Ok(()),
        }
    }

    fn hide(&self, path: &Path) -> io::Result<()> {
        if self.is_below(path)? {
            self.removed.lock().insert(path.to_owned());
        }
        Ok(())
    }
}

impl Disk for Overlay {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        if self.exists(path)? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.make_room_for(path)?;
        self.above.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        if self.above.exists(path)? || !self.is_below(path)? {
            return self.above.open(path);
        }
        Ok(Box::new(Below(self.below.open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.above.exists(from)? {
            let content = crate::disk::read_file(self, from, u64::MAX)?;
            self.make_room_for(from)?;
            self.hide(from)?;
            self.above.create(from)?.write_all_at(&content, 0)?;
        }
        self.make_room_for(to)?;
        self.hide(to)?;
        self.above.rename(from, to)
    }

    /// Refuses files that lie below: nobody who only looks needs a second name for one.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.above.exists(from)? {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.make_room_for(to)?;
        self.above.link(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        if !self.exists(path)? {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.hide(path)?;
        if self.above.exists(path)? { self.above.remove_file(path) } else { Ok(()) }
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.hide(path)?;
        if self.above.exists(path)? { self.above.remove_dir_all(path) } else { Ok(()) }
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.above.create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let (above, below) = (self.above.exists(path)?, self.is_below(path)?);
        if !above && !below {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut names = BTreeSet::new();
        if above {
            names.extend(self.above.list(path)?);
        }
        for name in if below { self.below.list(path)? } else { Vec::new() } {
            if self.is_below(&name)? {
                names.insert(name);
            }
        }
        Ok(names.into_iter().collect())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.above.exists(path)? || self.is_below(path)?)
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Locks nothing: who looks at another's files takes the lock on what lies below.
    fn lock(&self, _: &Path) -> io::Result<Box<dyn Send + Sync>> {
        Ok(Box::new(()))
    }
}

/// A file that lies below.
struct Below(Box<dyn DiskFile>);

impl DiskFile for Below {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    /// What is there already may be written again.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut there = vec![0; bytes.len()];
        self.0.read_exact_at(&mut there, offset)?;
        if there == bytes { Ok(()) } else { Err(io::ErrorKind::ReadOnlyFilesystem.into()) }
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use super::Overlay;
    use crate::SimDisk;
    use crate::disk::{Disk, read_file, replace_file};

    fn content(disk: &dyn Disk, path: &str) -> Option<Vec<u8>> {
        read_file(disk, Path::new(path), 100).ok()
    }

    #[test]
    fn everything_can_be_changed_and_nothing_below_is() {
        let below = SimDisk::new();
        below.create_dir_all(Path::new("/a/b")).unwrap();
        for name in ["/a/one", "/a/two", "/a/b/three"] {
            below.create(Path::new(name)).unwrap().write_all_at(name.as_bytes(), 0).unwrap();
        }
        let (before, changes) = (below.files(), below.changes());
        let disk = Overlay::over(Arc::new(below.clone()));

        assert_eq!(content(&disk, "/a/one").unwrap(), b"/a/one");
        assert!(disk.create(Path::new("/a/one")).is_err());
        assert!(disk.open(Path::new("/a/one")).unwrap().write_all_at(b"x", 0).is_err());
        disk.open(Path::new("/a/one")).unwrap().write_all_at(b"a/o", 1).unwrap();
        replace_file(&disk, Path::new("/a/one"), b"new").unwrap();
        disk.rename(Path::new("/a/two"), Path::new("/a/b/two")).unwrap();
        disk.remove_file(Path::new("/a/b/three")).unwrap();
        assert_eq!(content(&disk, "/a/one").unwrap(), b"new");
        assert_eq!(content(&disk, "/a/two"), None);
        assert_eq!(disk.list(Path::new("/a/b")).unwrap(), [PathBuf::from("/a/b/two")]);
        disk.remove_dir_all(Path::new("/a/b")).unwrap();
        assert!(!disk.exists(Path::new("/a/b/two")).unwrap());
        disk.create_dir_all(Path::new("/a/b")).unwrap();
        assert_eq!(disk.list(Path::new("/a/b")).unwrap(), Vec::<PathBuf>::new());
        assert!(disk.remove_file(Path::new("/a/b/three")).is_err());

        assert_eq!((below.files(), below.changes()), (before, changes));
    }
}
