//! The simulated disk keeps its word: what is synced stays, what is not may go, and nothing else happens.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Fault, SimDisk};
use crate::RealDisk;
use crate::disk::{Disk, DiskFile, SECTOR, read_file, replace_file};

const FILE: &str = "/store/file";

fn store() -> SimDisk {
    let disk = SimDisk::new();
    disk.create_dir_all(Path::new("/store")).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk
}

fn synced_file(disk: &SimDisk, content: &[u8]) -> Box<dyn DiskFile> {
    let file = disk.create(Path::new(FILE)).unwrap();
    file.write_all_at(content, 0).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new("/store")).unwrap();
    file
}

fn content(disk: &SimDisk) -> Vec<u8> {
    read_file(disk, Path::new(FILE), u64::MAX).unwrap()
}

/// Every state that 300 seeds find after a power cut.
fn found<T: Ord>(disk: &SimDisk, look: impl Fn(&SimDisk) -> T) -> BTreeSet<T> {
    (0..300).map(|seed| look(&disk.crash(seed))).collect()
}

#[test]
fn what_is_synced_survives_every_power_cut() {
    let disk = store();
    synced_file(&disk, b"safe");
    assert_eq!(found(&disk, content), BTreeSet::from([b"safe".to_vec()]));
}

#[test]
fn an_unsynced_write_is_lost_or_kept_but_a_sector_is_never_torn() {
    let disk = store();
    let file = synced_file(&disk, b"old bytes");
    file.write_all_at(b"new", 0).unwrap();
    assert_eq!(found(&disk, content), BTreeSet::from([b"old bytes".to_vec(), b"new bytes".to_vec()]));
}

#[test]
fn an_unsynced_write_may_be_torn_between_any_sectors() {
    let disk = store();
    let file = synced_file(&disk, &[0; 3 * SECTOR]);
    file.write_all_at(&[1; 3 * SECTOR], 0).unwrap();
    let firsts = |disk: &SimDisk| content(disk).chunks(SECTOR).map(|sector| sector[0]).collect::<Vec<_>>();
    assert_eq!(found(&disk, firsts).len(), 8);
    assert!(
        found(&disk, |disk| content(disk).chunks(SECTOR).all(|s| s.iter().all(|b| *b == s[0])))
            == [true].into()
    );
}

#[test]
fn a_later_write_may_overtake_an_earlier_one() {
    let disk = store();
    let file = synced_file(&disk, &[0; 2 * SECTOR]);
    file.write_all_at(&[1; SECTOR], 0).unwrap();
    file.write_all_at(&[2; SECTOR], SECTOR as u64).unwrap();
    let firsts = found(&disk, |disk| (content(disk)[0], content(disk)[SECTOR]));
    assert_eq!(firsts, BTreeSet::from([(0, 0), (1, 0), (0, 2), (1, 2)]));
}

#[test]
fn growth_and_content_are_lost_independently() {
    let disk = store();
    let file = synced_file(&disk, b"");
    file.write_all_at(b"tail", 0).unwrap();
    assert_eq!(found(&disk, content), BTreeSet::from([vec![], vec![0; 4], b"tail".to_vec()]));
}

#[test]
fn a_cut_file_may_be_whole_again() {
    let disk = store();
    let file = synced_file(&disk, b"whole");
    file.set_len(2).unwrap();
    assert_eq!(content(&disk), b"wh");
    let states = found(&disk.copy(), content);
    assert!(states.contains(b"whole".as_slice()) && states.contains(b"wh".as_slice()));
    file.sync().unwrap();
    assert_eq!(found(&disk, content), BTreeSet::from([b"wh".to_vec()]));
}

#[test]
fn the_same_seed_finds_the_same_disk() {
    let disk = store();
    let file = synced_file(&disk, &[0; 9 * SECTOR]);
    file.write_all_at(&[1; 9 * SECTOR], 0).unwrap();
    for seed in 0..20 {
        assert_eq!(disk.crash(seed).files(), disk.crash(seed).files());
    }
}

