//! The tree of names: what a reader sees, what is durable, and the changes in between.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::SeededRandom;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    Folder,
    File(u64),
}

/// All names. The roots (`/`, `.` and the empty path) are always there.
#[derive(Clone, Default)]
pub(super) struct Names {
    seen: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    unsynced: Vec<Change>,
}

/// Names that change together or not at all, and what each becomes.
type Change = Vec<(PathBuf, Option<Node>)>;

impl Names {
    pub(super) fn exists(&self, path: &Path) -> bool {
        is_root(path) || self.seen.contains_key(path)
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<u64> {
        match self.seen.get(path) {
            Some(Node::File(id)) => Ok(*id),
            Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&Path, u64)> {
        self.seen.iter().filter_map(|(path, node)| match node {
            Node::File(id) => Some((path.as_path(), *id)),
            Node::Folder => None,
        })
    }

    /// Every file that some name, seen, durable or in between, stands for.
    pub(super) fn referenced(&self) -> BTreeSet<u64> {
        let between = self.unsynced.iter().flatten().filter_map(|(_, node)| node.as_ref());
        let nodes = self.seen.values().chain(self.durable.values()).chain(between);
        nodes.filter_map(|node| if let Node::File(id) = node { Some(*id) } else { None }).collect()
    }

    /// Errors where `path` is taken or its folder is missing.
    pub(super) fn vacant(&self, path: &Path) -> io::Result<()> {
        if self.exists(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.folder(parent(path))
    }

    pub(super) fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.folder(folder)?;
        let inside = |path: &&PathBuf| same_folder(parent(path), folder);
        Ok(self.seen.keys().filter(inside).cloned().collect())
    }

    /// Every name below a folder, folders before what is in them.
    pub(super) fn below(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.folder(folder)?;
        let inside = |path: &&PathBuf| path.starts_with(folder) && path.as_path() != folder;
        Ok(self.seen.keys().filter(inside).cloned().collect())
    }

    /// The folders to make for `path` to be one, outermost first.
    pub(super) fn missing_folders(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let mut missing = Vec::new();
        for folder in path.ancestors().take_while(|folder| !is_root(folder)) {
            match self.seen.get(folder) {
                Some(Node::File(_)) if folder == path => return Err(io::ErrorKind::AlreadyExists.into()),
                Some(Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                Some(Node::Folder) => {}
                None => missing.push(folder.to_path_buf()),
            }
        }
        missing.reverse();
        Ok(missing)
    }

    pub(super) fn set(&mut self, path: &Path, node: Option<Node>) {
        self.apply(vec![(path.to_path_buf(), node)]);
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = Node::File(self.file(from)?);
        self.folder(parent(to))?;
        if self.seen.get(to) == Some(&Node::Folder) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if from != to {
            self.apply(vec![(from.to_path_buf(), None), (to.to_path_buf(), Some(node))]);
        }
        Ok(())
    }

    pub(super) fn link(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = Node::File(self.file(from)?);
        self.vacant(to)?;
        self.set(to, Some(node));
        Ok(())
    }

    /// Makes the names in `folder` durable; a rename between two folders is durable when one of them is
    /// synced, as on a file system with a journal.
    pub(super) fn sync(&mut self, folder: &Path) -> io::Result<()> {
        self.folder(folder)?;
        let in_folder = |change: &Change| change.iter().any(|(path, _)| same_folder(parent(path), folder));
        for change in std::mem::take(&mut self.unsynced) {
            if in_folder(&change) {
                change.into_iter().for_each(|(path, node)| self.settle(path, node));
            } else {
                self.unsynced.push(change);
            }
        }
        Ok(())
    }

    /// The names as a power cut may leave them: any of the unsynced changes happened, in their order.
    pub(super) fn after_power_cut(&self, fates: &SeededRandom) -> Self {
        let mut found = self.durable.clone();
        let (fate, drawn) = (fates.below(6), fates.below(self.unsynced.len() as u64));
        for (at, change) in self.unsynced.iter().enumerate() {
            let kept = match fate {
                0 => false,
                1 => true,
                2 => at as u64 == drawn,
                3 => at as u64 != drawn,
                _ => fates.below(2) == 0,
            };
            if kept {
                change.iter().for_each(|(path, node)| put(&mut found, path.clone(), *node));
            }
        }
        let found = without_orphans(found);
        Self { seen: found.clone(), durable: found, unsynced: Vec::new() }
    }

    fn folder(&self, path: &Path) -> io::Result<()> {
        match self.seen.get(path) {
            Some(Node::Folder) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None if is_root(path) => Ok(()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn apply(&mut self, change: Change) {
        change.iter().for_each(|(path, node)| put(&mut self.seen, path.clone(), *node));
        self.unsynced.push(change);
    }

    /// Makes what `path` stands for durable, whatever earlier changes of other folders said of it.
    fn settle(&mut self, path: PathBuf, node: Option<Node>) {
        self.unsynced.iter_mut().for_each(|change| change.retain(|(changed, _)| *changed != path));
        self.unsynced.retain(|change| !change.is_empty());
        put(&mut self.durable, path, node);
    }
}

fn put(names: &mut BTreeMap<PathBuf, Node>, path: PathBuf, node: Option<Node>) {
    match node {
        Some(node) => names.insert(path, node),
        None => names.remove(&path),
    };
}

/// A folder whose own name was lost takes everything in it along.
fn without_orphans(names: BTreeMap<PathBuf, Node>) -> BTreeMap<PathBuf, Node> {
    let mut kept = BTreeMap::new();
    for (path, node) in names {
        let folder = parent(&path);
        if is_root(folder) || kept.get(folder) == Some(&Node::Folder) {
            kept.insert(path, node);
        }
    }
    kept
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn is_root(path: &Path) -> bool {
    matches!(path.to_str(), Some("" | "/" | "."))
}

fn same_folder(one: &Path, other: &Path) -> bool {
    one == other || (is_root(one) && is_root(other))
}
