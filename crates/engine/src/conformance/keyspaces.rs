//! The life of a keyspace: absent, open, closed, switched, dropped.

use crate::conformance::fixture::{
    Asking, Subject, UNLIMITED, key, keyspace, partition, put, table_key, wait, writes,
};
use crate::conformance::{Make, run};
use crate::{Direction, Engine, EngineError, KeyspaceId, Result, Segment, SortRange};

/// Keyspaces come, close, open under their key alone, and go.
pub fn keyspaces(make: Make<'_>) {
    run(
        make,
        &[
            a_new_keyspace_is_open_and_empty,
            a_taken_id_is_refused,
            an_absent_keyspace_answers_absent,
            a_closed_keyspace_answers_closed,
            closing_twice_or_what_is_absent_does_nothing,
            a_keyspace_opens_under_its_key_only,
            opening_what_is_open_checks_the_key,
            a_refused_open_changes_nothing,
            after_a_switch_only_the_new_key_opens,
            a_switch_back_is_a_switch,
            a_closed_keyspace_cannot_be_switched,
            a_dropped_keyspace_is_absent,
            a_dropped_id_may_be_used_again_and_shows_nothing_old,
            keyspaces_are_listed_in_the_order_of_their_ids,
            closing_loses_nothing,
            one_closed_keyspace_does_not_close_another,
            stats_follow_what_is_written,
            a_restart_closes_every_keyspace_and_loses_nothing,
            a_restart_forgets_what_was_dropped,
            many_keyspaces_survive_a_restart,
        ],
    );
}

fn a_new_keyspace_is_open_and_empty(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    assert_eq!(engine.everything(one), vec![]);
    assert_eq!(engine.value(one, &key(1, b"a")), None);
    assert_eq!(engine.stats(one).expect("open").entries, 0);
}

fn a_taken_id_is_refused(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    assert!(matches!(wait(engine.create(one, table_key(2))), Err(EngineError::Exists(id)) if id == one));
    engine.close(one);
    assert!(matches!(wait(engine.create(one, table_key(1))), Err(EngineError::Exists(id)) if id == one));
    engine.reopen(1);
    assert_eq!(engine.value(one, &key(1, b"a")).expect("there"), "1");
}

fn an_absent_keyspace_answers_absent(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let is_absent = |answer: Result<()>| matches!(answer, Err(EngineError::Absent(id)) if id == keyspace(9));
    calls_on(engine, keyspace(9)).into_iter().for_each(|(call, answer)| assert!(is_absent(answer), "{call}"));
    assert!(is_absent(wait(engine.open(keyspace(9), table_key(9)))));
}

fn a_closed_keyspace_answers_closed(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    engine.close(one);
    for (call, answer) in calls_on(engine, one) {
        assert!(matches!(answer, Err(EngineError::Closed(id)) if id == one), "{call}");
    }
}

/// Every call that needs an open keyspace, by name, with its answer.
fn calls_on(engine: &dyn Engine, id: KeyspaceId) -> Vec<(&'static str, Result<()>)> {
    let slice = engine.slice(id, partition(1), SortRange::ALL, Direction::Forward, UNLIMITED);
    vec![
        ("get", wait(engine.get(id, &key(1, b"a"))).map(drop)),
        ("slice", wait(slice).map(drop)),
        ("sweep", wait(engine.sweep(id, Segment::WHOLE, None, UNLIMITED)).map(drop)),
        ("commit", wait(engine.commit(writes(vec![put(id, &key(1, b"a"), b"x")]))).map(drop)),
        ("stats", engine.stats(id).map(drop)),
        ("switch", wait(engine.switch_table_key(id, table_key(7)))),
    ]
}

fn closing_twice_or_what_is_absent_does_nothing(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.close(one);
    engine.close(one);
    engine.close(keyspace(9));
    engine.reopen(1);
    assert_eq!(engine.everything(one), vec![]);
}

