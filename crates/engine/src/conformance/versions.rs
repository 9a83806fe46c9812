//! States that stay readable: snapshots, versions that are kept, and older states adopted from checkpoints.

use std::sync::Arc;

use env::{Clock, MovableClock, SystemClock};

use crate::conformance::fixture::{
    Asking, Subject, UNLIMITED, checkpoint_id, key, keyspace, partition, put, removal, table_key, wait,
    writes,
};
use crate::conformance::{Make, run};
use crate::{AsOf, Direction, Engine, EngineError, Keep, Segment, SortRange, Version};

/// Snapshots show one state to every read; versions are kept down to a watermark; any of them, and any second, is
/// adopted from the next checkpoint.
pub fn versions(make: Make<'_>) {
    run(
        make,
        &[
            a_snapshot_shows_one_state_to_every_read,
            a_snapshot_of_two_keyspaces_shows_whole_commits,
            a_snapshot_ends_with_its_keyspace,
            a_snapshot_of_what_is_not_kept_is_refused,
            versions_are_kept_from_the_watermark_on,
            a_watermark_only_rises_to_what_is_kept,
            a_watermark_lasts,
            any_version_is_adopted_from_the_next_checkpoint,
            an_adopted_state_shows_nothing_behind_it_however_it_is_written_anew,
            a_state_that_is_not_there_is_not_adopted,
        ],
    );
}

fn a_snapshot_shows_one_state_to_every_read(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let at = |number| key(1, &[number]);
    let last = (0..10).map(|number| engine.put(one, &at(number), b"old")).last();
    let snapshot = engine.snapshot(&[one], None).expect("a snapshot");
    assert!(Some(snapshot.version()) >= last);
    engine.put(one, &at(3), b"new");
    engine.remove(one, &at(4));
    engine.put(one, &key(9, b"later"), b"new");
    wait(engine.flush()).expect("a flush");
    engine.put(one, &at(5), b"newer");
    wait(engine.flush()).expect("a flush");
    for number in 0..10 {
        let entry = wait(snapshot.get(one, &at(number))).expect("open").expect("there");
        assert_eq!(entry.value, "old");
    }
    let slice = snapshot.slice(one, partition(1), SortRange::ALL, Direction::Backward, UNLIMITED);
    let sweep = snapshot.sweep(one, Segment::WHOLE, None, UNLIMITED);
    assert_eq!(
        (wait(slice).expect("open").entries.len(), wait(sweep).expect("open").entries.len()),
        (10, 10)
    );
    assert!(matches!(wait(snapshot.get(keyspace(2), &at(1))), Err(EngineError::Absent(_))));
}

fn a_snapshot_of_two_keyspaces_shows_whole_commits(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let both = [engine.make(1), engine.make(2)];
    for round in 0..40_u8 {
        engine.apply(writes(both.map(|id| put(id, &key(1, b"a"), &[round])).to_vec()));
        if round % 7 == 0 {
            wait(engine.flush()).expect("a flush");
        }
        let snapshot = engine.snapshot(&both, None).expect("a snapshot");
        engine.put(both[0], &key(1, b"a"), b"torn");
        let values =
            both.map(|id| wait(snapshot.get(id, &key(1, b"a"))).expect("open").expect("there").value);
        assert!(values.iter().all(|value| value == &[round][..]), "{values:?}");
    }
}

fn a_snapshot_ends_with_its_keyspace(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, at) = (engine.make(1), key(1, b"a"));
    engine.put(one, &at, b"1");
    let snapshot = engine.snapshot(&[one], None).expect("a snapshot");
    engine.close(one);
    assert!(matches!(wait(snapshot.get(one, &at)), Err(EngineError::Closed(_))));
    engine.reopen(1);
    assert!(matches!(wait(snapshot.get(one, &at)), Err(EngineError::Closed(_))));
    assert!(matches!(engine.snapshot(&[one, keyspace(9)], None).err(), Some(EngineError::Absent(_))));
    engine.close(one);
    assert!(matches!(engine.snapshot(&[one], None).err(), Some(EngineError::Closed(_))));
}

