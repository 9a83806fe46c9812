//! SIGKILL at random moments under eight writers, again and again on the same data directory, and on a fresh one
//! every hundred rounds.
//!
//! After each kill the server must start, and then: what was acknowledged is there ([`belief`]), an item is
//! whole or as it was before, also those of a batch, the items of a transaction are of the same one, and no key was
//! used twice with one nonce ([`salts`]). After the last kill, and after the clean stop behind it, `strongroom verify`
//! finds no damage.
//! `STRONGROOM_CRASH_ROUNDS` says how many rounds, `STRONGROOM_TEST_SEED` repeats the random choices (not the
//! timing of the machine).

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed test; tests look at real files and real time, and tell what they did"
)]

mod belief;
mod salts;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tests::random::Random;
use tests::verify::verify;
use tests::{Server, Setup};

use belief::Beliefs;
use salts::Salts;
use writer::{Kind, Writer};

/// The table that all writers write to.
pub const TABLE: &str = "Crash";
const DEFAULT_ROUNDS: u64 = 50;
/// After so many rounds a fresh store is begun: the longer one lives, the longer it takes to read all of it.
const ROUNDS_PER_STORE: u64 = 100;
/// Every so many rounds everything is read, not only what the round wrote.
const FULL_READ_EVERY: u64 = 10;
/// Every so many rounds the server is killed while it starts as well.
const INTERRUPTED_START_EVERY: u64 = 4;

#[test]
fn nothing_acknowledged_is_lost() {
    let rounds =
        std::env::var("STRONGROOM_CRASH_ROUNDS").map_or(DEFAULT_ROUNDS, |text| text.parse().unwrap());
    let (mut random, mut salts) = (Random::from_environment(), Salts::default());
    let (mut left, mut acknowledged) = (rounds, 0);
    while left > 0 {
        let here = left.min(ROUNDS_PER_STORE);
        acknowledged += live_through(here, &mut random, &mut salts);
        left -= here;
        println!(
            "{} of {rounds} rounds, {acknowledged} acknowledged writes, {} files with keys of their own",
            rounds - left,
            salts.len()
        );
    }
    assert!(acknowledged > rounds, "the writers hardly wrote");
}

/// Takes a fresh store through so many kills; returns how many writes were acknowledged. The store that is left is
/// walked and authenticated.
fn live_through(rounds: u64, random: &mut Random, salts: &mut Salts) -> u64 {
    let mut server = Setup::new().variable("STRONGROOM_LOG", "warn").start();
    create_table(&server);
    let mut writers: Vec<Writer> =
        Kind::EIGHT.into_iter().enumerate().map(|(n, kind)| Writer::new(n, kind)).collect();
    for round in 1..=rounds {
        writers = write_until_killed(&mut server, writers, Duration::from_millis(20 + random.below(280)));
        salts.look_at(&server.data_dir());
        if round % INTERRUPTED_START_EVERY == 0 {
            server.start_and_kill(Duration::from_millis(random.below(120)));
            salts.look_at(&server.data_dir());
        }
        if round == rounds {
            assert_verifies(&server);
        }
        server.start_again();
        for writer in &mut writers {
            writer.beliefs.check_recent(&server);
            writer.check_together();
        }
        if round % FULL_READ_EVERY == 0 || round == rounds {
            Beliefs::check_all(writers.iter().map(|writer| &writer.beliefs), &server);
        }
    }
    server.stop();
    assert_verifies(&server);
    writers.iter().map(|writer| writer.acknowledged).sum()
}

/// Nothing in the data directory of a server that does not run is damaged, however it ended.
fn assert_verifies(server: &Server) {
    let told = verify(server, &[]);
    assert_eq!(told.status, 0, "{}", told.text);
    assert!(told.text.contains("no damage found (content authenticated"), "{}", told.text);
}

fn create_table(server: &Server) {
    let body = json!({
        "TableName": TABLE,
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST"
    });
    let _ = server.dynamodb("CreateTable", &body).ok();
}

/// Lets the writers write for a while, kills the server under them, and takes them back.
fn write_until_killed(server: &mut Server, writers: Vec<Writer>, after: Duration) -> Vec<Writer> {
    let address = server.address();
    let killing = Arc::new(AtomicBool::new(false));
    let threads = writers.into_iter().map(|writer| {
        let killing = Arc::clone(&killing);
        thread::spawn(move || writer.write_until_disconnected(address, &killing))
    });
    let threads: Vec<_> = threads.collect();
    thread::sleep(after);
    killing.store(true, Ordering::SeqCst);
    server.kill();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}
