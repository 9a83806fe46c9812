//! No byte is encrypted twice under one key and place, whatever happens to the process and the disk.

use std::collections::HashMap;

use env::SeededRandom;

use super::OnDisk;
use super::rig::Rig;
use super::script::{a_whole_life, perform};
use crate::conformance::depth;

/// Through a history of crashes, kills and restarts, two contents under one salt never differ in a byte that
/// both have written: a salt belongs to one file, and a place in it is written once. (A file's key follows
/// from its salt and nonces are places, so a repeated pair would show.)
pub fn nonces(on_disk: &dyn OnDisk) {
    for seed in 0..4 * depth() {
        let fates = SeededRandom::new(seed);
        let mut seen = Seen::default();
        let mut rig = Rig::new(on_disk, seed);
        for round in 0..12 {
            let context = format!("seed {seed}, round {round}");
            rig.disk.cut_power_at_change(fates.below(400) + 1);
            perform(&mut rig, &a_whole_life()[..]);
            seen.look_at(&rig, &context);
            rig = if fates.below(3) == 0 { rig.on(rig.disk.kill()) } else { rig.crashed(fates.next_u64()) };
            seen.look_at(&rig, &context);
        }
        assert!(seen.salted.len() > 30, "the history was long enough to prove something");
    }
}

/// What was seen under each salt: zero bytes are places not written yet.
#[derive(Default)]
struct Seen {
    salted: HashMap<Vec<u8>, Vec<u8>>,
}

impl Seen {
    fn look_at(&mut self, rig: &Rig<'_>, context: &str) {
        for (path, content) in rig.disk.all_contents() {
            let Some(salt) = rig.on_disk().salt(&content) else { continue };
            let before = self.salted.entry(salt).or_default();
            if let Some(at) = merge(before, &content) {
                panic!("{context}: byte {at} of {} was written twice under one salt", path.display());
            }
        }
    }
}

/// Adds what is new; the first place where both have written different bytes.
fn merge(before: &mut Vec<u8>, now: &[u8]) -> Option<usize> {
    if before.len() < now.len() {
        before.resize(now.len(), 0);
    }
    for (at, (before, now)) in before.iter_mut().zip(now).enumerate() {
        if *before == 0 {
            *before = *now;
        } else if *now != 0 && *before != *now {
            return Some(at);
        }
    }
    None
}
