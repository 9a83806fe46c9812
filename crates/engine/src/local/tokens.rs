//! Commits that apply once: their tokens are remembered for ten minutes at least.
//!
//! A token is an entry like any other, written by the commit it names, so that both are there or neither. It lies in a
//! keyspace of the engine's own, one for every ten minutes, under a key derived from the store's; lookups ask the one of
//! now, the one before, and the one behind (where it may just have become later for somebody else); older ones are
//! dropped as a whole. So memory and disk hold what twenty minutes bring.

use bytes::Bytes;
use crypto::{SALT_LEN, SecretKey};

use super::store::Store;
use super::{commit, founding, lifecycle, read};
use crate::{
    Commit, EngineError, Entry, Guard, GuardedKey, Key, KeyspaceId, Outcome, Partition, Remembered, Result,
    Token, Write,
};

const PREFIX: [u8; 8] = *b"\0tokens\0";
const VALUE_LEN: usize = 32 + 8;

/// Whether a keyspace is one of these.
pub fn is_ours(id: KeyspaceId) -> bool {
    id.0.starts_with(&PREFIX)
}

/// The ten minutes it is, as a number.
pub fn slot_now(store: &Store) -> u64 {
    store.env.clock.now_ms() / 1000 / Token::REMEMBERED_S
}

/// Those that matter in these ten minutes, newest first.
fn keyspaces(slot: u64) -> [KeyspaceId; 3] {
    [slot.saturating_add(1), slot, slot.saturating_sub(1)].map(keyspace)
}

/// Whether those that matter in these ten minutes are open.
pub fn are_ready(store: &Store, slot: u64) -> bool {
    keyspaces(slot).iter().all(|id| store.opened(*id).is_ok())
}

/// Opens them, and drops older ones.
pub fn make_ready(store: &Store, slot: u64) -> Result<()> {
    let [.., oldest] = keyspaces(slot);
    keyspaces(slot).into_iter().try_for_each(|id| open_or_create(store, id))?;
    let older = |id: &KeyspaceId| is_ours(*id) && *id < oldest;
    let all: Vec<_> = store.all().iter().map(|keyspace| keyspace.id).filter(older).collect();
    all.into_iter().try_for_each(|id| lifecycle::drop_keyspace(store, id))
}

/// What was applied under a token in the last ten minutes.
pub fn recall(store: &Store, slot: u64, id: &[u8; 32]) -> Result<Option<Remembered>> {
    let found = Found::of(store, slot, id)?;
    Ok(found.alive(store).map(|(request, entry)| Remembered { request, version: entry.version }))
}

/// [`crate::Engine::commit_once`], with the keyspaces ready.
pub async fn commit_once(store: &Store, slot: u64, token: &Token, commit: Commit) -> Result<Outcome> {
    loop {
        let found = Found::of(store, slot, &token.id)?;
        if let Some((request, entry)) = found.alive(store) {
            let same = request == token.request;
            return if same { Ok(Outcome::Applied(entry.version)) } else { Err(EngineError::TokenReused) };
        }
        let guards = found.guards(&token.id);
        let ours = guards.len();
        let (guards, writes) = (guards.into_iter().chain(commit.guards.clone()), commit.writes.clone());
        let writes = writes.into_iter().chain([remembering(store, slot, token)]);
        let named = Commit { guards: guards.collect(), writes: writes.collect() };
        match commit::commit(store, named).await? {
            // Somebody was faster with the same token.
            Outcome::GuardFailed(index) if index < ours => {}
            Outcome::GuardFailed(index) => return Ok(Outcome::GuardFailed(index - ours)),
            outcome => return Ok(outcome),
        }
    }
}

/// A token's entries, in the keyspaces that matter.
struct Found([(KeyspaceId, Option<Entry>); 3]);

impl Found {
    fn of(store: &Store, slot: u64, id: &[u8; 32]) -> Result<Self> {
        let [one, two, three] =
            keyspaces(slot).map(|keyspace| Ok((keyspace, read::get(store, keyspace, &key(id))?)));
        Ok(Self([one?, two?, three?]))
    }

    /// The request and entry that is remembered still.
    fn alive(&self, store: &Store) -> Option<([u8; 32], &Entry)> {
        let now = store.env.clock.now_ms() / 1000;
        self.0.iter().filter_map(|(_, entry)| entry.as_ref()).find_map(|entry| {
            let (request, second) = decode(&entry.value)?;
            (now.saturating_sub(second) < Token::REMEMBERED_S).then_some((request, entry))
        })
    }

    /// That nobody else used the token since.
    fn guards(&self, id: &[u8; 32]) -> Vec<GuardedKey> {
        let guarded = |(keyspace, found): &(KeyspaceId, Option<Entry>)| GuardedKey {
            keyspace: *keyspace,
            key: key(id),
            guard: found.as_ref().map_or(Guard::Absent, |entry| Guard::Version(entry.version)),
        };
        self.0.iter().map(guarded).collect()
    }
}

fn remembering(store: &Store, slot: u64, token: &Token) -> Write {
    let second = store.env.clock.now_ms() / 1000;
    let value = [&token.request[..], &second.to_le_bytes()].concat();
    Write { keyspace: keyspace(slot), key: key(&token.id), value: Some(Bytes::from(value)) }
}

fn decode(value: &[u8]) -> Option<([u8; 32], u64)> {
    let (request, second) = value.get(..VALUE_LEN)?.split_first_chunk()?;
    Some((*request, u64::from_le_bytes(second.try_into().ok()?)))
}

fn key(id: &[u8; 32]) -> Key {
    let (partition, sort) = id.split_first_chunk().map_or(([0; 16], &id[..]), |(head, tail)| (*head, tail));
    Key { partition: Partition(partition), sort: Bytes::copy_from_slice(sort) }
}

fn keyspace(slot: u64) -> KeyspaceId {
    let mut id = [0; 16];
    let (head, tail) = id.split_at_mut(8);
    head.copy_from_slice(&PREFIX);
    tail.copy_from_slice(&slot.to_be_bytes());
    KeyspaceId(id)
}

/// The table key of one of these keyspaces.
pub fn table_key(id: KeyspaceId, store_key: &SecretKey) -> SecretKey {
    let mut salt = [0; SALT_LEN];
    salt.iter_mut().zip(id.0).for_each(|(to, from)| *to = from);
    store_key.derive(&salt, &[b"strongroom tokens"])
}

fn open_or_create(store: &Store, id: KeyspaceId) -> Result<()> {
    let table_key = || table_key(id, &store.store_key);
    match lifecycle::open(store, id, table_key()) {
        Err(EngineError::Absent(_)) => match founding::create(store, id, table_key()) {
            // Another thread was faster.
            Err(EngineError::Exists(_)) => lifecycle::open(store, id, table_key()),
            created => created,
        },
        opened => opened,
    }
}
