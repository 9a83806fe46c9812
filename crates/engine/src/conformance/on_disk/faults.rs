//! The disk answers with errors.

use std::thread;
use std::time::Duration;

use bytes::Bytes;
use env::sim_disk::Fault;

use super::OnDisk;
use super::rig::Rig;
use super::script::{a_whole_life, assert_recovers, chain, perform};
use crate::conformance::depth;
use crate::conformance::fixture::{Asking, key, keyspace, put, table_key, wait, writes};
use crate::{EngineError, Key, KeyspaceId, Outcome};

/// One error at any change or read is reported as what it is; the running engine goes on showing what was
/// acknowledged and nothing of the failed commit; all of it is there after a restart or a power cut. With more
/// depth, every kind of error at every operation; else each kind at every sixth change, and every second read.
pub fn faults(on_disk: &dyn OnDisk) {
    let kinds = [Fault::Io, Fault::NoSpace, Fault::Short];
    let of_change = |number: u64| match (depth() > 1, number % 6) {
        (true, _) => &kinds[..],
        (false, 0) => &kinds[..1],
        (false, 2) => &kinds[1..2],
        (false, 4) => &kinds[2..],
        (false, _) => &[],
    };
    for number in 1.. {
        for kind in of_change(number) {
            let mut rig = Rig::new(on_disk, number);
            rig.disk.fail_change(number, *kind);
            assert_fails_well(&mut rig, number, &format!("{kind:?} at change {number}"));
            if rig.disk.changes() < number {
                return failing_reads(on_disk);
            }
        }
    }
}

fn failing_reads(on_disk: &dyn OnDisk) {
    for number in (1_u64..).step_by(if depth() > 1 { 1 } else { 2 }) {
        let mut rig = Rig::new(on_disk, number);
        rig.disk.fail_read(number);
        assert_fails_well(&mut rig, number, &format!("read {number} failed"));
        if rig.disk.reads() < number {
            return;
        }
    }
}

fn assert_fails_well(rig: &mut Rig<'_>, seed: u64, context: &str) {
    let progress = perform(rig, &a_whole_life());
    if let Some(failed) = &progress.failed {
        let honest = matches!(
            failed.error,
            EngineError::Io { .. } | EngineError::DiskFull | EngineError::LogFailed(_)
        );
        assert!(honest, "{context}: {:?} answered {}", failed.step, chain(&failed.error));
        progress.assert_still_shown(rig, context);
    }
    let possible = progress.possible();
    let killed = rig.on(rig.disk.kill());
    if seed % 4 < 2 || depth() > 1 {
        assert_recovers(killed, &possible, seed, &format!("{context}, killed"));
    }
    if seed % 4 >= 2 || depth() > 1 {
        assert_recovers(rig.crashed(seed), &possible, seed, &format!("{context}, power cut"));
    }
}

/// A drop that failed at any change leaves a keyspace that is whole or absent, also where the engine goes on
/// for long; a second drop removes it.
pub fn failed_drop(on_disk: &dyn OnDisk) {
    for number in 1.. {
        let mut rig = Rig::new(on_disk, number);
        rig.start().expect("a store on an empty disk");
        let (one, two) = (rig.engine().make(1), rig.engine().make(2));
        fill(&rig, one, 0);
        wait(rig.engine().flush()).expect("a flush");
        fill(&rig, one, 1);
        let all = rig.engine().everything(one);
        rig.disk.fail_change(rig.disk.changes() + number, Fault::Io);
        if wait(rig.engine().drop_keyspace(one)).is_ok() {
            return;
        }
        (0..40).for_each(|round| fill(&rig, two, round));
        wait(rig.engine().flush()).expect("a flush");
        for disk in [rig.disk.crash(number), rig.disk.kill()] {
            assert_whole_or_absent(rig.on(disk), one, &all, &format!("the drop failed at change {number}"));
        }
    }
}

fn fill(rig: &Rig<'_>, id: KeyspaceId, round: u8) {
    let entry = |sort: u8| put(id, &key(round, &[sort]), &[round; 100]);
    rig.engine().apply(writes((0..10).map(entry).collect()));
}

fn assert_whole_or_absent(mut rig: Rig<'_>, id: KeyspaceId, all: &[(Key, Bytes)], context: &str) {
    rig.start().unwrap_or_else(|error| panic!("{context}: the store starts: {}", chain(&error)));
    if wait(rig.engine().keyspaces()).expect("a list").contains(&id) {
        let opened = wait(rig.engine().open(id, table_key(id.0[0])));
        opened.unwrap_or_else(|error| panic!("{context}: what is listed opens: {}", chain(&error)));
        assert!(rig.engine().everything(id) == all, "{context}: what is there is whole");
    }
    wait(rig.engine().drop_keyspace(id))
        .unwrap_or_else(|error| panic!("{context}: a drop: {}", chain(&error)));
    rig.start().unwrap_or_else(|error| panic!("{context}: the store starts again: {}", chain(&error)));
    assert!(!wait(rig.engine().keyspaces()).expect("a list").contains(&id), "{context}: a drop lasts");
}

/// A full disk refuses commits and flushes, nothing else; where there is space again, they go on.
pub fn full_disk(on_disk: &dyn OnDisk) {
    let mut rig = Rig::new(on_disk, 1);
    rig.start().expect("a store on an empty disk");
    let one = rig.engine().make(1);
    rig.disk.set_full(true);
    let large = writes(vec![put(one, &key(1, b"large"), &[1; 500_000])]);
    let refused = wait(rig.engine().commit(large.clone()));
    assert!(matches!(refused, Err(EngineError::DiskFull)), "larger than what was prepared: {refused:?}");
    let written = commits_until_full(&rig);
    assert_eq!(rig.engine().everything(one).len(), written, "what was refused is not shown");
    let flushed = wait(rig.engine().flush());
    assert!(matches!(flushed, Ok(()) | Err(EngineError::DiskFull)), "{flushed:?}");
    assert_eq!(rig.engine().everything(one).len(), written);
    rig.disk.set_full(false);
    let applies = |_| {
        thread::sleep(Duration::from_millis(20));
        matches!(wait(rig.engine().commit(large.clone())), Ok(Outcome::Applied(_)))
    };
    assert!((0..100).any(applies), "commits go on where there is space again");
    wait(rig.engine().flush()).expect("a flush where there is space again");
    let mut after = rig.crashed(1);
    after.start().expect("the store starts");
    after.engine().reopen(1);
    assert_eq!(after.engine().everything(one).len(), written + 1);
}

fn commits_until_full(rig: &Rig<'_>) -> usize {
    for at in 0_u32..1000 {
        let commit = writes(vec![put(keyspace(1), &key(1, &at.to_be_bytes()), &[1; 1000])]);
        match wait(rig.engine().commit(commit)) {
            Ok(Outcome::Applied(_)) => {}
            Err(EngineError::DiskFull) => return at as usize,
            other => panic!("neither applied nor full: {other:?}"),
        }
    }
    panic!("a disk without space takes no end of commits");
}