fn is_not_kept<T>(answer: Result<T, EngineError>) -> bool {
    matches!(answer, Err(EngineError::NotKept(_)))
}

fn a_snapshot_of_what_is_not_kept_is_refused(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let first = engine.put(one, &key(1, b"a"), b"1");
    let last = engine.put(one, &key(1, b"a"), b"2");
    wait(engine.flush()).expect("a flush");
    assert!(is_not_kept(engine.snapshot(&[one], Some(Version(last.0 + 1)))));
    assert!(is_not_kept(engine.snapshot(&[one], Some(first))));
    assert!(engine.snapshot(&[one], Some(last)).is_ok());
}

/// Ten rounds over the same keys, each flushed: the version of each round.
fn ten_rounds(engine: &dyn Engine) -> Vec<Version> {
    let round = |round: u8| {
        let all = (0..20).map(|number| put(keyspace(1), &key(number, b"a"), &[round]));
        let gone = removal(keyspace(1), &key(100 + round, b"gone"));
        let there = put(keyspace(1), &key(101 + round, b"gone"), &[round]);
        let version = engine.apply(writes(all.chain([gone, there]).collect()));
        wait(engine.flush()).expect("a flush");
        version
    };
    (0..10).map(round).collect()
}

fn versions_are_kept_from_the_watermark_on(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let oldest = wait(engine.keep_versions(one, Keep::FromNow)).expect("kept");
    let rounds = ten_rounds(engine);
    for (round, version) in rounds.iter().enumerate() {
        let snapshot = engine.snapshot(&[one], Some(*version)).expect("it is kept");
        let page = wait(snapshot.sweep(one, Segment::WHOLE, None, UNLIMITED)).expect("open");
        let values: Vec<_> = page.entries.iter().map(|entry| entry.value[0]).collect();
        assert_eq!(values, vec![round as u8; 21]);
    }
    let empty = engine.snapshot(&[one], Some(oldest)).expect("it is kept");
    assert!(wait(empty.sweep(one, Segment::WHOLE, None, UNLIMITED)).expect("open").entries.is_empty());
}

fn a_watermark_only_rises_to_what_is_kept(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let oldest = wait(engine.keep_versions(one, Keep::FromNow)).expect("kept");
    let rounds = ten_rounds(engine);
    wait(engine.keep_versions(one, Keep::From(rounds[5]))).expect("it is kept");
    assert!(is_not_kept(wait(engine.keep_versions(one, Keep::From(Version(rounds[9].0 + 1))))));
    let _ = ten_rounds(engine);
    assert!(engine.snapshot(&[one], Some(rounds[5])).is_ok());
    wait(engine.keep_versions(one, Keep::Newest)).expect("nothing is kept");
    let _ = ten_rounds(engine);
    assert!(is_not_kept(engine.snapshot(&[one], Some(rounds[5]))));
    assert!(is_not_kept(wait(engine.keep_versions(one, Keep::From(oldest)))));
    engine.close(one);
    assert!(matches!(wait(engine.keep_versions(one, Keep::FromNow)), Err(EngineError::Closed(_))));
}

fn a_watermark_lasts(subject: &mut dyn Subject) {
    let one = subject.engine().make(1);
    wait(subject.engine().keep_versions(one, Keep::FromNow)).expect("kept");
    let rounds = ten_rounds(subject.engine());
    if !subject.restart() {
        return;
    }
    let engine = subject.engine();
    engine.reopen(1);
    let _ = ten_rounds(engine);
    let snapshot = engine.snapshot(&[one], Some(rounds[2])).expect("it is kept");
    let page = wait(snapshot.sweep(one, Segment::WHOLE, None, UNLIMITED)).expect("open");
    assert!(page.entries.len() == 21 && page.entries.iter().all(|entry| entry.value == [2][..]));
}

fn any_version_is_adopted_from_the_next_checkpoint(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    wait(engine.keep_versions(one, Keep::FromNow)).expect("kept");
    let rounds = ten_rounds(engine);
    engine.take(1, 1);
    let _ = ten_rounds(engine);
    for (round, version) in rounds.iter().enumerate() {
        let (from, id) = ((checkpoint_id(1), table_key(101)), keyspace(20 + round as u8));
        wait(engine.adopt(from, AsOf::Version(*version), id, table_key(2))).expect("it is in the checkpoint");
        let values: Vec<_> = engine.everything(id).into_iter().map(|(_, value)| value[0]).collect();
        assert_eq!(values, vec![round as u8; 21]);
    }
}

