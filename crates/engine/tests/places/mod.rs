//! The places of the embedded engine's store, and the fields of each, as `docs/formats/` draws them.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crypto::SecretKey;
use engine::KeyspaceId;
use engine::conformance::on_disk::{self, State};
use engine::local::verify::{Finding, Keys, Place, Verify};
use env::SimDisk;

/// Where the fields of a file's header end.
const HEADER: [u64; 12] = [8, 9, 10, 12, 16, 32, 48, 56, 64, 96, 128, 132];
/// Where those of a frame's header do.
const FRAME_HEADER: [u64; 3] = [4, 12, 16];
const TAG_LEN: u64 = 16;

/// What a small store has: file, place, how many.
pub const KINDS: [(&str, &str, usize); 15] = [
    ("store", "header", 1),
    ("store", "body", 1),
    ("log/", "header", 1),
    ("log/", "record", 4),
    ("log/", "tail", 1),
    ("manifest-", "header", 2),
    ("manifest-", "body", 2),
    ("parked-", "body", 1),
    (".sst", "header", 2),
    (".sst", "data block", 60),
    (".sst", "filter", 3),
    (".sst", "index block", 3),
    (".sst", "top block", 2),
    (".sst", "properties", 2),
    (".sst", "footer", 2),
];

/// The places of the store in `folder`; keyspace and table key have the same number.
pub fn of(disk: &SimDisk, folder: &Path, mut store_key: [u8; 32]) -> Vec<on_disk::Place> {
    let table_keys: Vec<[SecretKey; 1]> =
        (0..=9).map(|number| [SecretKey::take(&mut [number; 32])]).collect();
    let table = |id: KeyspaceId| &table_keys[usize::from(id.0[0])][..];
    let store_key = SecretKey::take(&mut store_key);
    let keys = Keys { store: Some(&store_key), table: &table, checkpoint: &|_| &[] };
    let mut places = Vec::new();
    let verify = Verify { disk: Arc::new(disk.copy()), folder, keys };
    verify.run(&mut |place| places.push(place)).expect("every folder can be listed");
    places.into_iter().map(place).collect()
}

fn place(place: Place) -> on_disk::Place {
    let state = match place.finding {
        Finding::Damaged => State::Damaged,
        Finding::Unwritten => State::Unwritten,
        _ => State::Sound,
    };
    on_disk::Place { fields: fields(&place), file: place.file, name: place.name, state }
}

fn fields(place: &Place) -> Vec<Range<u64>> {
    let Range { start, end } = place.bytes.clone();
    let tag = end.saturating_sub(TAG_LEN).max(start);
    let ends: Vec<u64> = match place.name.as_str() {
        "header" => HEADER.into_iter().chain([end]).collect(),
        // The next header would lie in the first 16 bytes.
        "tail" => [16, 32].into_iter().map(|at| start + at).chain([end]).collect(),
        name if name.starts_with("record") => {
            FRAME_HEADER.into_iter().map(|at| start + at).chain([tag, end]).collect()
        }
        _ => vec![tag, end],
    };
    let starts = [start].into_iter().chain(ends.clone());
    starts.zip(ends).map(|(start, end)| start..end.max(start)).collect()
}
