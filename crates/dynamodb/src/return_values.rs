//! What a write answers with beside its success.

use serde::Serialize;
use service::{ApiError, Fields};

use crate::capacity::ConsumedCapacity;
use crate::expression::Update;
use crate::item_view::ItemView;
use crate::value::Item;
use crate::value::codec::CodecError;
use crate::write_path::Written;

/// The answer to a write of one item.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct WriteAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<ItemView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<ConsumedCapacity>,
}

impl WriteAnswer {
    /// The answer to a put or a delete.
    #[must_use]
    pub fn with_old(written: Written, return_old: bool, consumed: Option<ConsumedCapacity>) -> Self {
        let attributes = written.old.filter(|_| return_old).map(ItemView::Whole);
        Self { attributes, consumed_capacity: consumed }
    }

    /// The answer to an update.
    ///
    /// # Errors
    /// `InternalServerError` where a stored item is damaged.
    pub fn of_update(
        written: Written,
        return_values: ReturnValues,
        update: &Update,
        consumed: Option<ConsumedCapacity>,
    ) -> Result<Self, ApiError> {
        Ok(Self { attributes: return_values.pick(written, update)?, consumed_capacity: consumed })
    }
}

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

    fn pick(self, written: Written, update: &Update) -> Result<Option<ItemView>, CodecError> {
        let part = |item: Item| (!item.is_empty()).then_some(ItemView::Part(item));
        Ok(match (self, written.old, written.new) {
            (Self::AllOld, Some(old), _) => Some(ItemView::Whole(old)),
            (Self::AllNew, _, Some(new)) => Some(ItemView::Whole(new)),
            (Self::UpdatedOld, Some(old), _) => part(update.changed_in_old(&old.decode()?)),
            (Self::UpdatedNew, _, Some(new)) => part(update.changed_in_new(&new.decode()?)),
            _ => None,
        })
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