#[test]
fn an_unsynced_name_may_be_lost_and_a_synced_one_not() {
    let disk = store();
    disk.create(Path::new(FILE)).unwrap().sync().unwrap();
    let there = |disk: &SimDisk| disk.exists(Path::new(FILE)).unwrap();
    assert_eq!(found(&disk, there), BTreeSet::from([false, true]));
    let disk = store();
    synced_file(&disk, b"");
    disk.remove_file(Path::new(FILE)).unwrap();
    assert_eq!(found(&disk, there), BTreeSet::from([false, true]));
}

#[test]
fn a_folder_lost_takes_what_is_in_it_along() {
    let disk = SimDisk::new();
    disk.create_dir_all(Path::new("/store")).unwrap();
    synced_file(&disk, b"safe in a folder that is not");
    assert_eq!(found(&disk, |disk| disk.files().len()), BTreeSet::from([0, 1]));
}

#[test]
fn a_rename_happens_whole_or_not_at_all() {
    let disk = store();
    synced_file(&disk, b"old");
    let new = disk.create(Path::new("/store/new")).unwrap();
    new.write_all_at(b"new", 0).unwrap();
    new.sync().unwrap();
    disk.sync_dir(Path::new("/store")).unwrap();
    disk.rename(Path::new("/store/new"), Path::new(FILE)).unwrap();
    let states = found(&disk, |disk| disk.files());
    let file = |path: &str, content: &[u8]| (PathBuf::from(path), content.to_vec());
    let before = vec![file(FILE, b"old"), file("/store/new", b"new")];
    assert_eq!(states, BTreeSet::from([before, vec![file(FILE, b"new")]]));
}

#[test]
fn replacing_a_file_is_durable_and_whole() {
    let disk = store();
    synced_file(&disk, b"old");
    replace_file(&disk, Path::new(FILE), b"new").unwrap();
    assert_eq!(found(&disk, content), BTreeSet::from([b"new".to_vec()]));
}

#[test]
fn a_rename_between_folders_is_settled_by_either() {
    let disk = store();
    disk.create_dir_all(Path::new("/store/inner")).unwrap();
    synced_file(&disk, b"x");
    let inner = Path::new("/store/inner/file");
    disk.rename(Path::new(FILE), inner).unwrap();
    disk.remove_file(inner).unwrap();
    disk.sync_dir(Path::new("/store")).unwrap();
    let paths = |disk: &SimDisk| disk.files().into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    assert_eq!(found(&disk.copy(), paths), BTreeSet::from([vec![], vec![inner.to_path_buf()]]));
    disk.sync_dir(Path::new("/store/inner")).unwrap();
    assert_eq!(found(&disk, paths), BTreeSet::from([vec![]]));
}

#[test]
fn power_can_be_cut_at_a_chosen_change() {
    let disk = store();
    let file = synced_file(&disk, b"old");
    disk.cut_power_at_change(disk.changes() + 1);
    assert!(file.write_all_at(b"new", 0).is_err());
    assert!(file.len().is_err() && disk.open(Path::new(FILE)).is_err() && disk.is_off());
    assert_eq!(found(&disk, content), BTreeSet::from([b"old".to_vec(), b"new".to_vec()]));
}

#[test]
fn a_sync_cut_short_promised_nothing() {
    let disk = store();
    let file = synced_file(&disk, b"old");
    file.write_all_at(b"new", 0).unwrap();
    disk.cut_power_at_change(disk.changes() + 1);
    assert!(file.sync().is_err());
    assert_eq!(found(&disk, content), BTreeSet::from([b"old".to_vec(), b"new".to_vec()]));
}

#[test]
fn after_a_failed_sync_a_later_one_proves_nothing() {
    let disk = store();
    let file = synced_file(&disk, b"old");
    file.write_all_at(b"new", 0).unwrap();
    disk.fail_change(disk.changes() + 1, Fault::Io);
    assert!(file.sync().is_err());
    file.sync().unwrap();
    assert_eq!(content(&disk.copy()), b"new");
    assert_eq!(found(&disk, content), BTreeSet::from([b"old".to_vec(), b"new".to_vec()]));
}

