//! Single entries and slices of a partition.

use std::ops::Bound;

use bytes::Bytes;

use crate::conformance::fixture::{Asking, Subject, UNLIMITED, key, keyspace, partition, put, wait, writes};
use crate::conformance::{Make, run};
use crate::{Direction, Engine, Entry, Key, KeyspaceId, Limit, Page, SortRange};

/// What was written is read, and nothing else.
pub fn reads(make: Make<'_>) {
    run(
        make,
        &[
            the_last_write_is_read,
            a_removed_entry_is_gone,
            an_empty_value_is_a_value,
            keyspaces_and_partitions_do_not_mix,
            a_slice_is_ordered_bytewise_in_both_directions,
            a_slice_keeps_to_every_kind_of_bound,
            a_slice_without_room_is_empty,
            a_slice_stays_in_its_partition,
            a_page_is_full_after_the_entry_that_reaches_the_limit,
            pages_follow_each_other_without_gaps,
            more_tells_whether_anything_is_left,
            removed_entries_do_not_count,
            big_values_and_the_longest_sort_bytes_are_kept,
            reads_see_through_memory_and_files_alike,
        ],
    );
}

fn the_last_write_is_read(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    let first = engine.put(one, &key(1, b"a"), b"first");
    let second = engine.put(one, &key(1, b"a"), b"second");
    let entry = engine.entry(one, &key(1, b"a")).expect("read").expect("there");
    assert_eq!(entry, Entry { key: key(1, b"a"), version: second, value: "second".into() });
    assert!(second > first);
}

fn a_removed_entry_is_gone(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b"a"), b"1");
    engine.remove(one, &key(1, b"a"));
    engine.remove(one, &key(1, b"never there"));
    assert_eq!(engine.value(one, &key(1, b"a")), None);
    assert_eq!(engine.everything(one), vec![]);
}

fn an_empty_value_is_a_value(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    engine.put(one, &key(1, b""), b"");
    assert_eq!(engine.value(one, &key(1, b"")), Some(Bytes::new()));
    wait(engine.flush()).expect("a flush");
    assert_eq!(engine.value(one, &key(1, b"")), Some(Bytes::new()));
}

fn keyspaces_and_partitions_do_not_mix(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let (one, two) = (engine.make(1), engine.make(2));
    engine.put(one, &key(1, b"a"), b"one");
    engine.put(two, &key(1, b"a"), b"two");
    engine.put(one, &key(2, b"a"), b"other partition");
    assert_eq!(engine.value(one, &key(1, b"a")).expect("there"), "one");
    assert_eq!(engine.value(two, &key(1, b"a")).expect("there"), "two");
    assert_eq!(engine.value(one, &key(2, b"a")).expect("there"), "other partition");
    assert_eq!(engine.value(two, &key(2, b"a")), None);
}

