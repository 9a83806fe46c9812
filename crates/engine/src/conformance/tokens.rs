//! Commits that apply once.

use std::sync::Arc;

use env::{MovableClock, SystemClock};

use crate::conformance::fixture::{Asking, Subject, guard, key, put, wait, writes};
use crate::conformance::versions::MakeWithClock;
use crate::{Commit, Engine, EngineError, Guard, KeyspaceId, Outcome, Token, Version};

/// A commit sent twice under a token applies once and is answered alike; ten minutes later the token is forgotten.
pub fn tokens(make: MakeWithClock<'_>) {
    let clock = Arc::new(MovableClock::over(Arc::new(SystemClock)));
    let mut subject = make(clock.clone());
    let one = subject.engine().make(1);
    a_repeated_commit_applies_once(subject.engine(), one);
    what_failed_is_not_remembered(subject.engine(), one);
    assert_eq!(wait(subject.engine().keyspaces()).expect("a list"), [one], "tokens are nobody's keyspace");
    let version = applied(subject.engine(), one, 50);
    for _ in 0..5 {
        clock.advance_ms(119_000);
        if subject.restart() {
            subject.engine().reopen(1);
        }
        assert_eq!(applied(subject.engine(), one, 50), version, "it is remembered for ten minutes");
    }
    clock.advance_ms(10_000);
    assert_eq!(wait(subject.engine().recall([50; 32])).expect("an answer"), None);
    assert!(applied(subject.engine(), one, 50) > version, "and then it is a new one");
    at_once(&*subject, one);
}

fn token(number: u8) -> Token {
    Token { id: [number; 32], request: [number + 100; 32] }
}

fn applied(engine: &dyn Engine, id: KeyspaceId, number: u8) -> Version {
    let commit = writes(vec![put(id, &key(number, b"once"), b"x")]);
    match wait(engine.commit_once(token(number), commit)) {
        Ok(Outcome::Applied(version)) => version,
        other => panic!("it was to apply: {other:?}"),
    }
}

fn a_repeated_commit_applies_once(engine: &dyn Engine, id: KeyspaceId) {
    let at = key(1, b"a");
    let commit =
        || Commit { guards: vec![guard(id, &at, Guard::Absent)], ..writes(vec![put(id, &at, b"1")]) };
    assert_eq!(wait(engine.recall([1; 32])).expect("an answer"), None);
    let first = wait(engine.commit_once(token(1), commit())).expect("it applies");
    let Outcome::Applied(version) = first else { panic!("{first:?}") };
    let remembered = wait(engine.recall([1; 32])).expect("an answer").expect("remembered");
    assert_eq!((remembered.request, remembered.version), (token(1).request, version));
    assert_eq!(engine.entry(id, &at).expect("open").expect("there").version, version);
    engine.put(id, &at, b"2");
    // Its guard does not hold any more, which does not matter.
    assert_eq!(wait(engine.commit_once(token(1), commit())).expect("an answer"), first);
    assert_eq!(engine.value(id, &at).expect("there"), "2");
    let other = Token { request: [9; 32], ..token(1) };
    assert!(matches!(wait(engine.commit_once(other, commit())), Err(EngineError::TokenReused)));
}

fn what_failed_is_not_remembered(engine: &dyn Engine, id: KeyspaceId) {
    let at = key(2, b"a");
    let commit = |guarded| Commit {
        guards: vec![guard(id, &key(3, b"a"), Guard::Absent), guarded],
        ..writes(vec![put(id, &at, b"1")])
    };
    engine.put(id, &at, b"0");
    let failing = commit(guard(id, &at, Guard::Absent));
    for _ in 0..2 {
        let outcome = wait(engine.commit_once(token(2), failing.clone()));
        assert_eq!(outcome.expect("an answer"), Outcome::GuardFailed(1));
    }
    engine.remove(id, &at);
    assert!(matches!(wait(engine.commit_once(token(2), failing)), Ok(Outcome::Applied(_))));
}

/// Whoever sends it, it applies once.
fn at_once(subject: &dyn Subject, id: KeyspaceId) {
    let engine = subject.engine();
    let versions: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| applied(engine, id, 60))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(versions.windows(2).all(|pair| pair[0] == pair[1]), "{versions:?}");
}
