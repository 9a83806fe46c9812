//! Nothing a user wrote, and no key, can be read in any file, however it is encoded.

use std::collections::HashMap;

use bytes::Bytes;
use crypto::SecretKey;

use super::OnDisk;
use super::rig::Rig;
use crate::conformance::fixture::{Asking, keyspace, put, removal, wait, writes};
use crate::{AsOf, CheckpointId, Keep, Key, Partition, Token, Write};

/// After every kind of step, each file there is or ever was is searched for partitions, sort bytes and
/// values, for table keys and the store key: plain, as UTF-16, hexadecimal, and base64.
pub fn at_rest(on_disk: &dyn OnDisk) {
    the_search_finds_every_encoding();
    let needles = Needles::of(&secrets(on_disk));
    let mut rig = Rig::new(on_disk, 1);
    rig.start().expect("a store on an empty disk");
    for (step, act) in STEPS {
        act(&mut rig);
        for (path, content) in rig.disk.all_contents() {
            let name = path.to_string_lossy();
            assert_eq!(needles.find(name.as_bytes()), None, "after {step}, in the name {name}");
            assert_eq!(needles.find(&content), None, "after {step}, in {name}");
        }
    }
}

type Act = fn(&mut Rig<'_>);

const STEPS: &[(&str, Act)] = &[
    ("commits", |rig| {
        wait(rig.engine().create(keyspace(1), table_key(0))).expect("created");
        wait(rig.engine().create(keyspace(2), table_key(1))).expect("created");
        (0..3).for_each(|round| commit(rig, &[1, 2], round));
    }),
    ("a flush", |rig| wait(rig.engine().flush()).expect("a flush")),
    ("compaction", |rig| {
        for round in 3..12 {
            commit(rig, &[1, 2], round);
            wait(rig.engine().flush()).expect("a flush");
        }
    }),
    ("a switch", |rig| {
        wait(rig.engine().switch_table_key(keyspace(1), table_key(2))).expect("switched");
        commit(rig, &[1, 2], 12);
    }),
    ("a close with unflushed entries", |rig| {
        rig.engine().close(keyspace(2));
        commit(rig, &[1], 13);
        wait(rig.engine().flush()).expect("a flush");
        commit(rig, &[1], 14);
    }),
    ("a restart", |rig| {
        rig.restart().expect("a restart");
        open(rig);
        commit(rig, &[1, 2], 15);
    }),
    ("a stop without a flush", |rig| {
        rig.start().expect("a start");
        open(rig);
        commit(rig, &[1, 2], 16);
    }),
    ("a checkpoint", |rig| {
        let taken = rig.engine().checkpoint(keyspace(1), CheckpointId([1; 16]), table_key(3));
        wait(taken).expect("a checkpoint");
        commit(rig, &[1], 17);
    }),
    ("an adoption", |rig| {
        let from = (CheckpointId([1; 16]), table_key(3));
        wait(rig.engine().adopt(from, AsOf::Checkpoint, keyspace(3), table_key(4))).expect("adopted");
        commit(rig, &[1, 3], 18);
        wait(rig.engine().flush()).expect("a flush");
        wait(rig.engine().drop_keyspace(keyspace(3))).expect("dropped");
        wait(rig.engine().drop_checkpoint(CheckpointId([1; 16]))).expect("dropped");
    }),
    ("kept versions and a commit under a token", |rig| {
        // An engine that has neither has nothing to show.
        let _kept = wait(rig.engine().keep_versions(keyspace(1), Keep::FromNow));
        let token = Token { id: *TOKEN, request: *TOKEN };
        let _once = wait(rig.engine().commit_once(token, writes(vec![small(1, 20)])));
        wait(rig.engine().flush()).expect("a flush");
    }),
    ("a deep rotation", |rig| {
        commit(rig, &[1, 2], 21);
        [1, 2].iter().for_each(|number| rig.engine().rotate_all(*number));
        commit(rig, &[1, 2], 22);
        wait(rig.engine().flush()).expect("a flush");
    }),
    ("removals", |rig| {
        let all =
            (0..23).flat_map(|round| [1, 2].map(|number| removal(keyspace(number), &canary_key(round))));
        rig.engine().apply(writes(all.collect()));
        wait(rig.engine().flush()).expect("a flush");
    }),
    ("a drop", |rig| {
        wait(rig.engine().drop_keyspace(keyspace(1))).expect("dropped");
        rig.engine().close(keyspace(2));
        wait(rig.engine().drop_keyspace(keyspace(2))).expect("dropped");
    }),
];

fn open(rig: &Rig<'_>) {
    wait(rig.engine().open(keyspace(1), table_key(2))).expect("opens");
    wait(rig.engine().open(keyspace(2), table_key(1))).expect("opens");
}

fn commit(rig: &Rig<'_>, numbers: &[u8], round: u8) {
    let of = |number: &u8| [small(*number, round), large(*number, round)];
    rig.engine().apply(writes(numbers.iter().flat_map(of).collect()));
}

fn small(number: u8, round: u8) -> Write {
    put(keyspace(number), &canary_key(round), format!("<{VALUE} of round {round}>").as_bytes())
}

/// A value over several blocks that is nothing but canaries.
fn large(number: u8, round: u8) -> Write {
    let mut key = canary_key(round);
    key.sort = Bytes::from([&key.sort[..], b"+"].concat());
    put(keyspace(number), &key, VALUE.repeat(200).as_bytes())
}

fn canary_key(round: u8) -> Key {
    Key { partition: Partition(*PARTITION), sort: Bytes::from(format!("{round:03} {SORT}")) }
}

const PARTITION: &[u8; 16] = b"Canary-partition";
const SORT: &str = "canary in the sort bytes";
const TOKEN: &[u8; 32] = b"canary in the id of a token, too";
const VALUE: &str = "canary in the value, a long one";

/// Bytes without a pattern, so that they cannot turn up by chance.
fn table_key_bytes(number: u8) -> [u8; 32] {
    crypto::sha256(&[b't', number])
}

fn table_key(number: u8) -> SecretKey {
    SecretKey::take(&mut table_key_bytes(number))
}

fn secrets(on_disk: &dyn OnDisk) -> Vec<(String, Vec<u8>)> {
    let canaries = [
        ("a partition", &PARTITION[..]),
        ("a sort key", SORT.as_bytes()),
        ("a value", VALUE.as_bytes()),
        ("a token", &TOKEN[..]),
    ];
    let canaries = canaries.into_iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
    let table_keys = (0..5).map(|number| (format!("table key {number}"), table_key_bytes(number).to_vec()));
    canaries.chain(table_keys).chain([("the store key".to_owned(), on_disk.store_key().to_vec())]).collect()
}

/// Byte strings to search for, by their first two bytes.
struct Needles(HashMap<[u8; 2], Vec<(String, Vec<u8>)>>);

impl Needles {
    /// Every encoding of every secret.
    fn of(secrets: &[(String, Vec<u8>)]) -> Self {
        let mut needles = Self(HashMap::new());
        for (name, secret) in secrets {
            for (encoding, bytes) in encodings(secret) {
                let head = [bytes[0], bytes[1]];
                needles.0.entry(head).or_default().push((format!("{name} ({encoding})"), bytes));
            }
        }
        needles
    }

    fn find(&self, content: &[u8]) -> Option<(&str, usize)> {
        content.windows(2).enumerate().find_map(|(at, head)| {
            let candidates = self.0.get(&[head[0], head[1]])?;
            let found = candidates.iter().find(|(_, needle)| content[at..].starts_with(needle))?;
            Some((found.0.as_str(), at))
        })
    }
}

fn encodings(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = |upper: bool| -> Vec<u8> {
        let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        if upper { digits.to_uppercase().into() } else { digits.into() }
    };
    vec![
        ("plain", secret.to_vec()),
        ("reversed", secret.iter().rev().copied().collect()),
        ("UTF-16LE", secret.iter().flat_map(|byte| [*byte, 0]).collect()),
        ("UTF-16BE", secret.iter().flat_map(|byte| [0, *byte]).collect()),
        ("hexadecimal", hex(false)),
        ("upper hexadecimal", hex(true)),
        ("base64", base64(secret, 0)),
        ("base64, shifted by one", base64(secret, 1)),
        ("base64, shifted by two", base64(secret, 2)),
    ]
}

/// What base64 makes of `secret` behind `shift` other bytes, less the characters that depend on neighbours.
fn base64(secret: &[u8], shift: usize) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = &secret[(3 - shift) % 3..];
    let groups = whole.chunks_exact(3).map(|group| u32::from_be_bytes([0, group[0], group[1], group[2]]));
    groups.flat_map(|group| [18, 12, 6, 0].map(|shift| ALPHABET[(group >> shift) as usize & 63])).collect()
}

/// A search that finds nothing proves something only if it would have found it.
fn the_search_finds_every_encoding() {
    assert_eq!(base64(b"xany carnal pleasure", 2), b"YW55IGNhcm5hbCBwbGVhc3Vy", "RFC 4648's alphabet");
    let secrets = [("a value".to_owned(), VALUE.as_bytes().to_vec())];
    let needles = Needles::of(&secrets);
    for (encoding, bytes) in encodings(VALUE.as_bytes()) {
        let content = [&[7; 1001], &bytes[..], &[9; 5]].concat();
        let found = needles.find(&content).expect("what was put there is found");
        assert_eq!(found, (format!("a value ({encoding})").as_str(), 1001));
    }
}
