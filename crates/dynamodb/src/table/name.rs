//! What a table may be called, and how calls name one: by its name or by its ARN.

use service::{ApiError, Fields, Node};

use crate::Config;

const PATTERN: &str = "[a-zA-Z0-9_.-]+";

/// Whether `text` has only characters a table's name may have.
#[must_use]
pub fn has_name_characters(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    !text.is_empty() && text.bytes().all(allowed)
}

/// Reads a required member that names a table by name or ARN, such as `TableName`. Where it is empty, AWS tells
/// the least length of both, not that of a name.
pub fn read(fields: &mut Fields<'_>, member: &str) -> String {
    let is_no_name = |text: &str| text.is_empty() || text.starts_with("arn:");
    let has_no_name = matches!(fields.peek(member), Some(Node::String(text)) if is_no_name(text));
    let field = fields.string(member);
    let checked = if has_no_name {
        field.length(1..=1024)
    } else {
        field.pattern(PATTERN, has_name_characters).length(3..=255)
    };
    checked.required().into_owned()
}

/// Reads `TableName` of an operation on tables, as AWS does there: before any constraint of any member, it tells
/// a name that is missing, too short or too long.
pub fn read_of_table(fields: &mut Fields<'_>) -> String {
    let told = match fields.peek("TableName") {
        None | Some(Node::Null) => {
            Some("The parameter 'TableName' is required but was not present in the request")
        }
        Some(Node::String(text))
            if !text.starts_with("arn:") && !(3..=255).contains(&text.chars().count()) =>
        {
            Some("TableName must be at least 3 characters long and at most 255 characters long")
        }
        Some(_) => None,
    };
    told.into_iter().for_each(|told| fields.refuse(ApiError::validation(told)));
    read(fields, "TableName")
}

/// Reads an optional member that must be a name.
pub fn read_plain(fields: &mut Fields<'_>, member: &str) -> Option<String> {
    let field = fields.string(member).pattern(PATTERN, has_name_characters).length(3..=255);
    field.optional().map(std::borrow::Cow::into_owned)
}

/// The name in a name or ARN; `None` where it is the ARN of no table of this account and Region.
///
/// # Errors
/// `ValidationException` where an ARN is not a table's.
pub fn resolve<'n>(config: &Config, name_or_arn: &'n str) -> Result<Option<&'n str>, ApiError> {
    let Some(arn) = name_or_arn.strip_prefix("arn:") else { return Ok(Some(name_or_arn)) };
    let parts: Vec<&str> = arn.splitn(5, ':').collect();
    let [_, "dynamodb", region, account, resource] = parts[..] else { return Err(invalid_arn()) };
    let name = resource.strip_prefix("table/").ok_or_else(invalid_arn)?;
    if !has_name_characters(name) {
        return Err(invalid_arn());
    }
    let ours = region == config.region && account == config.account_id;
    Ok(ours.then_some(name))
}

fn invalid_arn() -> ApiError {
    ApiError::validation("Invalid table ARN.")
}

/// The ARN of a table.
#[must_use]
pub fn arn(config: &Config, name: &str) -> String {
    format!("arn:aws:dynamodb:{}:{}:table/{name}", config.region, config.account_id)
}