fn a_keyspace_opens_under_its_key_only(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.close(one);
    assert_is_wrong_key(wait(engine.open(one, table_key(2))));
    assert!(matches!(engine.entry(one, &key(1, b"a")), Err(EngineError::Closed(_))));
    engine.reopen(1);
    assert_eq!(engine.everything(one), vec![]);
}

fn opening_what_is_open_checks_the_key(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    engine.reopen(1);
    assert_is_wrong_key(wait(engine.open(one, table_key(2))));
    assert_eq!(engine.value(one, &key(1, b"a")).expect("still open"), "1");
}

fn a_refused_open_changes_nothing(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    engine.close(one);
    for _ in 0..3 {
        assert_is_wrong_key(wait(engine.open(one, table_key(2))));
    }
    engine.reopen(1);
    assert_eq!(engine.value(one, &key(1, b"a")).expect("there"), "1");
}

fn after_a_switch_only_the_new_key_opens(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"before");
    wait(engine.switch_table_key(one, table_key(2))).expect("an open keyspace is switched");
    engine.put(one, &key(1, b"b"), b"after");
    assert_is_wrong_key(wait(engine.open(one, table_key(1))));
    engine.close(one);
    assert_is_wrong_key(wait(engine.open(one, table_key(1))));
    wait(engine.open(one, table_key(2))).expect("the new key opens");
    assert_eq!(engine.everything(one), [(key(1, b"a"), "before".into()), (key(1, b"b"), "after".into())]);
    if subject.restart() {
        let engine = subject.engine();
        assert_is_wrong_key(wait(engine.open(one, table_key(1))));
        wait(engine.open(one, table_key(2))).expect("the new key opens after a restart");
        assert_eq!(engine.everything(one).len(), 2);
    }
}

fn a_switch_back_is_a_switch(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    for number in [2, 1, 1] {
        wait(engine.switch_table_key(one, table_key(number))).expect("an open keyspace is switched");
    }
    engine.close(one);
    assert_is_wrong_key(wait(engine.open(one, table_key(2))));
    engine.reopen(1);
    assert_eq!(engine.value(one, &key(1, b"a")).expect("there"), "1");
}

fn a_closed_keyspace_cannot_be_switched(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.close(one);
    assert!(matches!(wait(engine.switch_table_key(one, table_key(2))), Err(EngineError::Closed(_))));
    engine.reopen(1);
}

fn a_dropped_keyspace_is_absent(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, two) = (engine.make(1), engine.make(2));
    engine.put(one, &key(1, b"a"), b"1");
    engine.put(two, &key(1, b"a"), b"2");
    wait(engine.drop_keyspace(one)).expect("an open keyspace is dropped");
    assert!(matches!(engine.entry(one, &key(1, b"a")), Err(EngineError::Absent(_))));
    assert!(matches!(wait(engine.open(one, table_key(1))), Err(EngineError::Absent(_))));
    engine.close(two);
    wait(engine.drop_keyspace(two)).expect("a closed keyspace is dropped");
    wait(engine.drop_keyspace(two)).expect("dropping what is absent is fine");
    assert_eq!(wait(engine.keyspaces()).expect("a list"), vec![]);
}

fn a_dropped_id_may_be_used_again_and_shows_nothing_old(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let old = engine.put(one, &key(1, b"a"), b"old");
    wait(engine.flush()).expect("a flush");
    engine.put(one, &key(1, b"b"), b"old");
    wait(engine.drop_keyspace(one)).expect("dropped");
    wait(engine.create(one, table_key(2))).expect("created again");
    assert_eq!(engine.everything(one), vec![]);
    assert!(engine.put(one, &key(1, b"c"), b"new") > old, "versions never repeat in a store");
    if subject.restart() {
        let engine = subject.engine();
        wait(engine.open(one, table_key(2))).expect("opens under the key it was created with last");
        assert_eq!(engine.everything(one), [(key(1, b"c"), "new".into())]);
    }
}

