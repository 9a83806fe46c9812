//! Many tasks at once: nothing is lost, nothing half-done is seen, nobody waits for ever.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use futures::FutureExt;

use crate::conformance::fixture::{
    Asking, Subject, UNLIMITED, guard, key, keyspace, partition, put, table_key, wait, writes,
};
use crate::conformance::{Make, run};
use crate::{
    Commit, Direction, Engine, EngineError, Guard, Key, KeyspaceId, Limit, Outcome, Segment, SortRange,
};

/// Concurrent calls behave as if they came one after the other.
pub fn isolation(make: Make<'_>) {
    run(
        make,
        &[
            concurrent_increments_are_all_counted,
            transfers_between_keyspaces_keep_the_sum,
            a_slice_never_sees_half_a_commit,
            a_reader_sees_what_was_acknowledged_before_it,
            commits_go_on_during_switches_and_flushes,
            a_close_loses_nothing_of_the_commits_around_it,
            a_drop_takes_the_commits_around_it_along,
            concurrent_creations_make_one_keyspace,
            a_call_given_up_is_done_whole_or_not_at_all,
        ],
    );
}

const THREADS: u64 = 4;

fn number_at(engine: &dyn Engine, id: KeyspaceId, key: &Key) -> (u64, Guard) {
    match engine.entry(id, key).expect("an open keyspace is read") {
        Some(entry) => {
            let bytes = entry.value.as_ref().try_into().expect("8 bytes were written");
            (u64::from_be_bytes(bytes), Guard::Version(entry.version))
        }
        None => (0, Guard::Absent),
    }
}

fn increment(engine: &dyn Engine, id: KeyspaceId, key: &Key) {
    loop {
        let (count, found) = number_at(engine, id, key);
        let write = put(id, key, &(count + 1).to_be_bytes());
        let commit = Commit { guards: vec![guard(id, key, found)], writes: vec![write] };
        match wait(engine.commit(commit)).expect("a commit to an open keyspace") {
            Outcome::Applied(_) => return,
            Outcome::GuardFailed(0) => {}
            other => panic!("not an outcome of one guard: {other:?}"),
        }
    }
}

fn concurrent_increments_are_all_counted(subject: &mut dyn Subject) {
    let one = subject.engine().make(1);
    let engine = subject.engine();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..50).for_each(|_| increment(engine, one, &key(1, b"counter"))));
        }
        scope.spawn(|| (0..5).for_each(|_| wait(engine.flush()).expect("a flush")));
    });
    assert_eq!(number_at(engine, one, &key(1, b"counter")).0, THREADS * 50);
    if subject.restart() {
        subject.engine().reopen(1);
        assert_eq!(number_at(subject.engine(), one, &key(1, b"counter")).0, THREADS * 50);
    }
}

fn transfers_between_keyspaces_keep_the_sum(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let ids = [engine.make(1), engine.make(2), engine.make(3)];
    let account = key(1, b"account");
    let opening = ids.iter().map(|id| put(*id, &account, &100_u64.to_be_bytes())).collect();
    engine.apply(writes(opening));
    thread::scope(|scope| {
        for thread in 0..ids.len() {
            let (from, to) = (ids[thread], ids[(thread + 1) % ids.len()]);
            let account = &account;
            scope.spawn(move || (0..40).for_each(|_| transfer(engine, from, to, account)));
        }
    });
    let sum: u64 = ids.iter().map(|id| number_at(engine, *id, &account).0).sum();
    assert_eq!(sum, 300);
}

fn transfer(engine: &dyn Engine, from: KeyspaceId, to: KeyspaceId, account: &Key) {
    loop {
        let (rich, rich_found) = number_at(engine, from, account);
        let (poor, poor_found) = number_at(engine, to, account);
        let Some(left) = rich.checked_sub(1) else { return };
        let commit = Commit {
            guards: vec![guard(from, account, rich_found), guard(to, account, poor_found)],
            writes: vec![
                put(from, account, &left.to_be_bytes()),
                put(to, account, &(poor + 1).to_be_bytes()),
            ],
        };
        if let Outcome::Applied(_) = wait(engine.commit(commit)).expect("a commit to open keyspaces") {
            return;
        }
    }
}

