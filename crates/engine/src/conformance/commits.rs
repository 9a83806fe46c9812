//! Guards, outcomes, versions, limits, and commits over several keyspaces.

use crate::conformance::fixture::{
    Asking, Subject, guard, key, keyspace, put, removal, table_key, wait, writes,
};
use crate::conformance::{Make, run};
use crate::{
    Commit, Engine, EngineError, Entry, Guard, GuardedKey, Key, KeyspaceId, Outcome, Version, Write,
};

/// A commit applies whole or not at all, and says which.
pub fn commits(make: Make<'_>) {
    run(
        make,
        &[
            a_guard_that_holds_lets_the_commit_apply,
            a_guard_that_fails_stops_every_write,
            the_first_failing_guard_is_named,
            guards_see_removals_and_later_writes,
            guards_look_into_files_and_other_keyspaces,
            guards_survive_a_restart,
            a_commit_over_keyspaces_has_one_version,
            versions_grow_and_never_repeat,
            versions_grow_across_restarts,
            an_empty_commit_applies,
            what_breaks_the_limits_is_refused_whole,
            an_absent_keyspace_stops_the_whole_commit,
            a_big_commit_applies_whole,
        ],
    );
}

fn guarded(guards: Vec<GuardedKey>, writes: Vec<Write>) -> Commit {
    Commit { guards, writes }
}

fn outcome(engine: &dyn Engine, commit: Commit) -> Outcome {
    wait(engine.commit(commit)).expect("a valid commit has an outcome")
}

fn a_guard_that_holds_lets_the_commit_apply(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, a) = (engine.make(1), key(1, b"a"));
    let created = engine.apply(guarded(vec![guard(one, &a, Guard::Absent)], vec![put(one, &a, b"1")]));
    let same = guard(one, &a, Guard::Version(created));
    let changed = engine.apply(guarded(vec![same], vec![put(one, &a, b"2")]));
    assert!(changed > created);
    engine.apply(guarded(vec![guard(one, &a, Guard::Version(changed))], vec![removal(one, &a)]));
    assert_eq!(engine.value(one, &a), None);
}

fn a_guard_that_fails_stops_every_write(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, two, a, b) = (engine.make(1), engine.make(2), key(1, b"a"), key(2, b"b"));
    let version = engine.put(one, &a, b"before");
    for failing in [Guard::Absent, Guard::Version(Version(version.0 + 1)), Guard::Version(Version(0))] {
        let all = vec![put(one, &a, b"after"), put(one, &b, b"after"), put(two, &a, b"after")];
        let commit = guarded(vec![guard(one, &a, failing)], all);
        assert_eq!(outcome(engine, commit), Outcome::GuardFailed(0));
    }
    let on_absent = guarded(vec![guard(one, &b, Guard::Version(version))], vec![put(one, &b, b"after")]);
    assert_eq!(outcome(engine, on_absent), Outcome::GuardFailed(0));
    assert_eq!(engine.everything(one), [(a, "before".into())]);
    assert_eq!(engine.everything(two), vec![]);
}

fn the_first_failing_guard_is_named(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, two, a) = (engine.make(1), engine.make(2), key(1, b"a"));
    let version = engine.put(one, &a, b"1");
    let holds = || guard(one, &a, Guard::Version(version));
    let fails = || guard(two, &a, Guard::Version(version));
    for (guards, expected) in [
        (vec![fails()], 0),
        (vec![holds(), fails()], 1),
        (vec![holds(), holds(), fails(), holds(), fails()], 2),
    ] {
        assert_eq!(outcome(engine, guarded(guards, vec![])), Outcome::GuardFailed(expected));
    }
}

fn guards_see_removals_and_later_writes(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, a) = (engine.make(1), key(1, b"a"));
    let old = engine.put(one, &a, b"1");
    engine.remove(one, &a);
    let stale = guarded(vec![guard(one, &a, Guard::Version(old))], vec![put(one, &a, b"2")]);
    assert_eq!(outcome(engine, stale.clone()), Outcome::GuardFailed(0));
    engine.apply(guarded(vec![guard(one, &a, Guard::Absent)], vec![put(one, &a, b"1")]));
    assert_eq!(outcome(engine, stale), Outcome::GuardFailed(0), "the same value is not the same version");
}

fn guards_look_into_files_and_other_keyspaces(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, two, a, b) = (engine.make(1), engine.make(2), key(1, b"a"), key(1, b"b"));
    let version = engine.put(one, &a, b"1");
    engine.put(one, &b, b"1");
    wait(engine.flush()).expect("a flush");
    engine.remove(one, &b);
    wait(engine.flush()).expect("a flush");
    let holds = vec![guard(one, &a, Guard::Version(version)), guard(one, &b, Guard::Absent)];
    engine.apply(guarded(holds, vec![put(two, &a, b"2")]));
    let fails = vec![guard(two, &a, Guard::Absent)];
    assert_eq!(outcome(engine, guarded(fails, vec![removal(one, &a)])), Outcome::GuardFailed(0));
    assert_eq!(engine.value(one, &a).expect("there"), "1");
}

fn guards_survive_a_restart(subject: &mut dyn Subject) {
    let (one, a, b) = (subject.engine().make(1), key(1, b"a"), key(1, b"b"));
    let version = subject.engine().put(one, &a, b"1");
    subject.engine().put(one, &b, b"1");
    subject.engine().remove(one, &b);
    if subject.restart() {
        let engine = subject.engine();
        engine.reopen(1);
        assert_eq!(engine.entry(one, &a).expect("read").expect("there").version, version);
        let holds = vec![guard(one, &a, Guard::Version(version)), guard(one, &b, Guard::Absent)];
        engine.apply(guarded(holds, vec![put(one, &b, b"2")]));
    }
}

