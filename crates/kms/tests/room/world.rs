//! A room with a clock that tests move.

use std::sync::Arc;

use auth::Principal;
use auth::principal::PrincipalKind;
use crypto::SecretKey;
use engine::{Engine, MemoryEngine};
use env::{Clock, Env, MovableClock, RealDisk, SeededRandom, SystemClock};
use envelope::Shredder;
use kms::store::KEYSPACE;
use kms::{Home, Kms, OpenError};
use serde_json::{Value, json};
use service::pipeline::{Room, Service};
use service::{ApiError, CallContext};
use tempfile::TempDir;
use uuid::Uuid;

pub const ACCOUNT: &str = "000000000000";
pub const REGION: &str = "us-east-1";

pub struct World {
    pub clock: Arc<MovableClock>,
    pub env: Env,
    pub engine: Arc<MemoryEngine>,
    pub shredder: Arc<Shredder>,
    pub kms: Arc<Kms>,
    room: Room<Kms>,
    folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        let clock = Arc::new(MovableClock::over(Arc::new(SystemClock)));
        let random = Arc::new(SeededRandom::new(1));
        let env = Env { clock: Arc::clone(&clock) as Arc<dyn Clock>, random, disk: Arc::new(RealDisk) };
        let engine = Arc::new(MemoryEngine::new(&*env.random));
        engine.create(KEYSPACE, SecretKey::generate(&*env.random)).await.unwrap();
        Self::over(clock, env, engine, tempfile::tempdir().unwrap()).await
    }

    async fn over(clock: Arc<MovableClock>, env: Env, engine: Arc<MemoryEngine>, folder: TempDir) -> Self {
        let sealing_key = SecretKey::take(&mut [5; 32]);
        let shredder = Arc::new(Shredder::open(env.clone(), Some(folder.path()), sealing_key).unwrap());
        let kms = open(&env, &engine, &shredder).await.unwrap();
        shredder.finish_interrupted().await.unwrap();
        Self { clock, env, engine, shredder, room: kms::service(Arc::clone(&kms)), kms, folder }
    }

    /// The room as it is after a restart, over the same records and secrets.
    pub async fn reopened(self) -> Self {
        let Self { clock, env, engine, folder, .. } = self;
        Self::over(clock, env, engine, folder).await
    }

    /// Why the room does not open again.
    pub async fn try_to_reopen(&self) -> Result<(), OpenError> {
        open(&self.env, &self.engine, &self.shredder).await.map(|_| ())
    }

    pub async fn call(&self, operation: &str, body: Value) -> Result<Value, ApiError> {
        let answer = self.room.call(&context(), operation, body.to_string().as_bytes()).await?;
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer).unwrap() })
    }

    pub async fn ok(&self, operation: &str, body: Value) -> Value {
        let answer = self.call(operation, body.clone()).await;
        answer.unwrap_or_else(|error| panic!("{operation} {body}: {error:?}"))
    }

    /// The refusal as `Code: text`.
    pub async fn refusal(&self, operation: &str, body: Value) -> String {
        let error = self.call(operation, body).await.expect_err(operation);
        assert_eq!(error.status, 400, "{error:?}");
        format!("{}: {}", error.code, error.message.unwrap_or_default())
    }

    /// A new key's id.
    pub async fn key(&self) -> String {
        let made = self.ok("CreateKey", json!({})).await;
        made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
    }

    pub async fn encrypted(&self, key: &str, plaintext: &str, context: Value) -> String {
        let body = json!({"KeyId": key, "Plaintext": plaintext, "EncryptionContext": context});
        self.ok("Encrypt", body).await["CiphertextBlob"].as_str().unwrap().to_owned()
    }

    pub fn advance_days(&self, days: u64) {
        self.clock.advance_ms(days * 86_400_000);
    }
}

async fn open(
    env: &Env,
    engine: &Arc<MemoryEngine>,
    shredder: &Arc<Shredder>,
) -> Result<Arc<Kms>, OpenError> {
    let engine = Arc::clone(engine) as Arc<dyn Engine>;
    let home = Home { region: REGION.into(), account_id: ACCOUNT.into() };
    let marker_key = SecretKey::take(&mut [9; 32]);
    Kms::open(env.clone(), engine, Arc::clone(shredder), home, &marker_key).await
}

pub fn arn(key_id: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{key_id}")
}

pub fn alias_arn(alias: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:{alias}")
}

fn context() -> CallContext {
    CallContext {
        principal: Principal {
            account_id: ACCOUNT.into(),
            access_key_id: "AKIAEXAMPLE".into(),
            kind: PrincipalKind::Root,
        },
        region: REGION.into(),
        request_id: Uuid::nil(),
        source_ip: None,
        user_agent: "test".into(),
        received_ms: 0,
    }
}
