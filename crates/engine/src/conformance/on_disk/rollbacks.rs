//! Older states of parts of the disk are put back, and files exchanged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use env::{Disk, SimDisk};

use super::OnDisk;
use super::rig::Rig;
use super::script::chain;
use super::tampering::read_all;
use crate::EngineError;
use crate::conformance::fixture::{Asking, key, put, wait, writes};

/// One keyspace, created or adopted, or checkpoint rolled back alone is found, as a whole or file by file, and so is
/// the list of them; also to before a deep rotation. Two files exchanged are found. Where a file that was put back is
/// not needed any more, deleted or never named, nothing changes.
/// (Everything rolled back together is not found, nor is the log alone.)
pub fn rollbacks(on_disk: &dyn OnDisk) {
    let (yesterday, today) = two_days(on_disk);
    let expected = read_all(&today).expect("the store is sound before anything is put back");
    let check = |disk: SimDisk, must_be_found: bool, context: &str| match read_all(&today.on(disk)) {
        Ok(found) => {
            assert!(found == expected, "{context}: another state is shown");
            assert!(!must_be_found, "{context}: it is not found");
        }
        Err(EngineError::Damaged { .. }) => {}
        Err(error) => panic!("{context}: {error:?} is no answer: {}", chain(&error)),
    };
    for folder in folders(&yesterday.disk, on_disk.store()) {
        let disk = today.disk.copy();
        put_folder_back(&disk, &yesterday.disk, &folder);
        check(disk, true, &format!("{} put back", folder.display()));
    }
    let owned = |path: &Path| !path.starts_with(on_disk.store().join("log"));
    for (path, content) in yesterday.disk.files().into_iter().filter(|(path, _)| owned(path)) {
        let disk = today.disk.copy();
        write(&disk, &path, &content);
        check(disk, false, &format!("{} put back", path.display()));
    }
    for (path, content) in leftovers(&today.disk, on_disk.store()) {
        let disk = today.disk.copy();
        write(&disk, &path, &content);
        check(disk, false, &format!("{} left behind", path.display()));
    }
    let files: Vec<_> = today.disk.files().into_iter().filter(|(_, content)| !content.is_empty()).collect();
    for (at, (one, one_content)) in files.iter().enumerate() {
        for (other, other_content) in files.iter().skip(at + 1).filter(|(_, other)| other != one_content) {
            let disk = today.disk.copy();
            write(&disk, one, other_content);
            write(&disk, other, one_content);
            check(disk, true, &format!("{} and {} exchanged", one.display(), other.display()));
        }
    }
}

/// Copies of files under names that a crash, or somebody, may leave: beside each other, and in each other's folders.
fn leftovers(disk: &SimDisk, store: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files: Vec<_> = disk.files().into_iter().filter(|(_, content)| !content.is_empty()).collect();
    let folders = folders(disk, store);
    let copies = |(path, content): &(PathBuf, Vec<u8>)| {
        let beside = [(path.with_extension("new"), content.clone())];
        let name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
        let elsewhere = folders.iter().map(move |folder| folder.join(&name));
        let elsewhere = elsewhere.filter(|copy| !disk.exists(copy).expect("an answer"));
        beside.into_iter().chain(elsewhere.map(|copy| (copy, content.clone()))).collect::<Vec<_>>()
    };
    files.iter().flat_map(copies).collect()
}

/// A store, and the same store after more of everything.
fn two_days(on_disk: &dyn OnDisk) -> (Rig<'_>, Rig<'_>) {
    let mut rig = Rig::new(on_disk, 1);
    rig.start().expect("a store on an empty disk");
    let (one, two) = (rig.engine().make(1), rig.engine().make(2));
    let write_both = |rig: &Rig<'_>, round: u8| {
        let entry = |id| put(id, &key(round, b"a"), &[round; 300]);
        rig.engine().apply(writes(vec![entry(one), entry(two)]));
    };
    (0..3).for_each(|round| write_both(&rig, round));
    wait(rig.engine().flush()).expect("a flush");
    rig.engine().take(1, 1);
    let three = rig.engine().adopt_as(1, 3);
    rig.engine().put(three, &key(9, b"own"), &[9; 300]);
    wait(rig.engine().flush()).expect("a flush");
    write_both(&rig, 3);
    rig.start().expect("a start");
    let yesterday = rig.on(rig.disk.copy());
    [1, 2, 3].iter().for_each(|number| rig.engine().reopen(*number));
    write_both(&rig, 3);
    [2, 3].iter().for_each(|number| rig.engine().rotate_all(*number));
    wait(rig.engine().flush()).expect("a flush");
    wait(rig.engine().drop_checkpoint(crate::CheckpointId([1; 16]))).expect("dropped");
    rig.engine().take(2, 1);
    (4..8).for_each(|round| write_both(&rig, round));
    rig.start().expect("a start, which keeps what is in the log");
    let today = rig.on(rig.disk.kill());
    rig.stop();
    (yesterday, today)
}

/// The folders of keyspaces and checkpoints, and that of the store itself without what is below it.
fn folders(disk: &SimDisk, store: &Path) -> BTreeSet<PathBuf> {
    let files = disk.files();
    let parents = files.iter().filter_map(|(path, _)| path.parent());
    parents.filter(|folder| !folder.starts_with(store.join("log"))).map(Path::to_path_buf).collect()
}

fn put_folder_back(disk: &SimDisk, before: &SimDisk, folder: &Path) {
    let inside = |(path, _): &(PathBuf, Vec<u8>)| path.parent() == Some(folder);
    let now: Vec<_> = disk.files().into_iter().filter(inside).collect();
    now.iter().for_each(|(path, _)| disk.remove_file(path).expect("it is there"));
    before.files().iter().filter(|file| inside(file)).for_each(|(path, content)| write(disk, path, content));
}

fn write(disk: &SimDisk, path: &Path, content: &[u8]) {
    if disk.exists(path).expect("an answer") {
        disk.remove_file(path).expect("it is there");
    }
    let file = disk.create(path).expect("there is room");
    file.write_all_at(content, 0).and_then(|()| file.sync()).expect("there is room");
}
