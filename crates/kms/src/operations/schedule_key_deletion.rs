//! ScheduleKeyDeletion: makes a key unusable at once, and deletes it when a window of days has passed.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::caller::Access;
use crate::error::KmsError;
use crate::key::{KeyRecord, State};
use crate::key_id::Forms;
use crate::lookup::user;
use crate::members;
use crate::service::Kms;
use crate::time::{DAY_MS, Seconds};

/// The operation.
pub struct ScheduleKeyDeletion;

/// What it needs.
pub struct Input {
    key_name: String,
    window_days: u64,
}

/// Its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// The key's ARN.
    key_id: String,
    deletion_date: Seconds,
    key_state: &'static str,
    pending_window_in_days: u64,
}

impl Operation<Kms> for ScheduleKeyDeletion {
    const NAME: &'static str = "ScheduleKeyDeletion";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        let window = fields.integer("PendingWindowInDays").range(1..=365).optional().unwrap_or(30);
        fields.finish()?;
        Ok(Input { key_name, window_days: window_days(window)? })
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let name = &input.key_name;
        let key = room.find(&user(context, Self::NAME), name, Forms::KeyOnly, Access::Use)?;
        let deletion_ms = room.store.now_ms().saturating_add(input.window_days * DAY_MS);
        let state = State::PendingDeletion { deletion_ms };
        let home = room.home.clone();
        let next = move |record: &KeyRecord| record.check_not_pending_deletion(&home).map(|()| state);
        room.transitions.bring(key.record.id, next).await?;
        Ok(Output {
            key_id: key.record.arn(&room.home),
            deletion_date: Seconds::of_ms(deletion_ms),
            key_state: state.name(),
            pending_window_in_days: input.window_days,
        })
    }
}

/// The model allows 1 to 365 days, the documentation 7 to 30; the narrower rule protects.
fn window_days(window: i64) -> Result<u64, KmsError> {
    match u64::try_from(window) {
        Ok(days @ 7..=30) => Ok(days),
        _ => Err(KmsError::Validation("PendingWindowInDays must be between 7 and 30 days.".into())),
    }
}