fn a_slice_never_sees_half_a_commit(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let round = |number: u64| {
        let bytes = number.to_be_bytes();
        writes((0..20_u8).map(|sort| put(one, &key(5, &[sort]), &bytes)).collect())
    };
    engine.apply(round(0));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for direction in [Direction::Forward, Direction::Backward] {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let read = engine.slice(one, partition(5), SortRange::ALL, direction, UNLIMITED);
                    let sliced = wait(read).expect("an open keyspace is read").entries;
                    let swept = engine.page(one, Segment::WHOLE, None, UNLIMITED).entries;
                    for entries in [sliced, swept] {
                        assert_eq!(entries.len(), 20);
                        assert!(entries.iter().all(|entry| entry.version == entries[0].version));
                        assert!(entries.iter().all(|entry| entry.value == entries[0].value));
                    }
                }
            });
        }
        for number in 1..100 {
            engine.apply(round(number));
            if number % 20 == 0 {
                wait(engine.flush()).expect("a flush");
            }
        }
        done.store(true, Ordering::SeqCst);
    });
}

fn a_reader_sees_what_was_acknowledged_before_it(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let (acknowledged, done) = (AtomicU64::new(0), AtomicBool::new(false));
    engine.put(one, &key(1, b"a"), &0_u64.to_be_bytes());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let at_least = acknowledged.load(Ordering::SeqCst);
                    assert!(number_at(engine, one, &key(1, b"a")).0 >= at_least);
                    let limit = Limit { entries: 1, bytes: 1 };
                    let page = engine.page(one, Segment::WHOLE, None, limit);
                    let bytes = page.entries[0].value.as_ref().try_into().expect("8 bytes were written");
                    assert!(u64::from_be_bytes(bytes) >= at_least);
                }
            });
        }
        for number in 1..=150_u64 {
            engine.put(one, &key(1, b"a"), &number.to_be_bytes());
            acknowledged.store(number, Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
    });
}

fn commits_go_on_during_switches_and_flushes(subject: &mut dyn Subject) {
    let one = subject.engine().make(1);
    let engine = subject.engine();
    let done = AtomicBool::new(false);
    let written = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0_u64;
            while !done.load(Ordering::SeqCst) {
                engine.put(one, &key(1, &written.to_be_bytes()), b"x");
                assert!(engine.value(one, &key(1, &written.to_be_bytes())).is_some());
                written += 1;
            }
            written
        });
        for number in 2..12 {
            wait(engine.switch_table_key(one, table_key(number))).expect("an open keyspace is switched");
            wait(engine.flush()).expect("a flush");
        }
        done.store(true, Ordering::SeqCst);
        writer.join().expect("the writer's commits applied")
    });
    assert_eq!(engine.everything(one).len() as u64, written);
    if subject.restart() {
        let engine = subject.engine();
        wait(engine.open(one, table_key(11))).expect("the last key opens");
        assert_eq!(engine.everything(one).len() as u64, written);
    }
}

fn a_close_loses_nothing_of_the_commits_around_it(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, two) = (engine.make(1), engine.make(2));
    let stop = AtomicBool::new(false);
    let acknowledged = thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let stop = &stop;
                scope.spawn(move || commit_until(engine, [one, two], thread, stop))
            })
            .collect();
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                wait(engine.flush()).expect("a flush");
            }
        });
        for _ in 0..40 {
            thread::yield_now();
            engine.close(one);
            assert!(matches!(engine.entry(one, &key(0, b"")), Err(EngineError::Closed(_))));
            engine.reopen(1);
        }
        stop.store(true, Ordering::SeqCst);
        writers
            .into_iter()
            .flat_map(|writer| writer.join().expect("only Closed is refused"))
            .collect::<Vec<_>>()
    });
    assert_all_there(engine, &[one, two], &acknowledged);
    if subject.restart() {
        subject.engine().reopen(1);
        subject.engine().reopen(2);
        assert_all_there(subject.engine(), &[one, two], &acknowledged);
    }
}

