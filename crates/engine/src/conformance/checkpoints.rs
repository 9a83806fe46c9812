//! Images of keyspaces: taken, adopted under other keys, and dropped.

use crate::conformance::fixture::{
    Asking, Subject, checkpoint_id, guard, key, keyspace, put, table_key, wait, writes,
};
use crate::conformance::{Make, run};
use crate::{AsOf, Commit, EngineError, Guard, Outcome};

/// Checkpoints hold what was acknowledged, outlive their keyspaces, and become keyspaces again.
pub fn checkpoints(make: Make<'_>) {
    run(
        make,
        &[
            an_adopted_checkpoint_shows_what_was_there_and_nothing_later,
            an_adopted_entry_keeps_its_version,
            an_empty_keyspace_has_an_empty_image,
            a_checkpoint_outlives_its_keyspace,
            a_checkpoint_is_adopted_any_number_of_times,
            a_checkpoint_opens_under_the_key_of_its_receiver_only,
            ids_that_are_taken_or_absent_are_refused,
            only_an_open_keyspace_is_taken,
            checkpoints_are_listed_and_dropped,
            what_adopted_a_checkpoint_outlives_it,
            an_adopted_keyspace_switches_its_key,
            an_adopted_keyspace_is_taken_and_adopted_again,
            an_id_that_was_dropped_adopts_and_shows_nothing_old,
            everything_is_there_after_a_restart,
        ],
    );
}

fn an_adopted_checkpoint_shows_what_was_there_and_nothing_later(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let put = |at| put(one, &key(at, b"a"), b"old");
    engine.apply(writes((0..20).map(put).collect()));
    wait(engine.flush()).expect("a flush");
    engine.put(one, &key(3, b"a"), b"new");
    engine.remove(one, &key(7, b"a"));
    let before = engine.everything(one);
    let info = engine.take(1, 1);
    assert_eq!(info.entries >= 19, before.len() == 19, "{info:?}");
    engine.put(one, &key(8, b"a"), b"later");
    engine.remove(one, &key(9, b"a"));
    let two = engine.adopt_as(1, 2);
    assert_eq!(engine.everything(two), before);
    engine.put(two, &key(10, b"a"), b"elsewhere");
    assert_eq!(engine.value(one, &key(10, b"a")).expect("there"), "old");
    assert_eq!(engine.value(one, &key(8, b"a")).expect("there"), "later");
}

fn an_adopted_entry_keeps_its_version(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, at) = (engine.make(1), key(1, b"a"));
    let version = engine.put(one, &at, b"1");
    engine.take(1, 1);
    let two = engine.adopt_as(1, 2);
    assert_eq!(engine.entry(two, &at).expect("open").expect("there").version, version);
    let guarded = |version| Commit {
        guards: vec![guard(two, &at, Guard::Version(version))],
        ..writes(vec![put(two, &at, b"2")])
    };
    let Ok(Outcome::Applied(later)) = wait(engine.commit(guarded(version))) else { panic!("it holds") };
    assert!(later > version);
    assert_eq!(wait(engine.commit(guarded(version))).expect("open"), Outcome::GuardFailed(0));
}

fn an_empty_keyspace_has_an_empty_image(subject: &mut dyn Subject) {
    let engine = subject.engine();
    engine.make(1);
    assert_eq!(engine.take(1, 1).entries, 0);
    let two = engine.adopt_as(1, 2);
    assert_eq!(engine.everything(two), vec![]);
    engine.put(two, &key(1, b"a"), b"1");
    assert_eq!(engine.everything(two).len(), 1);
}

fn a_checkpoint_outlives_its_keyspace(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    engine.take(1, 1);
    wait(engine.drop_keyspace(one)).expect("dropped");
    let again = engine.adopt_as(1, 1);
    assert_eq!(engine.value(again, &key(1, b"a")).expect("there"), "1");
}

fn a_checkpoint_is_adopted_any_number_of_times(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    engine.take(1, 1);
    for number in 2..6 {
        let adopted = engine.adopt_as(1, number);
        engine.put(adopted, &key(number, b"own"), b"x");
        wait(engine.flush()).expect("a flush");
    }
    for number in 2..6 {
        let keys: Vec<_> = engine.everything(keyspace(number)).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [key(1, b"a"), key(number, b"own")]);
    }
}

fn a_checkpoint_opens_under_the_key_of_its_receiver_only(subject: &mut dyn Subject) {
    let engine = subject.engine();
    engine.make(1);
    engine.take(1, 1);
    for wrong in [1, 2, 99] {
        let adopted =
            engine.adopt((checkpoint_id(1), table_key(wrong)), AsOf::Checkpoint, keyspace(2), table_key(2));
        assert!(matches!(wait(adopted), Err(EngineError::WrongKey(_))));
    }
    assert_eq!(wait(engine.keyspaces()).expect("a list"), [keyspace(1)]);
    engine.adopt_as(1, 2);
}

