//! What was deleted stays deleted, even for whoever kept a copy of every file and the root key.
//!
//! A copy of all files is taken, then the table or its KMS key is deleted. The copy is put back, all of it but the
//! folder `shred`, which stays as the deletion left it: it holds one small key, and its replacement is the
//! deletion. The server, with the right root key, must not be able to read the table. As a control, the same copy
//! together with its own `shred` folder opens; SECURITY.md says so.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tests::random::Random;
use tests::server::Server;
use tests::{Setup, folder};

use crate::flock::Flock;

const DAY: u64 = 86_400;

#[test]
fn a_deleted_table_cannot_be_decrypted_from_forgotten_copies() {
    let mut server = Server::start();
    let flock = settle(&server, &json!({"Enabled": false}));
    let copy = copy_of(&mut server);
    flock.scatter(&server);
    server.stop();
    check_that_copies_are_dead(&mut server, &flock, &copy);
}

#[test]
fn a_deleted_table_under_a_customers_key_cannot_be_decrypted_though_the_key_lives() {
    let mut server = Server::start();
    let key = server.create_key();
    let flock = settle(&server, &json!({"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key}));
    let copy = copy_of(&mut server);
    flock.scatter(&server);
    server.stop();
    check_that_copies_are_dead(&mut server, &flock, &copy);
}

#[test]
fn a_table_under_a_deleted_key_cannot_be_decrypted_from_forgotten_copies() {
    let mut server = Setup::new().option("--test-clock").start();
    let key = server.create_key();
    let flock = settle(&server, &json!({"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key}));
    let copy = copy_of(&mut server);
    let _ = server.kms("ScheduleKeyDeletion", &json!({"KeyId": key, "PendingWindowInDays": 7})).ok();
    server.advance_clock(7 * DAY + 60);
    let _ = server.kms("DescribeKey", &json!({ "KeyId": key })).err("NotFoundException");
    assert!(flock.items_found(&server).is_err());
    server.stop();
    check_that_copies_are_dead(&mut server, &flock, &copy);
}

fn settle(server: &Server, sse: &Value) -> Flock {
    let flock = Flock::settle(server, &mut Random::from_environment(), sse);
    flock.is_whole(server);
    flock
}

/// A copy of the whole data directory, taken between two runs of the server.
fn copy_of(server: &mut Server) -> PathBuf {
    server.stop();
    let copy = server.folder().join("copy");
    folder::copy(&server.data_dir(), &copy).unwrap();
    server.start_again();
    copy
}

/// Starts the stopped server on the copy with the `shred` folder of now, then with its own.
fn check_that_copies_are_dead(server: &mut Server, flock: &Flock, copy: &Path) {
    let shred_of_now = server.folder().join("shred-of-now");
    folder::copy(&server.data_dir().join("shred"), &shred_of_now).unwrap();
    folder::replace(copy, &server.data_dir()).unwrap();
    folder::replace(&shred_of_now, &server.data_dir().join("shred")).unwrap();
    if server.try_start_again().is_ok() {
        let found = flock.items_found(server);
        assert!(matches!(found, Err(_) | Ok(0)), "forgotten copies were decrypted: {found:?}");
        server.kill();
    }
    folder::replace(copy, &server.data_dir()).unwrap();
    server.start_again();
    flock.is_whole(server);
}
