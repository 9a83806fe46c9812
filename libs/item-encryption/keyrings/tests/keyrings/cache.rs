//! What is kept for a while, and fetched once.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::channel::oneshot;
use futures::executor::block_on;
use item_encryption_keyrings::KeyringError;
use item_encryption_keyrings::cache::{Cache, CacheLimits};

use crate::world::{Count, FakeClock};

struct World {
    clock: Arc<FakeClock>,
    cache: Cache<&'static str, usize>,
    fetched: Arc<Count>,
}

impl World {
    fn new(max_age: u64, capacity: usize) -> Self {
        let clock = Arc::new(FakeClock::default());
        let limits = CacheLimits { max_age: Duration::from_secs(max_age), capacity };
        Self { cache: Cache::new(limits, clock.clone()), clock, fetched: Arc::default() }
    }

    fn get(&self, key: &'static str) -> usize {
        let fetched = Arc::clone(&self.fetched);
        *block_on(self.cache.get(&key, || async move { Ok(fetched.up()) })).unwrap()
    }
}

#[test]
fn what_is_kept_is_not_fetched_again_before_its_age() {
    let world = World::new(10, 8);
    assert_eq!((world.get("a"), world.get("a"), world.get("b")), (0, 0, 1));
    world.clock.advance(9);
    assert_eq!(world.get("a"), 0);
    world.clock.advance(1);
    assert_eq!(world.get("a"), 2);
    assert_eq!(world.cache.len(), 1, "the old ones leave with the first that is fetched");
}

#[test]
fn the_one_not_asked_for_longest_makes_room() {
    let world = World::new(10, 2);
    assert_eq!((world.get("a"), world.get("b"), world.get("a"), world.get("c")), (0, 1, 0, 2));
    assert_eq!(world.cache.len(), 2);
    assert_eq!((world.get("a"), world.get("b")), (0, 3));
}

#[test]
fn many_who_ask_at_once_wait_for_one_fetch_and_a_failure_is_not_kept() {
    let World { cache, fetched, .. } = World::new(10, 8);
    let (answer, asked) = oneshot::channel::<Result<usize, KeyringError>>();
    let fetch = || {
        fetched.up();
        async move { asked.await.unwrap() }
    };
    let mut first = Box::pin(cache.get(&"a", fetch));
    let mut others: Vec<_> =
        (0..8).map(|_| Box::pin(cache.get(&"a", || async { panic!("again") }))).collect();
    let mut nobody = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut nobody).is_pending());
    assert!(others.iter_mut().all(|other| other.as_mut().poll(&mut nobody).is_pending()));
    // Who began to fetch may give up; the others go on.
    drop(first);
    answer.send(Err(KeyringError::NoBranchKey("none".to_owned()))).unwrap();
    for mut other in others {
        let Poll::Ready(answer) = other.as_mut().poll(&mut nobody) else { panic!("it is answered") };
        assert!(answer.is_err());
    }
    assert_eq!((fetched.get(), cache.len()), (1, 0));
    assert_eq!(*block_on(cache.get(&"a", || async { Ok(7) })).unwrap(), 7);
}
