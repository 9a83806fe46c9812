//! The root key of a data directory, from the first start on.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops where something fails, and looks at files from outside"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::KeyspaceId;
use env::{Disk, Env, SimDisk};
use kms::{RootKey, RootKeyError, RootKeySource};
use tempfile::TempDir;
use zeroize::Zeroizing;

struct Place {
    _folder: TempDir,
    data_dir: PathBuf,
    key_file: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let (data_dir, key_file) = (folder.path().join("data"), folder.path().join("data.root-key"));
    Place { _folder: folder, data_dir, key_file }
}

fn unseal(data_dir: &Path, source: &RootKeySource) -> Result<[u8; 32], RootKeyError> {
    let (root_key, _) = RootKey::unseal(&Env::real(), Some(data_dir), source)?;
    Ok(*root_key.derive_store_key().expose())
}

fn text(key: &str) -> RootKeySource {
    RootKeySource::KeyText(Zeroizing::new(key.to_owned()))
}

fn phrase(phrase: &str) -> RootKeySource {
    RootKeySource::Passphrase(Zeroizing::new(phrase.as_bytes().to_vec()))
}

fn seal_of(place: &Place) -> Vec<u8> {
    fs::read(place.data_dir.join("seal")).unwrap()
}

#[test]
fn without_a_choice_a_key_file_is_made_beside_the_data_and_a_warning_given() {
    let place = place();
    let (_, warning) = RootKey::unseal(&Env::real(), Some(&place.data_dir), &RootKeySource::Beside).unwrap();
    assert!(warning.unwrap().to_string().contains("whoever holds both can read everything"));
    assert_eq!(fs::metadata(&place.key_file).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read_to_string(&place.key_file).unwrap();
    assert_eq!(key.trim().len(), 64);
    let beside = unseal(&place.data_dir, &RootKeySource::Beside).unwrap();
    assert_eq!(unseal(&place.data_dir, &text(&key)).unwrap(), beside);
    assert_eq!(unseal(&place.data_dir, &RootKeySource::KeyFile(place.key_file.clone())).unwrap(), beside);
}

#[test]
fn a_missing_key_file_is_never_replaced_by_a_new_key() {
    let place = place();
    unseal(&place.data_dir, &RootKeySource::Beside).unwrap();
    fs::remove_file(&place.key_file).unwrap();
    let refused = unseal(&place.data_dir, &RootKeySource::Beside);
    assert!(matches!(refused, Err(RootKeyError::KeyFileMissing { .. })));
    assert!(!place.key_file.exists());
}

#[test]
fn a_wrong_key_is_refused_and_changes_nothing() {
    let place = place();
    unseal(&place.data_dir, &text(&"11".repeat(32))).unwrap();
    let seal = seal_of(&place);
    let refused = unseal(&place.data_dir, &text(&"22".repeat(32)));
    assert!(matches!(refused, Err(RootKeyError::WrongKey(_))));
    assert!(matches!(unseal(&place.data_dir, &phrase("x")), Err(RootKeyError::OtherKind { .. })));
    assert!(matches!(unseal(&place.data_dir, &text("x")), Err(RootKeyError::Malformed(_))));
    assert_eq!(seal_of(&place), seal);
    assert!(unseal(&place.data_dir, &text(&"11".repeat(32))).is_ok());
}

#[test]
fn a_passphrase_opens_what_it_sealed() {
    let place = place();
    let sealed = unseal(&place.data_dir, &phrase("correct horse")).unwrap();
    let file = place.data_dir.with_file_name("phrase");
    fs::write(&file, "correct horse\n").unwrap();
    assert_eq!(unseal(&place.data_dir, &RootKeySource::PassphraseFile(file)).unwrap(), sealed);
    assert!(matches!(unseal(&place.data_dir, &phrase("wrong")), Err(RootKeyError::WrongPassphrase(_))));
    assert!(matches!(unseal(&place.data_dir, &phrase("")), Err(RootKeyError::EmptyPassphrase)));
    let refused = unseal(&place.data_dir, &RootKeySource::Beside);
    assert!(matches!(refused, Err(RootKeyError::PassphraseNeeded(_))));
    assert!(!place.key_file.exists());
}

#[test]
fn a_directory_with_data_but_no_seal_is_refused() {
    let place = place();
    unseal(&place.data_dir, &RootKeySource::Beside).unwrap();
    fs::create_dir(place.data_dir.join("store")).unwrap();
    fs::remove_file(place.data_dir.join("seal")).unwrap();
    let refused = unseal(&place.data_dir, &RootKeySource::Beside);
    assert!(matches!(refused, Err(RootKeyError::SealMissing(_))));
}

#[test]
fn a_damaged_seal_is_told_from_a_wrong_key() {
    let place = place();
    unseal(&place.data_dir, &RootKeySource::Beside).unwrap();
    let mut seal = seal_of(&place);
    seal[50] ^= 1;
    fs::write(place.data_dir.join("seal"), seal).unwrap();
    assert!(matches!(unseal(&place.data_dir, &RootKeySource::Beside), Err(RootKeyError::SealDamaged(_))));
}

#[test]
fn keys_of_different_purposes_and_directories_have_nothing_in_common() {
    let (one, other) = (place(), place());
    let source = text(&"11".repeat(32));
    let (root_key, _) = RootKey::unseal(&Env::real(), Some(&one.data_dir), &source).unwrap();
    let keys = [
        root_key.derive_store_key(),
        root_key.derive_shred_sealing_key(),
        root_key.derive_marker_key(),
        root_key.derive_keyspace_key(KeyspaceId::of_system("kms")),
        root_key.derive_keyspace_key(KeyspaceId::of_system("catalog")),
    ];
    let mut distinct: Vec<_> = keys.iter().map(|key| *key.expose()).collect();
    distinct.push(unseal(&other.data_dir, &source).unwrap());
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 6);
}

