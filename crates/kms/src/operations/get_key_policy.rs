//! GetKeyPolicy: the policy that holds for a key.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::caller::Access;
use crate::error::KmsError;
use crate::key_id::Forms;
use crate::lookup::user;
use crate::managed::ManagedKey;
use crate::members;
use crate::policy::{self, NAME};
use crate::service::Kms;

/// The operation.
pub struct GetKeyPolicy;

/// What it needs.
pub struct Input {
    key_name: String,
    policy_name: String,
}

/// Its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    policy: String,
    policy_name: &'static str,
}

const PATTERN: &str = "[\\w]+";

impl Operation<Kms> for GetKeyPolicy {
    const NAME: &'static str = "GetKeyPolicy";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        let is_word = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let policy_name = fields.string("PolicyName").length(1..=128).pattern(PATTERN, is_word).optional();
        let policy_name = policy_name.map_or_else(|| NAME.to_owned(), String::from);
        fields.finish()?;
        Ok(Input { key_name, policy_name })
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let key = room.find(&user(context, Self::NAME), &input.key_name, Forms::KeyOnly, Access::Read)?;
        if input.policy_name != NAME {
            return Err(KmsError::NotFound("No such policy exists".into()).into());
        }
        let managed = room.store.read(|view| ManagedKey::of(view, key.record.id));
        Ok(Output { policy: policy::of(&key.record, managed, &room.home), policy_name: NAME })
    }
}