/// Commits over both keyspaces, with keys of its own; those that were acknowledged.
fn commit_until(engine: &dyn Engine, ids: [KeyspaceId; 2], thread: u64, stop: &AtomicBool) -> Vec<Key> {
    let mut acknowledged = Vec::new();
    for number in 0_u64.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let key = key(thread as u8, &number.to_be_bytes());
        match wait(engine.commit(writes(ids.iter().map(|id| put(*id, &key, b"x")).collect()))) {
            Ok(Outcome::Applied(_)) => acknowledged.push(key),
            Err(EngineError::Closed(id)) => assert_eq!(id, ids[0]),
            other => panic!("neither applied nor closed: {other:?}"),
        }
    }
    acknowledged
}

/// Every acknowledged key is in each keyspace, and each keyspace holds the same.
fn assert_all_there(engine: &dyn Engine, ids: &[KeyspaceId], acknowledged: &[Key]) {
    let keys =
        |id: &KeyspaceId| engine.everything(*id).into_iter().map(|(key, _)| key).collect::<BTreeSet<_>>();
    let contents: Vec<_> = ids.iter().map(keys).collect();
    assert!(
        contents.iter().all(|content| *content == contents[0]),
        "a commit over both is in both or in none"
    );
    for key in acknowledged {
        assert!(contents[0].contains(key), "{key:?} was acknowledged");
    }
}

fn a_drop_takes_the_commits_around_it_along(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for number in 0_u64.. {
                    let write = put(one, &key(thread as u8, &number.to_be_bytes()), b"x");
                    match wait(engine.commit(writes(vec![write]))) {
                        Ok(Outcome::Applied(_)) => {}
                        Err(EngineError::Absent(_)) => return,
                        other => panic!("neither applied nor absent: {other:?}"),
                    }
                }
            });
        }
        thread::yield_now();
        wait(engine.drop_keyspace(one)).expect("an open keyspace is dropped");
    });
    assert_eq!(wait(engine.keyspaces()).expect("a list"), vec![]);
    assert_eq!(engine.everything(engine.make(1)), vec![], "nothing of the old one shows");
}

fn concurrent_creations_make_one_keyspace(subject: &mut dyn Subject) {
    let engine = subject.engine();
    for number in 1..6 {
        let created = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| match wait(engine.create(keyspace(number), table_key(number))) {
                    Ok(()) => {
                        created.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(EngineError::Exists(_)) => {}
                    Err(other) => panic!("neither created nor refused: {other}"),
                });
            }
        });
        assert_eq!(created.into_inner(), 1);
        engine.put(keyspace(number), &key(1, b"a"), b"x");
    }
}

fn a_call_given_up_is_done_whole_or_not_at_all(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let ids = [engine.make(1), engine.make(2)];
    for number in 0..50_u64 {
        let both = ids.iter().map(|id| put(*id, &key(1, &number.to_be_bytes()), b"given up")).collect();
        let given_up = async { engine.commit(writes(both)).now_or_never() };
        wait(given_up);
        if number % 10 == 0 {
            let given_up = async { engine.flush().now_or_never() };
            wait(given_up);
        }
    }
    for id in ids {
        engine.put(id, &key(2, b"behind them"), b"x");
    }
    assert_eq!(engine.everything(ids[0]), engine.everything(ids[1]));
    let before = engine.everything(ids[0]);
    if subject.restart() {
        subject.engine().reopen(1);
        subject.engine().reopen(2);
        assert_eq!(subject.engine().everything(ids[0]), before);
        assert_eq!(subject.engine().everything(ids[1]), before);
    }
}
