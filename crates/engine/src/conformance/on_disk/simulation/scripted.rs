//! A fixed life, interrupted at every operation of the disk in turn: by each kind of fault, and by a power cut.
//!
//! It meets what a random one meets: checkpoints taken, adopted as of versions and seconds and dropped, deep rotations,
//! tokens, watermarks that move, switches, closes and starts; each time to its end, as nothing works between calls
//! but what is called for.

use env::sim_disk::Fault;

use super::call::{Call, Changes};
use super::{Lived, OnDisk, World};
use crate::conformance::depth;
use crate::conformance::fixture::{key, keyspace};
use crate::{AsOf, Keep, Version};

/// What happens to a disk.
#[derive(Debug, Clone, Copy)]
enum Interruption {
    Change(Fault),
    Read,
    Cut,
}

/// Wherever one operation fails or the power is cut, calls say so, nothing acknowledged is lost, whatever was not
/// answered is whole or absent, and the store goes on. With more depth at every operation; else at every eighth.
pub fn interrupted_everywhere(on_disk: &dyn OnDisk) {
    let faults = [Fault::Io, Fault::NoSpace, Fault::Short].map(Interruption::Change);
    let stride = if depth() > 1 { 1 } else { 8 };
    for (first, interruption) in (1..).zip(faults.into_iter().chain([Interruption::Read, Interruption::Cut]))
    {
        let mut at = first.min(stride);
        while is_interrupted(on_disk, interruption, at) {
            at += stride;
        }
        assert!(at > 300, "a life of {at} operations is too short to prove something");
    }
}

/// Lives the life, and whether the interruption was met.
fn is_interrupted(on_disk: &dyn OnDisk, interruption: Interruption, at: u64) -> bool {
    let mut world = World::new(on_disk, at);
    let _told = Tell { interruption, at };
    let (disk, met) = (world.rig.disk.clone(), |disk: &env::SimDisk| match interruption {
        Interruption::Read => disk.reads() >= at,
        _ => disk.changes() >= at,
    });
    match interruption {
        Interruption::Change(fault) => disk.fail_change(at, fault),
        Interruption::Read => disk.fail_read(at),
        Interruption::Cut => disk.cut_power_at_change(at),
    }
    world.follow();
    met(&disk)
}

/// Says, where a life ends in a panic, what interrupted it.
struct Tell {
    interruption: Interruption,
    at: u64,
}

impl Drop for Tell {
    #[expect(clippy::print_stderr, reason = "a failure tells where to look")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("interrupted by {:?} at operation {}", self.interruption, self.at);
        }
    }
}

