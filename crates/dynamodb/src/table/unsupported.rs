//! Parts of requests about tables that do not work yet: refused, never ignored.

use service::json::Object;
use service::{ApiError, Fields, Node};

use crate::error::{invalid_parameters, unsupported};

/// Members that no table call may have yet.
const MEMBERS: &[&str] = &[
    "DisassociationProtectionEnabled",
    "GlobalSecondaryIndexUpdates",
    "GlobalTableSettingsReplicationMode",
    "GlobalTableSourceArn",
    "GlobalTableWitnessUpdates",
    "MultiRegionConsistency",
    "OnDemandThroughput",
    "ReplicaUpdates",
    "ResourcePolicy",
    "VectorIndexes",
    "VectorIndexUpdates",
    "WarmThroughput",
];

/// Refuses what no table call may have yet.
///
/// # Errors
/// `ValidationException` naming the member.
pub fn refuse_members(fields: &Fields<'_>) -> Result<(), ApiError> {
    match MEMBERS.iter().find(|member| fields.has(member)) {
        Some(member) => Err(unsupported(member)),
        None => Ok(()),
    }
}

/// Refuses indexes; AWS itself refuses an empty list of them.
///
/// # Errors
/// `ValidationException`.
pub fn refuse_indexes(fields: &Fields<'_>) -> Result<(), ApiError> {
    for member in ["LocalSecondaryIndexes", "GlobalSecondaryIndexes"] {
        match fields.peek(member) {
            None | Some(Node::Null) => {}
            Some(Node::List(list)) if list.is_empty() => {
                return Err(invalid_parameters(&format!("List of {member} is empty")));
            }
            Some(_) => return Err(unsupported(member)),
        }
    }
    Ok(())
}

/// Refuses tags; an empty list of them is none.
///
/// # Errors
/// `ValidationException`.
pub fn refuse_tags(fields: &Fields<'_>) -> Result<(), ApiError> {
    match fields.peek("Tags") {
        None | Some(Node::Null) => Ok(()),
        Some(Node::List(tags)) if tags.is_empty() => Ok(()),
        Some(_) => Err(unsupported("Tags")),
    }
}

/// Refuses every table class but the one that is.
///
/// # Errors
/// `ValidationException`.
pub fn refuse_table_class(fields: &mut Fields<'_>) -> Result<(), ApiError> {
    let class = fields.string("TableClass").one_of(&["STANDARD", "STANDARD_INFREQUENT_ACCESS"]).optional();
    fields.finish()?;
    match class.as_deref() {
        None | Some("STANDARD") => Ok(()),
        Some(_) => Err(unsupported("TableClass STANDARD_INFREQUENT_ACCESS")),
    }
}

/// Refuses a stream; a `StreamSpecification` that is switched off asks for none.
///
/// # Errors
/// `ValidationException`.
pub fn refuse_stream(fields: &Fields<'_>) -> Result<(), ApiError> {
    match fields.peek("StreamSpecification") {
        None | Some(Node::Null) => Ok(()),
        Some(Node::Object(specification)) if asks_for_none(specification) => Ok(()),
        Some(_) => Err(unsupported("StreamSpecification")),
    }
}

fn asks_for_none(specification: &Object<'_>) -> bool {
    let is_off = matches!(specification.get("StreamEnabled"), Some(Node::Bool(false)));
    let has_view = !matches!(specification.get("StreamViewType"), None | Some(Node::Null));
    is_off && !has_view
}
