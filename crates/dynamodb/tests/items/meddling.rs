//! Commits that are overtaken by another process, or of which nobody knows how they ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crypto::SecretKey;
use dynamodb::Config;
use dynamodb::DynamoDb;
use dynamodb::table::catalog::KEYSPACE;
use engine::{
    Commit, Direction, Engine, Entry, Key, KeyspaceId, KeyspaceStats, Limit, MemoryEngine, Outcome, Page,
    Partition, Remembered, Result, Segment, SortRange, Token, Write,
};
use env::{Env, SeededRandom, SimDisk, SystemClock};
use envelope::Shredder;
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use service::{ApiError, Service};

use crate::kms::Kms;
use crate::world::{context, new_table};

/// An engine in which somebody else writes the item of the next few commits just before they do, or in
/// which their end stays unknown.
struct Meddled {
    inner: MemoryEngine,
    overtaken: AtomicUsize,
    unknown: AtomicUsize,
}

impl Meddled {
    async fn commit_meddled(&self, commit: Commit) -> Result<Outcome> {
        if taken_from(&self.overtaken) {
            self.write_again(&commit).await?;
        }
        let outcome = self.inner.commit(commit).await?;
        Ok(if taken_from(&self.unknown) { Outcome::MaybeApplied } else { outcome })
    }

    /// The commit applies; whoever sent it does not hear of it where its end stays unknown.
    async fn commit_once_meddled(&self, token: Token, commit: Commit) -> Result<Outcome> {
        if taken_from(&self.overtaken) {
            self.write_again(&commit).await?;
        }
        let outcome = self.inner.commit_once(token, commit).await?;
        Ok(if taken_from(&self.unknown) { Outcome::MaybeApplied } else { outcome })
    }

    /// Writes what is there once more: a new version of the same item.
    async fn write_again(&self, commit: &Commit) -> Result<()> {
        let guarded = commit.guards.first().expect("the write path guards what it writes");
        let there = self.inner.get(guarded.keyspace, &guarded.key).await?.expect("the item is there");
        let write = Write { keyspace: guarded.keyspace, key: there.key, value: Some(there.value) };
        self.inner.commit(Commit { guards: Vec::new(), writes: vec![write] }).await.map(drop)
    }
}

fn taken_from(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Engine for Meddled {
    fn create(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.inner.create(keyspace, table_key)
    }

    fn open(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.inner.open(keyspace, table_key)
    }

    fn close(&self, keyspace: KeyspaceId) {
        self.inner.close(keyspace);
    }

    fn switch_table_key(&self, keyspace: KeyspaceId, new_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.inner.switch_table_key(keyspace, new_key)
    }

    fn drop_keyspace(&self, keyspace: KeyspaceId) -> BoxFuture<'_, Result<()>> {
        self.inner.drop_keyspace(keyspace)
    }

    fn keyspaces(&self) -> BoxFuture<'_, Result<Vec<KeyspaceId>>> {
        self.inner.keyspaces()
    }

    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>> {
        self.inner.get(keyspace, key)
    }

    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>> {
        self.inner.slice(keyspace, partition, range, direction, limit)
    }

    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>> {
        self.inner.sweep(keyspace, segment, after, limit)
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        self.commit_meddled(commit).boxed()
    }

    fn commit_once(&self, token: Token, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        self.commit_once_meddled(token, commit).boxed()
    }

    fn recall(&self, token: [u8; 32]) -> BoxFuture<'_, Result<Option<Remembered>>> {
        self.inner.recall(token)
    }

    fn stats(&self, keyspace: KeyspaceId) -> Result<KeyspaceStats> {
        self.inner.stats(keyspace)
    }

    fn flush(&self) -> BoxFuture<'_, Result<()>> {
        self.inner.flush()
    }
}

struct World {
    engine: Arc<Meddled>,
    room: Arc<DynamoDb>,
}