#[test]
fn writing_again_after_a_failed_sync_makes_it_durable() {
    let disk = store();
    let file = synced_file(&disk, b"old");
    file.write_all_at(b"new", 0).unwrap();
    disk.fail_change(disk.changes() + 1, Fault::Io);
    assert!(file.sync().is_err());
    file.write_all_at(b"new", 0).unwrap();
    file.sync().unwrap();
    assert_eq!(found(&disk, content), BTreeSet::from([b"new".to_vec()]));
}

#[test]
fn injected_faults_fail_once_and_a_short_write_leaves_its_first_half() {
    let disk = store();
    let file = synced_file(&disk, &[0; 4 * SECTOR]);
    let ones = || content(&disk).iter().filter(|byte| **byte == 1).count();
    disk.fail_change(disk.changes() + 1, Fault::NoSpace);
    assert_eq!(file.write_all_at(&[1; 1000], 0).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(ones(), 0);
    disk.fail_change(disk.changes() + 1, Fault::Short);
    assert_eq!(file.write_all_at(&[1; 100], 10).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(ones(), 0);
    disk.fail_change(disk.changes() + 1, Fault::Short);
    assert_eq!(file.write_all_at(&[1; 1500], 10).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(ones(), SECTOR - 10);
    disk.fail_read(disk.reads() + 1);
    assert!(disk.open(Path::new(FILE)).is_err());
    assert!(disk.open(Path::new(FILE)).is_ok());
}

#[test]
fn a_full_disk_takes_no_growth_but_overwrites() {
    let disk = store();
    let file = synced_file(&disk, b"1234");
    disk.set_full(true);
    assert_eq!(file.write_all_at(b"56", 3).unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(disk.create(Path::new("/store/other")).is_err() && file.set_len(5).is_err());
    file.write_all_at(b"56", 2).unwrap();
    disk.set_full(false);
    file.write_all_at(b"56", 3).unwrap();
    assert_eq!(content(&disk), b"12556");
}

#[test]
fn a_lock_is_exclusive_until_it_is_dropped_or_its_holder_dies() {
    let disk = store();
    let lock = || disk.lock(Path::new("/store/lock"));
    let held = lock().unwrap();
    assert_eq!(lock().err().unwrap().kind(), ErrorKind::WouldBlock);
    drop(held);
    let _held = lock().unwrap();
    assert!(disk.copy().lock(Path::new("/store/lock")).is_ok());
    assert!(disk.kill().lock(Path::new("/store/lock")).is_ok());
    assert!(disk.crash(0).lock(Path::new("/store/lock")).is_ok());
}

#[test]
fn a_kill_loses_nothing_but_syncs_nothing() {
    let disk = store();
    let file = synced_file(&disk, b"old");
    file.write_all_at(b"new", 0).unwrap();
    let after = disk.kill();
    assert!(file.sync().is_err());
    assert_eq!(content(&after), b"new");
    assert_eq!(found(&after, content), BTreeSet::from([b"old".to_vec(), b"new".to_vec()]));
}

#[test]
fn removing_a_folder_removes_every_name_one_by_one() {
    let disk = store();
    synced_file(&disk, b"x");
    disk.sync_dir(Path::new("/")).unwrap();
    let before = disk.changes();
    disk.remove_dir_all(Path::new("/store")).unwrap();
    assert_eq!(disk.changes() - before, 2);
    assert!(!disk.exists(Path::new("/store")).unwrap());
    assert_eq!(disk.list(Path::new("/store")).unwrap_err().kind(), ErrorKind::NotFound);
    disk.sync_dir(Path::new("/")).unwrap();
    assert_eq!(found(&disk, |disk| disk.files().len()), BTreeSet::from([0]));
}

#[test]
fn it_behaves_as_the_real_one_does() {
    behaves(&store(), Path::new("/store"));
    let folder = tempfile::tempdir().unwrap();
    behaves(&RealDisk, folder.path());
}

fn behaves(disk: &dyn Disk, store: &Path) {
    let kind = |result: std::io::Result<()>| result.err().map(|error| error.kind());
    let (path, other) = (store.join("file"), store.join("other"));
    let file = disk.create(&path).unwrap();
    file.write_all_at(b"1234", 0).unwrap();
    file.write_all_at(b"6", 6).unwrap();
    file.sync().unwrap();
    assert_eq!(kind(disk.create(&path).map(drop)), Some(ErrorKind::AlreadyExists));
    assert_eq!(kind(disk.create(&store.join("no/file")).map(drop)), Some(ErrorKind::NotFound));
    assert_eq!(kind(disk.open(&other).map(drop)), Some(ErrorKind::NotFound));
    assert_eq!(kind(disk.rename(&other, &path)), Some(ErrorKind::NotFound));
    assert_eq!(kind(disk.remove_file(&other)), Some(ErrorKind::NotFound));
    assert_eq!(kind(disk.remove_dir_all(&other)), Some(ErrorKind::NotFound));
    assert_eq!(kind(disk.create_dir_all(&path)), Some(ErrorKind::AlreadyExists));
    assert_eq!(kind(disk.list(&other).map(drop)), Some(ErrorKind::NotFound));
    assert_eq!(kind(file.read_exact_at(&mut [0; 8], 0)), Some(ErrorKind::UnexpectedEof));
    assert_eq!(read_file(disk, &path, 7).unwrap(), b"1234\0\x006");
    assert_eq!(kind(read_file(disk, &path, 6).map(drop)), Some(ErrorKind::InvalidData));
    disk.create_dir_all(&store.join("a/b")).unwrap();
    disk.create_dir_all(&store.join("a/b")).unwrap();
    assert_eq!(kind(disk.link(&other, &path)), Some(ErrorKind::NotFound));
    disk.link(&path, &other).unwrap();
    assert_eq!(kind(disk.link(&path, &other)), Some(ErrorKind::AlreadyExists));
    assert_eq!(kind(disk.link(&path, &store.join("no/file"))), Some(ErrorKind::NotFound));
    disk.remove_file(&other).unwrap();
    assert_eq!(read_file(disk, &path, 7).unwrap(), b"1234\0\x006");
    disk.rename(&path, &other).unwrap();
    disk.sync_dir(store).unwrap();
    assert_eq!(disk.list(store).unwrap(), [store.join("a"), other.clone()]);
    disk.remove_file(&other).unwrap();
    file.read_exact_at(&mut [0; 7], 0).unwrap();
    file.set_len(2).unwrap();
    assert_eq!(file.len().unwrap(), 2);
    disk.remove_dir_all(&store.join("a")).unwrap();
    assert!(!disk.exists(&other).unwrap() && !disk.exists(&store.join("a/b")).unwrap());
    let lock = disk.lock(&other).unwrap();
    assert_eq!(kind(disk.lock(&other).map(drop)), Some(ErrorKind::WouldBlock));
    drop(lock);
    assert!(disk.exists(&other).unwrap() && disk.lock(&other).is_ok());
}

#[test]
fn removed_files_are_among_all_contents() {
    let disk = store();
    synced_file(&disk, b"gone");
    disk.remove_file(Path::new(FILE)).unwrap();
    assert_eq!(disk.files(), vec![]);
    assert_eq!(disk.all_contents(), [(PathBuf::from("a removed file"), b"gone".to_vec())]);
}

#[test]
fn a_second_name_keeps_the_bytes_and_may_be_lost_until_it_is_synced() {
    let (disk, other) = (store(), Path::new("/store/other"));
    let file = synced_file(&disk, b"old");
    disk.link(Path::new(FILE), other).unwrap();
    let there = |disk: &SimDisk| disk.exists(other).unwrap();
    assert_eq!(found(&disk.copy(), there), BTreeSet::from([false, true]));
    disk.sync_dir(Path::new("/store")).unwrap();
    disk.remove_file(Path::new(FILE)).unwrap();
    disk.sync_dir(Path::new("/store")).unwrap();
    file.write_all_at(b"new", 0).unwrap();
    file.sync().unwrap();
    let content = |disk: &SimDisk| read_file(disk, other, 9).unwrap();
    assert_eq!(found(&disk, content), BTreeSet::from([b"new".to_vec()]));
}

#[test]
fn a_flipped_bit_stays_flipped() {
    let disk = store();
    synced_file(&disk, b"\0\0");
    disk.flip(Path::new(FILE), 9);
    assert_eq!(found(&disk, content), BTreeSet::from([b"\0\x02".to_vec()]));
}
