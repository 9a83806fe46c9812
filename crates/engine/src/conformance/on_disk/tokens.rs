//! The power is cut while commits come under tokens.

use super::OnDisk;
use super::rig::Rig;
use crate::conformance::depth;
use crate::conformance::fixture::{Asking, key, keyspace, put, wait, writes};
use crate::{Engine, Outcome, Result, Token};

const COMMITS: u8 = 6;

/// Whatever a power cut interrupts: a token is remembered exactly where its commit is there, and sending all of them
/// again applies each once.
pub fn tokens_cut_short(on_disk: &dyn OnDisk) {
    let stride = if depth() > 1 { 1 } else { 3 };
    for cut in (1_u64..).step_by(stride) {
        let mut rig = Rig::new(on_disk, cut);
        rig.disk.cut_power_at_change(cut);
        let acknowledged = send_all(&mut rig);
        if !rig.disk.is_off() {
            assert_eq!(acknowledged, COMMITS, "nothing failed");
            return;
        }
        let mut found = rig.crashed(cut);
        found.start().expect("the store starts");
        if wait(found.engine().keyspaces()).expect("a list").is_empty() {
            assert_eq!(acknowledged, 0);
            continue;
        }
        found.engine().reopen(1);
        for number in 0..COMMITS {
            assert_remembered_or_absent(
                found.engine(),
                number,
                number < acknowledged,
                &format!("cut at change {cut}"),
            );
        }
    }
}

/// Creates a keyspace and sends commits under tokens, as far as it comes; how many were acknowledged.
fn send_all(rig: &mut Rig<'_>) -> u8 {
    let create = |rig: &mut Rig<'_>| {
        rig.start()?;
        wait(rig.engine().create(keyspace(1), crate::conformance::fixture::table_key(1)))
    };
    if create(rig).is_err() {
        return 0;
    }
    let sent = |number: &u8| {
        let flushed = if number % 3 == 2 { wait(rig.engine().flush()) } else { Ok(()) };
        flushed.and_then(|()| send(rig.engine(), *number)).is_ok()
    };
    (0..COMMITS).take_while(sent).count() as u8
}

fn send(engine: &dyn Engine, number: u8) -> Result<Outcome> {
    let token = Token { id: [number; 32], request: [number; 32] };
    wait(engine.commit_once(token, writes(vec![put(keyspace(1), &key(number, b"a"), &[number])])))
}

fn assert_remembered_or_absent(engine: &dyn Engine, number: u8, acknowledged: bool, context: &str) {
    let remembered = wait(engine.recall([number; 32])).expect("an answer").map(|found| found.version);
    let entry = engine.entry(keyspace(1), &key(number, b"a")).expect("open").map(|entry| entry.version);
    assert_eq!(remembered, entry, "{context}: a token is there with its commit");
    assert!(entry.is_some() || !acknowledged, "{context}: what was acknowledged is there");
    let again = send(engine, number).expect("it applies");
    let version = engine.entry(keyspace(1), &key(number, b"a")).expect("open").map(|entry| entry.version);
    assert_eq!(
        (Some(again), entry.or(version)),
        (version.map(Outcome::Applied), version),
        "{context}: it applies once"
    );
}