/// Sort bytes that are easily ordered wrongly: prefixes of each other, zeros, high bytes.
const SORTS: [&[u8]; 9] =
    [b"", b"\0", b"\0\0", b"\0\xff", b"a", b"a\0", b"ab", b"b", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"];

fn of_sorts(engine: &dyn Engine) -> KeyspaceId {
    let one = engine.make(1);
    let mut order: Vec<_> = (0..SORTS.len()).collect();
    order.rotate_left(4);
    for at in order {
        engine.put(one, &key(5, SORTS[at]), SORTS[at]);
    }
    for neighbour in [4, 6] {
        engine.put(one, &key(neighbour, b"a"), b"another partition's");
    }
    one
}

fn slice(engine: &dyn Engine, range: SortRange, direction: Direction, limit: Limit) -> Page {
    let id = keyspace(1);
    wait(engine.slice(id, partition(5), range, direction, limit)).expect("an open keyspace is read")
}

fn sorts(page: &Page) -> Vec<&[u8]> {
    page.entries.iter().map(|entry| entry.key.sort.as_ref()).collect()
}

fn range(start: Bound<&'static [u8]>, end: Bound<&'static [u8]>) -> SortRange {
    SortRange { start: start.map(Bytes::from_static), end: end.map(Bytes::from_static) }
}

/// Runs `look` while everything is in memory, when half of it is in files, and when all of it is.
fn in_every_place(engine: &dyn Engine, look: impl Fn()) {
    look();
    wait(engine.flush()).expect("a flush");
    look();
    let one = keyspace(1);
    for sort in SORTS.iter().step_by(2) {
        engine.put(one, &key(5, sort), sort);
    }
    look();
    wait(engine.flush()).expect("a flush");
    look();
}

fn a_slice_is_ordered_bytewise_in_both_directions(subject: &mut dyn Subject) {
    let engine = subject.engine();
    of_sorts(engine);
    in_every_place(engine, || {
        let forward = slice(engine, SortRange::ALL, Direction::Forward, UNLIMITED);
        assert_eq!(sorts(&forward), SORTS);
        assert!(forward.entries.iter().all(|entry| entry.value == entry.key.sort));
        let mut backward = slice(engine, SortRange::ALL, Direction::Backward, UNLIMITED);
        backward.entries.reverse();
        assert_eq!(backward, forward);
    });
}

fn a_slice_keeps_to_every_kind_of_bound(subject: &mut dyn Subject) {
    let engine = subject.engine();
    of_sorts(engine);
    let edges: [&'static [u8]; 5] = [b"", b"\0\0", b"a", b"aa", b"\xff\xff"];
    let bounds = |edge| [Bound::Included(edge), Bound::Excluded(edge)];
    let bounds = || edges.into_iter().flat_map(bounds).chain([Bound::Unbounded]);
    in_every_place(engine, || {
        for (start, end) in bounds().flat_map(|start| bounds().map(move |end| (start, end))) {
            let mut expected = SORTS.to_vec();
            expected.retain(|sort| is_behind(start, sort) && is_before(end, sort));
            let forward = slice(engine, range(start, end), Direction::Forward, UNLIMITED);
            assert_eq!(sorts(&forward), expected, "{start:?} to {end:?}");
            let backward = slice(engine, range(start, end), Direction::Backward, UNLIMITED);
            expected.reverse();
            assert_eq!(sorts(&backward), expected, "{start:?} to {end:?}, backward");
        }
    });
}

fn is_behind(start: Bound<&[u8]>, sort: &[u8]) -> bool {
    match start {
        Bound::Included(start) => sort >= start,
        Bound::Excluded(start) => sort > start,
        Bound::Unbounded => true,
    }
}

fn is_before(end: Bound<&[u8]>, sort: &[u8]) -> bool {
    match end {
        Bound::Included(end) => sort <= end,
        Bound::Excluded(end) => sort < end,
        Bound::Unbounded => true,
    }
}

fn a_slice_without_room_is_empty(subject: &mut dyn Subject) {
    let engine = subject.engine();
    of_sorts(engine);
    let empty = Page { entries: Vec::new(), more: false };
    in_every_place(engine, || {
        for direction in [Direction::Forward, Direction::Backward] {
            for (start, end) in [
                (Bound::Included(&b"b"[..]), Bound::Included(&b"a"[..])),
                (Bound::Excluded(b"b"), Bound::Excluded(b"a")),
                (Bound::Excluded(b"a"), Bound::Excluded(b"a")),
                (Bound::Included(b"a"), Bound::Excluded(b"a")),
                (Bound::Excluded(b"a"), Bound::Included(b"a")),
                (Bound::Excluded(SORTS[8]), Bound::Unbounded),
                (Bound::Unbounded, Bound::Excluded(b"")),
            ] {
                assert_eq!(
                    slice(engine, range(start, end), direction, UNLIMITED),
                    empty,
                    "{start:?} {end:?}"
                );
            }
        }
    });
}

fn a_slice_stays_in_its_partition(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    for number in [0, 4, 6, 255] {
        engine.put(one, &key(number, b"a"), b"neighbour");
    }
    in_every_place(engine, || {
        let last = wait(engine.slice(one, partition(255), SortRange::ALL, Direction::Backward, UNLIMITED));
        assert_eq!(last.expect("read").entries.len(), 1);
        let first = wait(engine.slice(one, partition(0), SortRange::ALL, Direction::Forward, UNLIMITED));
        assert_eq!(first.expect("read").entries.len(), 1);
    });
}

fn a_page_is_full_after_the_entry_that_reaches_the_limit(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    for sort in 0..10_u8 {
        engine.put(one, &key(5, &[sort]), &[sort; 100]);
    }
    let read = |entries, bytes| {
        let page = slice(engine, SortRange::ALL, Direction::Forward, Limit { entries, bytes });
        let swept = engine.page(one, crate::Segment::WHOLE, None, Limit { entries, bytes });
        assert_eq!(page, swept, "a sweep keeps to the same limits");
        (page.entries.len(), page.more)
    };
    for _ in 0..2 {
        assert_eq!(read(3, usize::MAX), (3, true));
        assert_eq!(read(usize::MAX, 299), (3, true));
        assert_eq!(read(usize::MAX, 300), (3, true));
        assert_eq!(read(usize::MAX, 301), (4, true));
        assert_eq!(read(2, 300), (2, true));
        assert_eq!(read(0, 0), (1, true));
        assert_eq!(read(usize::MAX, 0), (1, true));
        wait(engine.flush()).expect("a flush");
    }
}

fn pages_follow_each_other_without_gaps(subject: &mut dyn Subject) {
    let engine = subject.engine();
    of_sorts(engine);
    let limit = Limit { entries: 2, bytes: usize::MAX };
    in_every_place(engine, || {
        let (mut forward, mut start) = (Vec::new(), Bound::Unbounded);
        loop {
            let page = slice(engine, SortRange { start, end: Bound::Unbounded }, Direction::Forward, limit);
            forward.extend(page.entries.iter().map(|entry| entry.key.sort.clone()));
            if !page.more {
                break;
            }
            start = Bound::Excluded(forward.last().expect("a page with more holds something").clone());
        }
        assert_eq!(forward, SORTS);
        let (mut backward, mut end) = (Vec::new(), Bound::Unbounded);
        loop {
            let page = slice(engine, SortRange { start: Bound::Unbounded, end }, Direction::Backward, limit);
            backward.extend(page.entries.iter().map(|entry| entry.key.sort.clone()));
            if !page.more {
                break;
            }
            end = Bound::Excluded(backward.last().expect("a page with more holds something").clone());
        }
        backward.reverse();
        assert_eq!(backward, SORTS);
    });
}

fn more_tells_whether_anything_is_left(subject: &mut dyn Subject) {
    let engine = subject.engine();
    of_sorts(engine);
    let limit = |entries| Limit { entries, bytes: usize::MAX };
    in_every_place(engine, || {
        for direction in [Direction::Forward, Direction::Backward] {
            assert!(slice(engine, SortRange::ALL, direction, limit(8)).more);
            assert!(!slice(engine, SortRange::ALL, direction, limit(9)).more);
            let inner = range(Bound::Included(b"a"), Bound::Included(b"ab"));
            assert!(slice(engine, inner.clone(), direction, limit(2)).more);
            assert!(!slice(engine, inner, direction, limit(3)).more, "more is about the range");
        }
    });
}

fn removed_entries_do_not_count(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    for sort in 0..20_u8 {
        engine.put(one, &key(5, &[sort]), &[sort]);
    }
    wait(engine.flush()).expect("a flush");
    for sort in 5..20_u8 {
        engine.remove(one, &key(5, &[sort]));
    }
    for _ in 0..2 {
        let five = Limit { entries: 5, bytes: usize::MAX };
        let page = slice(engine, SortRange::ALL, Direction::Forward, five);
        assert_eq!((page.entries.len(), page.more), (5, false), "nothing but removed entries behind");
        let page = slice(engine, SortRange::ALL, Direction::Backward, five);
        assert_eq!((page.entries.len(), page.more), (5, false));
        assert_eq!(page.entries.first().expect("five").key.sort.as_ref(), [4]);
        wait(engine.flush()).expect("a flush");
    }
}

fn big_values_and_the_longest_sort_bytes_are_kept(subject: &mut dyn Subject) {
    let one = subject.engine().make(1);
    let longest = key(1, &[0xAB; Key::MAX_SORT_LEN]);
    let mut almost = longest.clone();
    almost.sort.truncate(Key::MAX_SORT_LEN - 1);
    let biggest: Vec<u8> = (0..Entry::MAX_VALUE_LEN).map(|at| (at % 251) as u8).collect();
    let both = vec![put(one, &longest, &biggest), put(one, &almost, b"small")];
    subject.engine().apply(writes(both));
    let look = |engine: &dyn Engine| {
        assert!(engine.value(one, &longest).expect("there") == biggest, "the biggest value is whole");
        assert_eq!(engine.value(one, &almost).expect("there"), "small");
        let keys: Vec<_> = engine.everything(one).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [almost.clone(), longest.clone()]);
    };
    look(subject.engine());
    wait(subject.engine().flush()).expect("a flush");
    look(subject.engine());
    if subject.restart() {
        subject.engine().reopen(1);
        look(subject.engine());
    }
}

fn reads_see_through_memory_and_files_alike(subject: &mut dyn Subject) {
    let engine = subject.engine();
    let one = engine.make(1);
    for round in 0..6_u8 {
        for sort in (round..30).step_by(usize::from(round) + 1) {
            match (sort + round) % 5 {
                0 => engine.remove(one, &key(sort % 2, &[sort])),
                _ => engine.put(one, &key(sort % 2, &[sort]), &[round]),
            };
        }
        let swept = engine.everything(one);
        for sort in 0..30_u8 {
            let found =
                swept.iter().find(|(swept, _)| *swept == key(sort % 2, &[sort])).map(|(_, value)| value);
            assert_eq!(engine.value(one, &key(sort % 2, &[sort])).as_ref(), found, "get and sweep agree");
        }
        wait(engine.flush()).expect("a flush");
        assert_eq!(engine.everything(one), swept);
    }
}
