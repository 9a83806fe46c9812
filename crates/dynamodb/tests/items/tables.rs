//! Tables to call item operations on, and answers to compare.

use envelope::KeyState;
use serde_json::{Value, json};
use service::ApiError;
use tokio::runtime::Runtime;

use crate::world::World;

/// A world with the tables `plain` (`id`: S), `sorted` (`id`: S, `seq`: N), `text` (`id`: S, `seq`: S) and
/// `binary` (`id`: B, `seq`: B).
pub struct Tables {
    runtime: Runtime,
    world: World,
}

impl Tables {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let world = runtime.block_on(World::new());
        let tables = Self { runtime, world };
        tables.create("plain", &[("id", "S")]);
        tables.create("sorted", &[("id", "S"), ("seq", "N")]);
        tables.create("text", &[("id", "S"), ("seq", "S")]);
        tables.create("binary", &[("id", "B"), ("seq", "B")]);
        tables
    }

    /// The answer of a call that goes well.
    #[track_caller]
    pub fn ok(&self, operation: &str, body: Value) -> Value {
        match self.call(operation, &body) {
            Ok(answer) => answer,
            Err(error) => panic!("{operation} refused {body}: {error:?}"),
        }
    }

    /// The refusal of a call.
    #[track_caller]
    pub fn refused(&self, operation: &str, body: Value) -> ApiError {
        match self.call(operation, &body) {
            Ok(answer) => panic!("{operation} took {body}: {answer}"),
            Err(error) => error,
        }
    }

    /// Each call is refused with this exception and this text.
    #[track_caller]
    pub fn refuses<const N: usize>(&self, operation: &str, calls: [(Value, (&'static str, String)); N]) {
        for (body, (code, text)) in calls {
            let error = self.refused(operation, body.clone());
            let told = (error.code.as_ref(), error.message.unwrap_or_default());
            assert_eq!(told, (code, text), "{operation} {body}");
        }
    }

    #[track_caller]
    pub fn put(&self, table: &str, item: &Value) {
        self.ok("PutItem", json!({"TableName": table, "Item": item}));
    }

    #[track_caller]
    pub fn item(&self, table: &str, key: Value) -> Option<Value> {
        let mut answer = self.ok("GetItem", json!({"TableName": table, "Key": key, "ConsistentRead": true}));
        answer.get_mut("Item").map(Value::take)
    }

    pub fn arn(&self, table: &str) -> String {
        let answer = self.ok("DescribeTable", json!({"TableName": table}));
        answer["Table"]["TableArn"].as_str().unwrap().to_owned()
    }

    pub fn call(&self, operation: &str, body: &Value) -> Result<Value, ApiError> {
        self.runtime.block_on(self.calling(operation, body))
    }

    /// A call among others.
    pub async fn calling(&self, operation: &str, body: &Value) -> Result<Value, ApiError> {
        self.world.call(operation, body.clone()).await
    }

    /// A new KMS key.
    pub fn create_key(&self) -> String {
        self.world.kms.create_key()
    }

    pub fn bring_key(&self, key: &str, state: KeyState) {
        self.runtime.block_on(self.world.kms.bring(key, state));
    }

    /// Moves the clock.
    pub fn advance_s(&self, seconds: u64) {
        self.world.clock.advance_ms(seconds * 1000);
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn create(&self, name: &str, key: &[(&str, &str)]) {
        let types = ["HASH", "RANGE"].iter().zip(key);
        let schema: Vec<Value> =
            types.map(|(kind, (name, _))| json!({"AttributeName": name, "KeyType": kind})).collect();
        let attribute = |(name, kind): &(&str, &str)| json!({"AttributeName": name, "AttributeType": kind});
        let definitions: Vec<Value> = key.iter().map(attribute).collect();
        self.ok(
            "CreateTable",
            json!({
                "TableName": name, "KeySchema": schema, "AttributeDefinitions": definitions,
                "BillingMode": "PAY_PER_REQUEST",
            }),
        );
    }
}

/// The refusal of violated constraints.
pub fn violated(constraints: &[&str]) -> (&'static str, String) {
    let plural = if constraints.len() == 1 { "" } else { "s" };
    let text = format!("{} validation error{plural} detected: {}", constraints.len(), constraints.join("; "));
    ("ValidationException", text)
}

/// `ValidationException` with this text.
pub fn invalid(text: &str) -> (&'static str, String) {
    ("ValidationException", text.to_owned())
}

/// The refusal of an unknown table.
pub fn not_found() -> (&'static str, String) {
    ("ResourceNotFoundException", "Requested resource not found".to_owned())
}

/// The refusal of a write whose condition does not hold.
pub fn conditional_check_failed() -> ApiError {
    ApiError::service("ConditionalCheckFailedException", "The conditional request failed")
}