fn a_commit_over_keyspaces_has_one_version(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let ids: Vec<_> = (1..=4).map(|number| engine.make(number)).collect();
    let all =
        ids.iter().flat_map(|id| [put(*id, &key(1, b"a"), b"x"), put(*id, &key(2, b"b"), b"y")]).collect();
    let version = engine.apply(writes(all));
    for id in ids {
        for key in [key(1, b"a"), key(2, b"b")] {
            assert_eq!(engine.entry(id, &key).expect("read").expect("there").version, version);
        }
    }
}

fn versions_grow_and_never_repeat(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, two, a) = (engine.make(1), engine.make(2), key(1, b"a"));
    let mut last = Version(0);
    for round in 0..30 {
        let version = match round % 3 {
            0 => engine.put(one, &a, b"x"),
            1 => engine.put(two, &a, b"x"),
            _ => engine.remove(one, &a),
        };
        assert!(version > last, "{version:?} comes after {last:?}");
        last = version;
        if round % 7 == 0 {
            wait(engine.flush()).expect("a flush");
        }
    }
}

fn versions_grow_across_restarts(subject: &mut dyn Subject) {
    let (one, a) = (subject.engine().make(1), key(1, b"a"));
    let mut last = subject.engine().put(one, &a, b"x");
    for round in 0..4 {
        if round % 2 == 0 {
            last = subject.engine().remove(one, &a);
        }
        if !subject.restart() {
            return;
        }
        subject.engine().reopen(1);
        let version = subject.engine().put(one, &a, b"x");
        assert!(version > last, "{version:?} comes after {last:?}, which was given before the restart");
        last = version;
    }
}

fn an_empty_commit_applies(subject: &mut dyn Subject) {
    let engine = subject.engine();
    assert!(matches!(outcome(engine, Commit::default()), Outcome::Applied(_)));
    let (one, a) = (engine.make(1), key(1, b"a"));
    let version = engine.put(one, &a, b"1");
    let only_guards = guarded(vec![guard(one, &a, Guard::Version(version))], vec![]);
    assert!(matches!(outcome(engine, only_guards), Outcome::Applied(_)));
    assert_eq!(
        engine.entry(one, &a).expect("read").expect("there").version,
        version,
        "a guard writes nothing"
    );
}

fn what_breaks_the_limits_is_refused_whole(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, a) = (engine.make(1), key(1, b"a"));
    let too_long = key(1, &vec![1; Key::MAX_SORT_LEN + 1]);
    let too_big = vec![0; Entry::MAX_VALUE_LEN + 1];
    for bad in [
        writes(vec![put(one, &a, b"1"), put(one, &too_long, b"1")]),
        writes(vec![put(one, &a, b"1"), put(one, &key(1, b"b"), &too_big)]),
        writes(vec![put(one, &a, b"1"), put(one, &a, b"2")]),
        writes(vec![put(one, &a, b"1"), removal(one, &a)]),
        guarded(vec![guard(one, &too_long, Guard::Absent)], vec![put(one, &a, b"1")]),
        writes(vec![put(keyspace(9), &too_long, b"invalid before absent")]),
    ] {
        assert!(matches!(wait(engine.commit(bad)), Err(EngineError::Invalid(_))));
    }
    assert_eq!(engine.everything(one), vec![]);
    assert_eq!(engine.value(one, &too_long), None, "a key that cannot be there is not there");
    let two = engine.make(2);
    engine.apply(writes(vec![put(one, &a, b"1"), put(two, &a, b"same key, other keyspace")]));
    let twice = vec![guard(one, &key(1, b"b"), Guard::Absent), guard(one, &key(1, b"b"), Guard::Absent)];
    engine.apply(guarded(twice, vec![put(one, &key(1, b"b"), b"1")]));
}

fn an_absent_keyspace_stops_the_whole_commit(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, a) = (engine.make(1), key(1, b"a"));
    let absent = |answer| matches!(answer, Err(EngineError::Absent(id)) if id == keyspace(9));
    assert!(absent(wait(engine.commit(writes(vec![put(one, &a, b"1"), put(keyspace(9), &a, b"1")])))));
    let guarding = guarded(vec![guard(keyspace(9), &a, Guard::Absent)], vec![put(one, &a, b"1")]);
    assert!(absent(wait(engine.commit(guarding))));
    assert_eq!(engine.everything(one), vec![]);
    wait(engine.create(keyspace(9), table_key(9))).expect("created");
    engine.apply(writes(vec![put(one, &a, b"1"), put(keyspace(9), &a, b"1")]));
}

fn a_big_commit_applies_whole(subject: &mut dyn Subject) {
    let ids: [KeyspaceId; 2] = [subject.engine().make(1), subject.engine().make(2)];
    let mut all = Vec::new();
    for at in 0..200_u8 {
        all.push(put(ids[usize::from(at % 2)], &key(at, b"a"), &vec![at; 40_000]));
    }
    subject.engine().apply(writes(all));
    let check = |engine: &dyn Engine| {
        for id in ids {
            let all = engine.everything(id);
            assert_eq!(all.len(), 100);
            assert!(all.iter().all(|(key, value)| value.iter().all(|byte| *byte == key.partition.0[0])));
        }
    };
    check(subject.engine());
    if subject.restart() {
        subject.engine().reopen(1);
        subject.engine().reopen(2);
        check(subject.engine());
    }
}