type Act = fn(&mut World<'_>) -> Lived;

/// The life.
const LIFE: &[Act] = &[
    |life| life.create(1),
    |life| life.create(2),
    |life| life.over(&[1, 2], 0),
    |life| life.once(1, &[1, 2]),
    |life| life.keep_on(1, Keep::FromNow),
    |life| life.over(&[1, 2], 1),
    |life| life.call(Call::Flush),
    |life| life.over(&[1], 2),
    |life| life.take(1, 1),
    |life| life.rotate(1),
    |life| life.over(&[1, 2], 3),
    |life| life.once(2, &[2]),
    |life| life.adopt_as(1, 3, |_, _| AsOf::Checkpoint),
    |life| life.adopt_as(1, 4, |oldest, newest| AsOf::Version(Version(u64::midpoint(oldest, newest)))),
    |life| life.switch(1),
    |life| life.over(&[1, 3, 4], 4),
    |life| life.keep_on(1, Keep::Newest),
    |life| life.keep_on(2, Keep::FromNow),
    |life| life.over(&[1, 2, 3], 5),
    |life| life.call(Call::Flush),
    |life| life.once(1, &[1, 2]),
    |life| life.drop_keyspace(1),
    |life| life.rotate(3),
    |life| life.close_one(),
    |life| life.over(&[2, 3], 6),
    |life| life.start_again(),
    |life| life.over(&[2, 3, 4], 7),
    |life| life.take(2, 2),
    |life| life.adopt_at_second(2, 5),
    |life| life.keep_from_later(2),
    |life| life.over(&[2, 5], 8),
    |life| life.call(Call::DropCheckpoint(1)),
    |life| life.rotate(2),
    |life| life.switch(2),
    |life| life.once(2, &[2]),
    |life| life.call(Call::Flush),
    |life| life.drop_keyspace(4),
    |life| life.call(Call::DropCheckpoint(2)),
    |life| life.over(&[2, 3, 5], 9),
];

impl World<'_> {
    /// Lives the life, starting again where it is interrupted, and looks at what is left.
    fn follow(&mut self) {
        let begun = self.rig.start();
        if let Err(error) = begun {
            if !self.rig.disk.is_off() {
                self.assert_honest(&error, "a first start");
            }
            self.cut_and_recover();
        }
        for act in LIFE {
            self.step += 1;
            let lived = self.reopen_all().and_then(|()| act(self));
            self.rig.on_disk().settle();
            self.look_at_rotations();
            self.clock.advance_ms(1500);
            if lived.is_err() || self.rig.disk.is_off() || !self.otherwise.is_empty() {
                self.cut_and_recover();
            }
        }
        self.cut_and_recover();
        self.assert_versions();
    }

    /// Every version that is promised is there.
    fn assert_versions(&mut self) {
        for _ in 0..8 {
            let _read = self.look_back();
        }
    }

    fn reopen_all(&mut self) -> Lived {
        (0..self.model.keyspaces.len()).try_for_each(|_| self.open())
    }

    fn create(&mut self, number: u8) -> Lived {
        if self.model.keyspaces.contains_key(&number) {
            return Ok(());
        }
        self.call(Call::Create(number, number))
    }

    fn over(&mut self, numbers: &[u8], round: u8) -> Lived {
        let changes = self.changes(numbers, round);
        if changes.writes.is_empty() { Ok(()) } else { self.call(Call::Commit(changes)) }
    }

    /// Writes, writes over and removes entries of those that are open.
    fn changes(&self, numbers: &[u8], round: u8) -> Changes {
        let of = |number: &u8| {
            let value = Some(vec![b'a' + round; 700 + usize::from(*number)].into());
            let removed = (*number, key(round, b"now"), None);
            let written = (*number, key(round + 1, b"now"), value.clone());
            [removed, written, (*number, key(1, b"every"), value.clone()), (*number, key(9, &[round]), value)]
        };
        let open = numbers.iter().filter(|number| self.open.contains(number));
        Changes { guards: Vec::new(), writes: open.flat_map(of).collect() }
    }

    fn once(&mut self, token: u8, numbers: &[u8]) -> Lived {
        let changes = self.changes(numbers, 20 + token);
        if changes.writes.is_empty() { Ok(()) } else { self.call(Call::Once(token, 1, changes)) }
    }

    fn keep_on(&mut self, number: u8, keep: Keep) -> Lived {
        if self.open.contains(&number) { self.call(Call::Keep(number, keep)) } else { Ok(()) }
    }

    fn keep_from_later(&mut self, number: u8) -> Lived {
        let kept = self.model.keyspaces.get(&number).and_then(|contents| contents.kept);
        let later = kept.map(|kept| Keep::From(Version((kept + 1).min(self.model.last))));
        later.map_or(Ok(()), |keep| self.keep_on(number, keep))
    }

    fn take(&mut self, checkpoint: u8, of: u8) -> Lived {
        let is_taken = self.model.checkpoints.contains_key(&checkpoint);
        if is_taken || !self.open.contains(&of) {
            return Ok(());
        }
        self.call(Call::Take(checkpoint, of))
    }

    fn adopt_as(&mut self, from: u8, number: u8, as_of: fn(u64, u64) -> AsOf) -> Lived {
        let Some(image) = self.model.checkpoints.get(&from) else { return Ok(()) };
        if self.model.keyspaces.contains_key(&number) {
            return Ok(());
        }
        let as_of = as_of(image.kept, image.newest);
        self.call(Call::Adopt { from, as_of, number, with: number })
    }

    fn adopt_at_second(&mut self, from: u8, number: u8) -> Lived {
        let Some(image) = self.model.checkpoints.get(&from) else { return Ok(()) };
        let within = |(_, version): &&(u64, u64)| (image.kept..image.newest).contains(version);
        let second = self.model.seconds.iter().rev().find(within).map(|(second, _)| *second);
        let Some(second) = second.filter(|_| !self.model.keyspaces.contains_key(&number)) else {
            return Ok(());
        };
        self.call(Call::Adopt { from, as_of: AsOf::Second(second), number, with: number })
    }

    fn rotate(&mut self, number: u8) -> Lived {
        if self.open.contains(&number) { self.call(Call::Rotate(number)) } else { Ok(()) }
    }

    fn switch(&mut self, number: u8) -> Lived {
        if self.open.contains(&number) { self.call(Call::Switch(number, 100 + number)) } else { Ok(()) }
    }

    fn drop_keyspace(&mut self, number: u8) -> Lived {
        self.call(Call::Drop(number))
    }

    fn close_one(&mut self) -> Lived {
        self.rig.engine().close(keyspace(2));
        self.open.remove(&2);
        Ok(())
    }

    fn start_again(&mut self) -> Lived {
        self.stop_and_start()
    }
}
