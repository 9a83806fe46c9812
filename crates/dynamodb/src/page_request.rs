//! What Query and Scan have in common: which items a page shall hold, what is shown of them, where it starts.

use serde::Serialize;
use service::{ApiError, CallContext, Fields};

use crate::DynamoDb;
use crate::attribute_fields::optional_item;
use crate::capacity::{Consistency, ConsumedCapacity, ReturnCapacity, Units};
use crate::expression::{AttributesWithParts, Placeholders};
use crate::item_key::is_key_attribute;
use crate::item_view::{Filter, ItemView, View};
use crate::parameters::{FilterFields, PlaceholderFields, ProjectionFields};
use crate::read_path::{Source, Wanted};
use crate::starting_key::invalid_start;
use crate::table::{KeySchema, OpenTable, name};
use crate::value::Item;
use crate::value::json::Unchecked;

/// The members that both have, as read.
pub struct PageFields<'a> {
    table: String,
    index: Option<String>,
    select: Option<Select>,
    projection: ProjectionFields,
    limit: Option<i64>,
    consistency: Consistency,
    filter: FilterFields<'a>,
    start: Option<Unchecked<Item>>,
    return_capacity: ReturnCapacity,
    /// What `#name` and `:value` stand for, in all expressions.
    placeholders: PlaceholderFields,
}

/// `Select`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Select {
    AllAttributes,
    ProjectedAttributes,
    SpecificAttributes,
    Count,
}

/// Which items a page shall hold.
pub struct PageRequest {
    /// The table, spelled as in the request.
    pub table: String,
    /// Behind which item it starts.
    pub start: Option<Item>,
    /// The name of an index. There are none, so this is for [`PageRequest::check_index`].
    index: Option<String>,
    /// How refusals call the filter.
    filter_name: &'static str,
    with_parts: AttributesWithParts,
    wanted: Wanted,
    consistency: Consistency,
    return_capacity: ReturnCapacity,
}

/// The answer: a page.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PageAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<ItemView>>,
    count: usize,
    scanned_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_evaluated_key: Option<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<ConsumedCapacity>,
}

impl<'a> PageFields<'a> {
    /// Reads the members; the legacy filter has the name `legacy_filter`.
    pub fn read(fields: &mut Fields<'a>, legacy_filter: &'static str) -> Self {
        Self {
            table: name::read(fields, "TableName"),
            index: name::read_plain(fields, "IndexName"),
            select: Select::read(fields),
            projection: ProjectionFields::read(fields),
            limit: fields.integer("Limit").range(1..=i64::MAX).optional(),
            consistency: Consistency::read(fields),
            filter: FilterFields::read(fields, legacy_filter),
            start: optional_item(fields, "ExclusiveStartKey"),
            return_capacity: ReturnCapacity::read(fields),
            placeholders: PlaceholderFields::read(fields),
        }
    }

    /// What they say; `own` parses the expressions of the operation that it does not share.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn parse<T>(
        self,
        own: impl FnOnce(&mut Placeholders) -> Result<T, ApiError>,
    ) -> Result<(PageRequest, T), ApiError> {
        let start = self.start.map(Unchecked::checked).transpose().map_err(|error| invalid_start(&error))?;
        let select = self.select;
        let shown = self.projection.parameter();
        let mut placeholders = self.placeholders.checked()?;
        let projection = self.projection.parse(&mut placeholders)?;
        let filter_name = self.filter.name();
        let filter = self.filter.parse(&mut placeholders)?.map(Filter::new);
        let own = own(&mut placeholders)?;
        let with_parts = placeholders.finish()?;
        check_select(select, shown, self.index.is_some())?;
        let limit = self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let count_only = select == Some(Select::Count);
        let wanted = Wanted { view: View { filter, projection }, count_only, limit };
        let (table, index) = (self.table, self.index);
        let (consistency, return_capacity) = (self.consistency, self.return_capacity);
        let page = PageRequest {
            table,
            start,
            index,
            filter_name,
            with_parts,
            wanted,
            consistency,
            return_capacity,
        };
        Ok((page, own))
    }
}

impl Select {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let values = ["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"];
        match fields.string("Select").one_of(&values).optional().as_deref() {
            Some("ALL_ATTRIBUTES") => Some(Self::AllAttributes),
            Some("ALL_PROJECTED_ATTRIBUTES") => Some(Self::ProjectedAttributes),
            Some("SPECIFIC_ATTRIBUTES") => Some(Self::SpecificAttributes),
            Some("COUNT") => Some(Self::Count),
            _ => None,
        }
    }
}

/// Checks `Select` against the parameter that says which attributes are shown, where there is one.
fn check_select(select: Option<Select>, shown: Option<&str>, has_index: bool) -> Result<(), ApiError> {
    let refusal = match (select, shown) {
        (Some(Select::AllAttributes), Some(shown)) => {
            format!("Cannot specify the {shown} when choosing to get ALL_ATTRIBUTES")
        }
        (Some(Select::ProjectedAttributes), Some(shown)) => {
            format!("Cannot specify the {shown} when choosing to get ALL_PROJECTED_ATTRIBUTES")
        }
        (Some(Select::Count), Some(shown)) => {
            format!("Cannot specify the {shown} when choosing to get only the Count")
        }
        (Some(Select::SpecificAttributes), None) => {
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
                .to_owned()
        }
        (Some(Select::ProjectedAttributes), None) if !has_index => {
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName".to_owned()
        }
        _ => return Ok(()),
    };
    Err(ApiError::validation(refusal))
}

impl PageRequest {
    /// Refuses the name of an index: no table has one.
    ///
    /// # Errors
    /// `ValidationException`, as for any unknown index.
    pub fn check_index(&self) -> Result<(), ApiError> {
        match &self.index {
            None => Ok(()),
            Some(index) => {
                Err(ApiError::validation(format!("The table does not have the specified index: {index}")))
            }
        }
    }

    /// Checks that the filter of a query leaves the primary key to the key conditions.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn check_filter(&self, schema: &KeySchema) -> Result<(), ApiError> {
        let filter = self.wanted.view.filter.as_ref().map(Filter::condition);
        match filter.and_then(|filter| filter.first_key_attribute(|name| is_key_attribute(schema, name))) {
            None => Ok(()),
            Some(name) => Err(ApiError::validation(format!(
                "{} can only contain non-primary key attributes: Primary key attribute: {name}",
                self.filter_name
            ))),
        }
    }

    /// Checks that no expression names a part of the primary key.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn check_parts(&self, schema: &KeySchema) -> Result<(), ApiError> {
        Ok(self.with_parts.check_keys(|name| is_key_attribute(schema, name))?)
    }

    /// Reads the page and answers with it.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn answer(
        self,
        room: &DynamoDb,
        context: &CallContext,
        table: &OpenTable,
        source: Source,
    ) -> Result<PageAnswer, ApiError> {
        let page = room.read_page(context, table, source, &self.wanted).await?;
        let units = Units::of_read(page.scanned_bytes, self.consistency);
        Ok(PageAnswer {
            items: (!self.wanted.count_only).then_some(page.items),
            count: page.count,
            scanned_count: page.scanned_count,
            last_evaluated_key: page.last_key,
            consumed_capacity: self.return_capacity.tell(&self.table, units),
        })
    }
}
