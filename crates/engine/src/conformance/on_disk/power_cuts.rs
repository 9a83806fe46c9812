//! The power is cut in the middle of every change to the disk.

use env::SeededRandom;

use super::OnDisk;
use super::rig::Rig;
use super::script::{Step, a_drop, a_switch, a_whole_life, an_adoption, assert_recovers, perform};
use crate::conformance::depth;

/// Whatever a power cut interrupts: every acknowledged commit is there afterwards, the interrupted step
/// happened whole or not at all, and the store goes on. So it is where only the process dies.
pub fn power_cuts(on_disk: &dyn OnDisk) {
    cut_at_every_change(on_disk, &a_whole_life(), depth());
}

/// A switch interrupted at any change leaves a keyspace that opens under exactly one of both keys.
pub fn switch_cut_short(on_disk: &dyn OnDisk) {
    cut_at_every_change(on_disk, &a_switch(), 4 * depth());
}

/// A drop interrupted at any change leaves a keyspace that is whole or absent.
pub fn drop_cut_short(on_disk: &dyn OnDisk) {
    cut_at_every_change(on_disk, &a_drop(), 2 * depth());
}

/// Taking, adopting or dropping a checkpoint interrupted at any change leaves checkpoint and keyspace whole or
/// absent.
pub fn adoption_cut_short(on_disk: &dyn OnDisk) {
    cut_at_every_change(on_disk, &an_adoption(), depth());
}

fn cut_at_every_change(on_disk: &dyn OnDisk, script: &[Step], seeds: u64) {
    for cut in 1_u64.. {
        let mut rig = Rig::new(on_disk, cut);
        rig.disk.cut_power_at_change(cut);
        let progress = perform(&mut rig, script);
        if !rig.disk.is_off() {
            assert!(progress.failed.is_none(), "nothing failed, but the script stopped");
            return;
        }
        let (possible, fates) = (progress.possible(), SeededRandom::new(cut));
        for seed in (0..seeds).map(|seed| cut + 10_000 * seed) {
            let context = format!("cut at change {cut}, seed {seed}");
            assert_recovers(rig.crashed(seed), &possible, seed, &context);
            if seeds > 1 || cut.is_multiple_of(2) {
                assert_recovers(rig.on(rig.disk.kill()), &possible, seed, &format!("{context}, killed only"));
            }
            if seeds > 1 || !cut.is_multiple_of(2) {
                let twice = cut_again(&rig, seed, 1 + fates.below(60));
                assert_recovers(twice, &possible, seed, &format!("{context}, and again when it started"));
            }
        }
    }
}

/// A rig that failed once, was started, and lost power: while it recovered, or thereafter.
fn cut_again<'a>(rig: &Rig<'a>, seed: u64, change: u64) -> Rig<'a> {
    let mut first = if change.is_multiple_of(2) { rig.crashed(seed) } else { rig.on(rig.disk.kill()) };
    first.disk.cut_power_at_change(change);
    // It may or may not come up before the power goes.
    let _started = first.start();
    first.crashed(seed + 1)
}