fn an_adopted_state_shows_nothing_behind_it_however_it_is_written_anew(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    wait(engine.keep_versions(one, Keep::FromNow)).expect("kept");
    let rounds = ten_rounds(engine);
    engine.take(1, 1);
    let two = keyspace(2);
    let from = (checkpoint_id(1), table_key(101));
    wait(engine.adopt(from, AsOf::Version(rounds[4]), two, table_key(2))).expect("adopted");
    // Enough of everything for files to be merged.
    for round in 0..30_u8 {
        engine.apply(writes((0..30).map(|number| put(two, &key(number, &[round]), &[77; 200])).collect()));
        wait(engine.flush()).expect("a flush");
    }
    let old: Vec<_> = engine.everything(two).into_iter().filter(|(_, value)| value.len() == 1).collect();
    assert_eq!(old.len(), 21);
    assert!(old.iter().all(|(_, value)| value[0] == 4));
    assert_eq!(engine.value(two, &key(3, b"a")).expect("there"), [4][..]);
    engine.take(2, 2);
    let three = engine.adopt_as(2, 3);
    assert_eq!(engine.everything(three), engine.everything(two));
}

fn a_state_that_is_not_there_is_not_adopted(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let before = engine.put(one, &key(1, b"a"), b"1");
    let _ = ten_rounds(engine);
    wait(engine.keep_versions(one, Keep::FromNow)).expect("kept");
    let info = engine.take(1, 1);
    let adopt =
        |as_of| wait(engine.adopt((checkpoint_id(1), table_key(101)), as_of, keyspace(2), table_key(2)));
    assert!(before < info.oldest && is_not_kept(adopt(AsOf::Version(before))));
    assert!(is_not_kept(adopt(AsOf::Version(Version(info.version.0 + 1)))));
    for second in [0, info.second, info.second + 9] {
        assert!(is_not_kept(adopt(AsOf::Second(second))), "second {second}");
    }
    assert_eq!(wait(engine.keyspaces()).expect("a list"), [one]);
}

/// Makes a new, empty engine that is told the time by a clock.
pub type MakeWithClock<'a> = &'a dyn Fn(Arc<dyn Clock>) -> Box<dyn Subject>;

/// The state at any whole second since the watermark is adopted from the next checkpoint, also after restarts.
pub fn seconds(make: MakeWithClock<'_>) {
    let clock = Arc::new(MovableClock::over(Arc::new(SystemClock)));
    let mut subject = make(clock.clone());
    let one = subject.engine().make(1);
    wait(subject.engine().keep_versions(one, Keep::FromNow)).expect("kept");
    let second_now = || clock.now_ms() / 1000;
    let mut seconds = Vec::new();
    for round in 0..12_u8 {
        clock.advance_ms(2000);
        subject.engine().put(one, &key(round, b"a"), b"1");
        seconds.push(second_now());
        clock.advance_ms(5000);
        if round % 4 == 2 {
            wait(subject.engine().flush()).expect("a flush");
        }
        if round % 5 == 3 && subject.restart() {
            subject.engine().reopen(1);
        }
    }
    let engine = subject.engine();
    let info = engine.take(1, 1);
    assert!(info.second >= second_now() - 1);
    for (round, second) in seconds.into_iter().enumerate() {
        // The second of the commit, and two during which nothing happened.
        for (at, second) in [second, second + 1, second + 2].into_iter().enumerate() {
            let id = keyspace(100 + 3 * round as u8 + at as u8);
            let from = (checkpoint_id(1), table_key(101));
            wait(engine.adopt(from, AsOf::Second(second), id, table_key(2)))
                .expect("it is in the checkpoint");
            assert_eq!(engine.everything(id).len(), round + 1);
            wait(engine.drop_keyspace(id)).expect("dropped");
        }
    }
}
