//! A room with all it needs, that can be stopped and started again.

use std::sync::Arc;

use auth::Principal;
use auth::principal::PrincipalKind;
use bytes::Bytes;
use crypto::SecretKey;
use dynamodb::Config;
use dynamodb::DynamoDb;
use dynamodb::table::OpenTable;
use dynamodb::table::catalog::KEYSPACE;
use engine::{Commit, Engine, Key, MemoryEngine, Outcome, Partition, Write};
use env::{Env, MovableClock, RealDisk, SeededRandom, SystemClock};
use envelope::Shredder;
use serde_json::{Value, json};
use service::{ApiError, CallContext, Service};

use crate::kms::Kms;
use crate::power::Powered;

pub struct World {
    pub clock: Arc<MovableClock>,
    pub kms: Arc<Kms>,
    pub config: Config,
    pub engine: Arc<Powered>,
    pub room: Arc<DynamoDb>,
    env: Env,
    folder: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Config::new("us-east-1", "000000000000", "127.0.0.1:8000")).await
    }

    pub async fn with(config: Config) -> Self {
        let clock = Arc::new(MovableClock::over(Arc::new(SystemClock)));
        let random = Arc::new(SeededRandom::new(7));
        let env = Env { clock: clock.clone(), random, disk: Arc::new(RealDisk) };
        let memory = Arc::new(MemoryEngine::new(&*env.random).with_clock(clock.clone()));
        memory.create(KEYSPACE, catalog_key()).await.unwrap();
        let (kms, folder) = (Arc::new(Kms::default()), tempfile::tempdir().unwrap());
        let engine = Arc::new(Powered::over(memory));
        let room = start(&env, &engine, &kms, folder.path(), &config).await;
        Self { clock, kms, config, engine, room, env, folder }
    }

    /// Stops the server as it is and starts it again: a fresh room over the same engine and the same shred
    /// keys, every keyspace closed. Whatever still runs in the old one has no power.
    pub async fn restart(&mut self) {
        self.engine.cut_after(-1, crate::power::Cut::Before);
        let memory = Arc::clone(&self.engine.inner);
        for keyspace in memory.keyspaces().await.unwrap() {
            memory.close(keyspace);
        }
        memory.open(KEYSPACE, catalog_key()).await.unwrap();
        self.engine = Arc::new(Powered::over(memory));
        self.room = start(&self.env, &self.engine, &self.kms, self.folder.path(), &self.config).await;
        self.room.resume().await;
    }

    pub async fn call(&self, operation: &str, body: Value) -> Result<Value, ApiError> {
        let service = Arc::clone(&self.room).into_service();
        let answer = service.call(&context(), operation, body.to_string().as_bytes()).await?;
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer).unwrap() })
    }

    /// A call that must succeed.
    pub async fn ok(&self, operation: &str, body: Value) -> Value {
        self.call(operation, body.clone())
            .await
            .unwrap_or_else(|error| panic!("{operation} {body}: {error:?}"))
    }

    /// A call that must be refused: the exception's name and text.
    pub async fn refused(&self, operation: &str, body: Value) -> (String, String) {
        match self.call(operation, body.clone()).await {
            Err(error) => (error.code.into_owned(), error.message.unwrap_or_default()),
            Ok(answer) => panic!("{operation} {body} was answered: {answer}"),
        }
    }

    /// Creates a table with partition key `id`, under what `sse` says.
    pub async fn create(&self, name: &str, sse: Value) -> Value {
        self.ok("CreateTable", new_table(name, sse)).await["TableDescription"].clone()
    }

    pub async fn describe(&self, name: &str) -> Value {
        self.ok("DescribeTable", json!({"TableName": name})).await["Table"].clone()
    }

    pub async fn exists(&self, name: &str) -> bool {
        self.call("DescribeTable", json!({"TableName": name})).await.is_ok()
    }

    pub async fn change_key(&self, name: &str, sse: Value) -> Result<Value, ApiError> {
        let body = json!({"TableName": name, "SSESpecification": sse});
        Ok(self.call("UpdateTable", body).await?["TableDescription"].clone())
    }

    /// Waits until a change of key that runs in the background has ended.
    pub async fn settled(&self, name: &str) -> Value {
        for _ in 0..10_000 {
            let table = self.describe(name).await;
            if table["SSEDescription"]["Status"] != "UPDATING" {
                return table;
            }
            tokio::task::yield_now().await;
        }
        panic!("the change of key of {name} does not end");
    }

    pub async fn open(&self, name: &str) -> Result<OpenTable, ApiError> {
        self.room.open_table(&context(), name).await
    }

    /// Why a table does not open.
    pub async fn closed(&self, name: &str) -> (String, String) {
        let error = self.open(name).await.err().expect("the table is closed");
        (error.code.into_owned(), error.message.unwrap_or_default())
    }

    /// Writes an entry into a table, as an item call would.
    pub async fn put(&self, name: &str, value: &str) {
        let table = self.open(name).await.unwrap();
        let write = Write {
            keyspace: table.keyspace(),
            key: key(),
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
        };
        let outcome = self.engine.commit(Commit { guards: vec![], writes: vec![write] }).await.unwrap();
        assert!(matches!(outcome, Outcome::Applied(_)));
    }

    /// What [`World::put`] wrote.
    pub async fn get(&self, name: &str) -> Option<String> {
        let table = self.open(name).await.unwrap();
        let entry = self.engine.get(table.keyspace(), &key()).await.unwrap()?;
        Some(String::from_utf8(entry.value.to_vec()).unwrap())
    }
}

pub fn new_table(name: &str, sse: Value) -> Value {
    json!({
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": sse,
    })
}

/// What names a customer managed key.
pub fn under(key: &str) -> Value {
    json!({"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key})
}

pub fn context() -> CallContext {
    CallContext {
        principal: Principal {
            account_id: "000000000000".into(),
            access_key_id: "AKIAEXAMPLE".into(),
            kind: PrincipalKind::Root,
        },
        region: "us-east-1".into(),
        request_id: uuid::Uuid::nil(),
        source_ip: None,
        user_agent: String::new(),
        received_ms: 0,
    }
}

async fn start(
    env: &Env,
    engine: &Arc<Powered>,
    kms: &Arc<Kms>,
    folder: &std::path::Path,
    config: &Config,
) -> Arc<DynamoDb> {
    let sealing_key = SecretKey::take(&mut [5; 32]);
    let shredder = Arc::new(Shredder::open(env.clone(), Some(folder), sealing_key).unwrap());
    let (engine, kms) = (engine.clone(), kms.clone());
    let room = DynamoDb::open(env.clone(), engine, kms, shredder.clone(), config.clone()).await.unwrap();
    shredder.finish_interrupted().await.unwrap();
    room
}

fn catalog_key() -> SecretKey {
    SecretKey::take(&mut [9; 32])
}

fn key() -> Key {
    Key { partition: Partition([1; 16]), sort: Bytes::new() }
}
