//! Sweeps over a whole keyspace, by segments and pages.

use crate::conformance::fixture::{Asking, Subject, UNLIMITED, key, wait};
use crate::conformance::{Make, run};
use crate::{Engine, Key, KeyspaceId, Limit, Page, Partition, Segment};

/// A sweep meets every entry exactly once, however it is cut.
pub fn sweeps(make: Make<'_>) {
    run(
        make,
        &[
            a_sweep_is_ordered_by_partition_and_sort,
            segments_hold_every_entry_exactly_once,
            pages_of_segments_hold_every_entry_exactly_once,
            a_sweep_resumes_where_an_entry_was,
            a_start_outside_the_segment_is_fine,
            the_edges_of_segments_are_exact,
        ],
    );
}

fn filled(engine: &dyn Engine) -> (KeyspaceId, Vec<Key>) {
    let one = engine.make(1);
    let mut keys = Vec::new();
    for number in (0..=255_u8).step_by(5) {
        for sort in 0..=number % 3 {
            keys.push(key(number, &[sort]));
        }
    }
    for (at, key) in keys.iter().enumerate() {
        engine.put(one, key, &key.sort);
        if at % 40 == 39 {
            wait(engine.flush()).expect("a flush");
        }
    }
    (one, keys)
}

fn keys(page: &Page) -> Vec<Key> {
    page.entries.iter().map(|entry| entry.key.clone()).collect()
}

/// A whole segment, read in pages of `entries`.
fn in_pages(engine: &dyn Engine, id: KeyspaceId, segment: Segment, entries: usize) -> Vec<Key> {
    let mut all = Vec::new();
    loop {
        let limit = Limit { entries, bytes: usize::MAX };
        let page = engine.page(id, segment, all.last().cloned(), limit);
        all.extend(keys(&page));
        if !page.more {
            return all;
        }
        assert_eq!(page.entries.len(), entries, "a page that is not the last one is full");
    }
}

fn a_sweep_is_ordered_by_partition_and_sort(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, all) = filled(engine);
    assert_eq!(keys(&engine.page(one, Segment::WHOLE, None, UNLIMITED)), all);
    wait(engine.flush()).expect("a flush");
    assert_eq!(keys(&engine.page(one, Segment::WHOLE, None, UNLIMITED)), all);
}

fn segments_hold_every_entry_exactly_once(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, all) = filled(engine);
    for total in [1, 2, 3, 7, 64, 1000] {
        let segments = (0..total).map(|index| Segment { index, total });
        let swept: Vec<_> =
            segments.flat_map(|segment| keys(&engine.page(one, segment, None, UNLIMITED))).collect();
        assert_eq!(swept, all, "in {total} segments");
    }
}

fn pages_of_segments_hold_every_entry_exactly_once(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, all) = filled(engine);
    for (total, entries) in [(1, 1), (1, 7), (3, 2), (5, 100)] {
        let segments = (0..total).map(|index| Segment { index, total });
        let swept: Vec<_> = segments.flat_map(|segment| in_pages(engine, one, segment, entries)).collect();
        assert_eq!(swept, all, "in {total} segments and pages of {entries}");
    }
}

fn a_sweep_resumes_where_an_entry_was(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, all) = filled(engine);
    engine.remove(one, &all[20]);
    let rest = engine.page(one, Segment::WHOLE, Some(all[20].clone()), UNLIMITED);
    assert_eq!(keys(&rest), all[21..], "the entry need not be there any more");
    let nowhere = key(13, b"between two");
    let rest = engine.page(one, Segment::WHOLE, Some(nowhere.clone()), UNLIMITED);
    assert!(keys(&rest).iter().all(|key| *key > nowhere) && !rest.entries.is_empty());
}

fn a_start_outside_the_segment_is_fine(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, _) = filled(engine);
    let middle = Segment { index: 1, total: 3 };
    let whole = engine.page(one, middle, None, UNLIMITED);
    assert_eq!(engine.page(one, middle, Some(key(0, b"")), UNLIMITED), whole);
    let behind = engine.page(one, middle, Some(key(250, b"")), UNLIMITED);
    assert_eq!(behind, Page { entries: Vec::new(), more: false });
}

fn the_edges_of_segments_are_exact(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let edge = |head: u64, tail: u8| {
        let mut bytes = [tail; 16];
        bytes[..8].copy_from_slice(&head.to_be_bytes());
        Key { partition: Partition(bytes), sort: bytes::Bytes::new() }
    };
    let heads = [0, u64::MAX / 3, u64::MAX / 3 + 1, u64::MAX / 2, u64::MAX / 2 + 1, u64::MAX];
    let all: Vec<_> = heads.into_iter().flat_map(|head| [edge(head, 0), edge(head, 0xFF)]).collect();
    for key in &all {
        engine.put(one, key, b"x");
    }
    for total in [1, 2, 3, u32::MAX] {
        for segment in [0, total / 3, total / 2, total - 1].map(|index| Segment { index, total }) {
            let mut expected = all.clone();
            expected.retain(|key| segment.contains(&key.partition));
            let page = engine.page(one, segment, None, UNLIMITED);
            assert_eq!((keys(&page), page.more), (expected, false), "{segment:?}");
        }
    }
}