impl World {
    /// With an item `{"id": "a", "n": 1}` in the table `plain`.
    fn new() -> Self {
        let random = Arc::new(SeededRandom::new(7));
        let inner = MemoryEngine::new(&*random);
        let engine = Arc::new(Meddled { inner, overtaken: 0.into(), unknown: 0.into() });
        let env = Env { clock: Arc::new(SystemClock), random, disk: Arc::new(SimDisk::new()) };
        let world = block_on(async {
            engine.create(KEYSPACE, SecretKey::take(&mut [1; 32])).await.unwrap();
            let shredder = Shredder::open(env.clone(), None, SecretKey::take(&mut [2; 32])).unwrap();
            let config = Config::new("us-east-1", "000000000000", "localhost:8000");
            let (kms, kept) = (Arc::new(Kms::default()), engine.clone());
            let room = DynamoDb::open(env, kept, kms, Arc::new(shredder), config).await.unwrap();
            Self { engine, room }
        });
        world.call("CreateTable", &new_table("plain", Value::Null)).unwrap();
        world
            .call("PutItem", &json!({"TableName": "plain", "Item": {"id": {"S": "a"}, "n": {"N": "1"}}}))
            .unwrap();
        world
    }

    fn call(&self, operation: &str, body: &Value) -> std::result::Result<Value, ApiError> {
        let service = Arc::clone(&self.room).into_service();
        let answer = block_on(service.call(&context(), operation, body.to_string().as_bytes()))?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    fn add_one(&self) -> std::result::Result<Value, ApiError> {
        self.call(
            "UpdateItem",
            &json!({
                "TableName": "plain", "Key": {"id": {"S": "a"}}, "UpdateExpression": "ADD n :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "UPDATED_NEW",
            }),
        )
    }
}

/// A transaction that adds one to the item, and puts another.
fn add_one_together(token: Option<&str>) -> Value {
    let update = json!({
        "TableName": "plain", "Key": {"id": {"S": "a"}}, "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    });
    let put = json!({"TableName": "plain", "Item": {"id": {"S": "b"}}});
    json!({"ClientRequestToken": token, "TransactItems": [{"Update": update}, {"Put": put}]})
}

impl World {
    fn number(&self) -> Value {
        let found = self.call("GetItem", &json!({"TableName": "plain", "Key": {"id": {"S": "a"}}})).unwrap();
        found["Item"]["n"]["N"].clone()
    }
}

#[test]
fn a_transaction_that_is_overtaken_is_made_again() {
    for token in [None, Some("t")] {
        let world = World::new();
        world.engine.overtaken.store(5, Ordering::SeqCst);
        world.call("TransactWriteItems", &add_one_together(token)).unwrap();
        assert_eq!((world.number(), world.engine.overtaken.load(Ordering::SeqCst)), (json!("2"), 0));
    }
}

#[test]
fn a_transaction_that_is_overtaken_for_ever_is_in_conflict() {
    let world = World::new();
    world.engine.overtaken.store(usize::MAX, Ordering::SeqCst);
    let error = world.call("TransactWriteItems", &add_one_together(None)).unwrap_err();
    assert_eq!(error.code, "TransactionCanceledException");
    assert_eq!(
        error.members["CancellationReasons"],
        json!([
            {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"},
            {"Code": "None"},
        ])
    );
    assert_eq!(world.number(), json!("1"));
}

#[test]
fn a_transaction_of_which_nothing_is_known_is_sent_again_under_its_token() {
    let world = World::new();
    world.engine.unknown.store(1, Ordering::SeqCst);
    let error = world.call("TransactWriteItems", &add_one_together(Some("t"))).unwrap_err();
    assert_eq!((error.code.as_ref(), error.status), ("InternalServerError", 500));
    world.call("TransactWriteItems", &add_one_together(Some("t"))).unwrap();
    assert_eq!(world.number(), json!("2"));
}

#[test]
fn a_write_that_is_overtaken_is_made_again() {
    let world = World::new();
    world.engine.overtaken.store(5, Ordering::SeqCst);
    assert_eq!(world.add_one().unwrap()["Attributes"]["n"], json!({"N": "2"}));
    assert_eq!(world.engine.overtaken.load(Ordering::SeqCst), 0);
}

#[test]
fn a_write_that_is_overtaken_for_ever_ends() {
    let world = World::new();
    world.engine.overtaken.store(usize::MAX, Ordering::SeqCst);
    let error = world.add_one().unwrap_err();
    assert_eq!((error.code.as_ref(), error.status), ("InternalServerError", 500));
}

#[test]
fn a_commit_of_which_nothing_is_known_is_not_called_a_success() {
    let world = World::new();
    world.engine.unknown.store(1, Ordering::SeqCst);
    let error = world.add_one().unwrap_err();
    assert_eq!((error.code.as_ref(), error.status), ("InternalServerError", 500));
}