#[test]
fn a_server_that_writes_nothing_makes_up_its_key() {
    let unseal = || {
        let (root_key, warning) = RootKey::unseal(&Env::real(), None, &RootKeySource::Beside).unwrap();
        assert_eq!(warning, None);
        *root_key.derive_store_key().expose()
    };
    assert_ne!(unseal(), unseal());
}

#[test]
fn raw_keys_are_taken_from_files() {
    let place = place();
    let file = place.data_dir.with_file_name("raw");
    fs::write(&file, [0x11; 32]).unwrap();
    let raw = unseal(&place.data_dir, &RootKeySource::KeyFile(file)).unwrap();
    assert_eq!(unseal(&place.data_dir, &text(&"11".repeat(32))).unwrap(), raw);
}

#[test]
fn a_first_start_cut_off_anywhere_leaves_what_the_next_start_goes_on_with() {
    let start = |disk: &SimDisk| {
        let env = Env { disk: Arc::new(disk.clone()), ..Env::real() };
        let unsealed = RootKey::unseal(&env, Some(Path::new("/srv/data")), &RootKeySource::Beside);
        unsealed.map(|(root_key, _)| *root_key.derive_store_key().expose())
    };
    let server = || {
        let disk = SimDisk::new();
        disk.create_dir_all(Path::new("/srv")).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        disk.kill()
    };
    let changes = {
        let disk = server();
        start(&disk).unwrap();
        disk.changes()
    };
    for cut_at in 0..=changes + 1 {
        for seed in 0..10 {
            let disk = server();
            disk.cut_power_at_change(cut_at);
            let first = start(&disk);
            let second = start(&disk.crash(seed));
            let second = second.unwrap_or_else(|error| panic!("cut at {cut_at}, seed {seed}: {error}"));
            assert!(first.is_err() || first.ok() == Some(second), "cut at {cut_at}, seed {seed}");
        }
    }
}
