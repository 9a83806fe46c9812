//! What a write answers with beside its success.

use service::{ApiError, Fields};

/// `ReturnValues`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReturnValues {
    /// Nothing.
    #[default]
    None,
    /// The item as it was.
    AllOld,
    /// The attributes an update named, as they were.
    UpdatedOld,
    /// The item as it is now.
    AllNew,
    /// The attributes an update named, as they are now.
    UpdatedNew,
}

impl ReturnValues {
    /// Reads the member.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let values = ["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"];
        match fields.string("ReturnValues").one_of(&values).optional().as_deref() {
            Some("ALL_OLD") => Self::AllOld,
            Some("UPDATED_OLD") => Self::UpdatedOld,
            Some("ALL_NEW") => Self::AllNew,
            Some("UPDATED_NEW") => Self::UpdatedNew,
            _ => Self::None,
        }
    }

    /// Whether a put or a delete shall answer with the old item.
    ///
    /// # Errors
    /// `ValidationException` for what only updates can answer with.
    pub fn wants_old(self) -> Result<bool, ApiError> {
        match self {
            Self::None => Ok(false),
            Self::AllOld => Ok(true),
            _ => Err(ApiError::validation("ReturnValues can only be ALL_OLD or NONE")),
        }
    }
}

/// `ReturnValuesOnConditionCheckFailure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConditionFailure {
    /// Only that the condition did not hold.
    #[default]
    TellNothing,
    /// The item it did not hold of.
    TellItem,
}

impl OnConditionFailure {
    /// Reads the member.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let told = fields.string("ReturnValuesOnConditionCheckFailure").one_of(&["ALL_OLD", "NONE"]);
        match told.optional().as_deref() {
            Some("ALL_OLD") => Self::TellItem,
            _ => Self::TellNothing,
        }
    }
}

/// Reads `ReturnItemCollectionMetrics`. AWS tells these of tables with local secondary indexes only; there
/// are none, so there is nothing to remember.
pub fn read_item_collection_metrics(fields: &mut Fields<'_>) {
    let _ = fields.string("ReturnItemCollectionMetrics").one_of(&["SIZE", "NONE"]).optional();
}