fn keyspaces_are_listed_in_the_order_of_their_ids(subject: &mut dyn Subject) {
    let engine = subject.engine();
    for number in [3, 1, 2] {
        engine.make(number);
    }
    engine.close(keyspace(2));
    assert_eq!(wait(engine.keyspaces()).expect("a list"), [keyspace(1), keyspace(2), keyspace(3)]);
}

fn closing_loses_nothing(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    for round in 0_u8..5 {
        engine.put(one, &key(round, b"a"), &[round]);
        engine.put(one, &key(0, b"last"), &[round]);
        engine.close(one);
        if round % 2 == 0 {
            wait(engine.flush()).expect("a flush");
        }
        engine.reopen(1);
        assert_eq!(engine.everything(one).len(), usize::from(round) + 2);
        assert_eq!(engine.value(one, &key(0, b"last")).expect("there"), vec![round]);
    }
    if subject.restart() {
        subject.engine().reopen(1);
        assert_eq!(subject.engine().everything(one).len(), 6);
    }
}

fn one_closed_keyspace_does_not_close_another(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, two) = (engine.make(1), engine.make(2));
    engine.close(one);
    engine.put(two, &key(1, b"a"), b"2");
    let over_both = writes(vec![put(two, &key(1, b"a"), b"3"), put(one, &key(1, b"a"), b"3")]);
    assert!(matches!(wait(engine.commit(over_both)), Err(EngineError::Closed(id)) if id == one));
    assert_eq!(engine.value(two, &key(1, b"a")).expect("there"), "2");
}

fn stats_follow_what_is_written(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    for sort in 0..100_u8 {
        engine.put(one, &key(1, &[sort]), &[sort; 1000]);
    }
    wait(engine.flush()).expect("a flush");
    let stats = engine.stats(one).expect("open");
    assert_eq!((stats.entries, stats.value_bytes), (100, 100_000));
    assert!(stats.disk_bytes == 0 || stats.disk_bytes >= 100_000 / 4, "{stats:?}");
}

fn a_restart_closes_every_keyspace_and_loses_nothing(subject: &mut dyn Subject) {
    let one = subject.engine().make(1);
    for sort in 0..50_u8 {
        subject.engine().put(one, &key(sort % 3, &[sort]), &[sort]);
    }
    subject.engine().remove(one, &key(0, &[0]));
    let before = subject.engine().everything(one);
    for _ in 0..3 {
        if !subject.restart() {
            return;
        }
        let engine = subject.engine();
        assert_eq!(wait(engine.keyspaces()).expect("a list"), [one]);
        assert!(matches!(engine.entry(one, &key(1, &[1])), Err(EngineError::Closed(_))));
        engine.reopen(1);
        assert_eq!(engine.everything(one), before);
    }
}

fn a_restart_forgets_what_was_dropped(subject: &mut dyn Subject) {
    let (one, two) = (subject.engine().make(1), subject.engine().make(2));
    subject.engine().put(one, &key(1, b"a"), b"1");
    subject.engine().put(two, &key(1, b"a"), b"2");
    wait(subject.engine().drop_keyspace(one)).expect("dropped");
    if subject.restart() {
        let engine = subject.engine();
        assert_eq!(wait(engine.keyspaces()).expect("a list"), [two]);
        engine.reopen(2);
        assert_eq!(engine.value(two, &key(1, b"a")).expect("there"), "2");
    }
}

fn many_keyspaces_survive_a_restart(subject: &mut dyn Subject) {
    let numbers = 1..40_u8;
    let ids: Vec<_> = numbers.clone().map(|number| subject.engine().make(number)).collect();
    let over_all = ids.iter().map(|id| put(*id, &key(1, b"a"), &[id.0[0]])).collect();
    subject.engine().apply(writes(over_all));
    if subject.restart() {
        for number in numbers {
            subject.engine().reopen(number);
            assert_eq!(subject.engine().value(keyspace(number), &key(1, b"a")).expect("there"), vec![number]);
        }
    }
}

fn assert_is_wrong_key(answer: Result<()>) {
    assert!(matches!(answer, Err(EngineError::WrongKey(_))), "expected WrongKey, got {answer:?}");
}