fn ids_that_are_taken_or_absent_are_refused(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    engine.take(1, 1);
    let again = wait(engine.checkpoint(one, checkpoint_id(1), table_key(100)));
    assert!(matches!(again, Err(EngineError::CheckpointExists(id)) if id == checkpoint_id(1)));
    let adopt = |checkpoint, number| {
        let from = (checkpoint_id(checkpoint), table_key(100 + checkpoint));
        wait(engine.adopt(from, AsOf::Checkpoint, keyspace(number), table_key(number)))
    };
    assert!(matches!(adopt(9, 2), Err(EngineError::NoCheckpoint(id)) if id == checkpoint_id(9)));
    assert!(matches!(adopt(1, 1), Err(EngineError::Exists(id)) if id == one));
    engine.close(one);
    assert!(matches!(adopt(1, 1), Err(EngineError::Exists(id)) if id == one));
    engine.reopen(1);
    assert_eq!(engine.everything(one).len(), 1);
}

fn only_an_open_keyspace_is_taken(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.close(one);
    let take = |number| wait(engine.checkpoint(keyspace(number), checkpoint_id(1), table_key(101)));
    assert!(matches!(take(1), Err(EngineError::Closed(_))));
    assert!(matches!(take(2), Err(EngineError::Absent(_))));
    assert_eq!(wait(engine.checkpoints()).expect("a list"), []);
}

fn checkpoints_are_listed_and_dropped(subject: &mut dyn Subject) {
    let engine = subject.engine();
    engine.make(1);
    for number in [3, 1, 2] {
        engine.take(1, number);
    }
    let listed = |numbers: &[u8]| {
        let ids: Vec<_> = numbers.iter().map(|number| checkpoint_id(*number)).collect();
        assert_eq!(wait(engine.checkpoints()).expect("a list"), ids);
    };
    listed(&[1, 2, 3]);
    wait(engine.drop_checkpoint(checkpoint_id(2))).expect("dropped");
    wait(engine.drop_checkpoint(checkpoint_id(2))).expect("an absent one is fine");
    listed(&[1, 3]);
    engine.take(1, 2);
    listed(&[1, 2, 3]);
}

fn what_adopted_a_checkpoint_outlives_it(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    engine.take(1, 1);
    let two = engine.adopt_as(1, 2);
    wait(engine.drop_checkpoint(checkpoint_id(1))).expect("dropped");
    wait(engine.drop_keyspace(one)).expect("dropped");
    engine.close(two);
    engine.reopen(2);
    assert_eq!(engine.value(two, &key(1, b"a")).expect("there"), "1");
}

fn an_adopted_keyspace_switches_its_key(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    engine.take(1, 1);
    let two = engine.adopt_as(1, 2);
    engine.put(two, &key(2, b"a"), b"2");
    wait(engine.switch_table_key(two, table_key(7))).expect("switched");
    engine.close(two);
    for old in [1, 2, 101] {
        assert!(matches!(wait(engine.open(two, table_key(old))), Err(EngineError::WrongKey(_))));
    }
    wait(engine.open(two, table_key(7))).expect("opens");
    assert_eq!(engine.everything(two).len(), 2);
    assert_eq!(engine.everything(one).len(), 1, "its origin goes on under its own key");
}

fn an_adopted_keyspace_is_taken_and_adopted_again(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let mut last = engine.make(1);
    for number in 1..5 {
        engine.put(last, &key(number, b"a"), &[number]);
        engine.take(number, number);
        last = engine.adopt_as(number, number + 1);
    }
    assert_eq!(engine.everything(last).len(), 4);
    assert_eq!(engine.everything(keyspace(2)).len(), 2);
}

fn an_id_that_was_dropped_adopts_and_shows_nothing_old(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, two) = (engine.make(1), engine.make(2));
    engine.put(one, &key(1, b"a"), b"1");
    engine.put(two, &key(2, b"old"), b"2");
    engine.take(1, 1);
    wait(engine.drop_keyspace(two)).expect("dropped");
    engine.adopt_as(1, 2);
    assert_eq!(engine.everything(two), engine.everything(one));
}

fn everything_is_there_after_a_restart(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    engine.take(1, 1);
    let two = engine.adopt_as(1, 2);
    engine.put(two, &key(2, b"a"), b"2");
    wait(engine.drop_keyspace(one)).expect("dropped");
    if !subject.restart() {
        return;
    }
    let engine = subject.engine();
    assert_eq!(wait(engine.checkpoints()).expect("a list"), [checkpoint_id(1)]);
    engine.reopen(2);
    assert_eq!(engine.everything(two).len(), 2);
    let three = engine.adopt_as(1, 3);
    assert_eq!(engine.everything(three).len(), 1);
}
