//! A life that a seed decides finds what is wrong: one bug in each thing that it looks at, planted above or below the
//! engine, is found.

mod planted;
mod simulated;

use std::panic::{AssertUnwindSafe, catch_unwind};

use engine::conformance::on_disk;
use planted::{Bug, Planted};
use simulated::Simulated;

/// Calls in a life, and how many lives may pass before a bug is found.
const STEPS: u64 = 1500;
const LIVES: u64 = 8;

/// The life in which a bug is found.
fn found_in(bug: Option<Bug>) -> Option<u64> {
    let live = |seed| {
        let subject = Simulated::with(Planted::new(bug));
        catch_unwind(AssertUnwindSafe(|| on_disk::simulation(&subject, seed, STEPS)))
    };
    (1..=LIVES).find(|seed| live(*seed).is_err())
}

#[test]
fn where_nothing_is_planted_nothing_is_found() {
    assert_eq!(found_in(None), None);
}

macro_rules! finds {
    ($($name:ident: $($bug:ident)*;)*) => {
        $(
            #[test]
            fn $name() {
                for bug in [$(Bug::$bug),*] {
                    assert!(found_in(Some(bug)).is_some(), "{bug:?}");
                }
            }
        )*
    };
}

finds! {
    syncs_that_are_none: NeverSyncs NeverSyncsNames;
    commits_over_several_keyspaces_that_are_two: SplitsCommits IgnoresGuardsOfOthers;
    tokens_that_are_forgotten_or_not: ForgetsTokens RemembersTokensForTwenty TakesTokensForAnyRequest;
    snapshots_that_move: SnapshotsMove;
    versions_and_seconds_that_are_others: KeepsNoVersions SecondsAreLate AdoptsTheNewest;
    checkpoints_that_go_with_their_keyspace: DropsCheckpointsWithTheirKeyspace;
    rotations_that_are_none: NeverRotates;
    errors_that_are_swallowed_or_stay: SwallowsErrors StaysFull TakesItsLogForSound HidesWhatFailed;
}
