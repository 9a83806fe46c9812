//! Why a transaction was cancelled: a reason for each of its items, in order.

use serde::Serialize;
use serde_json::Value;
use service::ApiError;

/// What cancelled a transaction on the part of one item; of most items, nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Reason {
    code: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Value>,
}

/// AWS's names; those of limits that are not here are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
enum Code {
    #[default]
    None,
    ConditionalCheckFailed,
    ValidationError,
    TransactionConflict,
}

impl Reason {
    /// The item was changed meanwhile by somebody else, again and again.
    #[must_use]
    pub fn conflict() -> Self {
        let message = Some("Transaction is ongoing for the item".to_owned());
        Self { code: Code::TransactionConflict, message, item: None }
    }

    /// What one item's error makes of the transaction.
    ///
    /// # Errors
    /// The error itself where it is not about the item: the whole call failed.
    pub fn of(mut error: ApiError) -> Result<Self, ApiError> {
        let code = match error.code.as_ref() {
            "ConditionalCheckFailedException" => Code::ConditionalCheckFailed,
            "ValidationException" => Code::ValidationError,
            _ => return Err(error),
        };
        Ok(Self { code, message: error.message, item: error.members.remove("Item") })
    }

    /// Whether it is one.
    #[must_use]
    pub fn is_some(&self) -> bool {
        self.code != Code::None
    }
}

/// `TransactionCanceledException`.
#[must_use]
pub fn cancelled(reasons: &[Reason]) -> ApiError {
    let codes: Vec<String> = reasons.iter().map(|reason| format!("{:?}", reason.code)).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let told = reasons.iter().map(|reason| serde_json::to_value(reason).unwrap_or_default()).collect();
    ApiError::service("TransactionCanceledException", message)
        .with_member("CancellationReasons", Value::Array(told))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use service::ApiError;

    use super::{Reason, cancelled};

    #[test]
    fn every_item_has_its_reason() {
        let failed =
            ApiError::service("ConditionalCheckFailedException", "no").with_member("Item", json!({}));
        let reasons = [
            Reason::default(),
            Reason::of(failed).unwrap(),
            Reason::of(ApiError::validation("bad")).unwrap(),
            Reason::conflict(),
        ];
        let error = cancelled(&reasons);
        assert_eq!(
            error.message.unwrap(),
            "Transaction cancelled, please refer cancellation reasons for specific reasons [None, \
             ConditionalCheckFailed, ValidationError, TransactionConflict]"
        );
        assert_eq!(
            error.members["CancellationReasons"],
            json!([
                {"Code": "None"},
                {"Code": "ConditionalCheckFailed", "Message": "no", "Item": {}},
                {"Code": "ValidationError", "Message": "bad"},
                {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"},
            ])
        );
    }

    #[test]
    fn what_is_about_no_item_is_no_reason() {
        assert!(Reason::of(ApiError::internal("InternalServerError")).is_err());
    }
}
