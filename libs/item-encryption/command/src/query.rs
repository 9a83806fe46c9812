//! Requests of `Query` and `Scan` as JSON, rewritten to ask for beacons.

use std::collections::HashMap;

use item_encryption_beacons::Query;
use item_encryption_format::Value;
use serde_json::{Map, Value as Json, json};

use crate::config::FormName;
use crate::json::{item_of, json_of};
use crate::search::Finder;

const KEY_CONDITION: &str = "KeyConditionExpression";
const FILTER: &str = "FilterExpression";
const PROJECTION: &str = "ProjectionExpression";
const NAMES: &str = "ExpressionAttributeNames";
const VALUES: &str = "ExpressionAttributeValues";
/// Parameters older than expressions.
const OUTDATED: [&str; 5] =
    ["KeyConditions", "QueryFilter", "ScanFilter", "ConditionalOperator", "AttributesToGet"];

impl Finder {
    /// The requests whose answers together hold all that `request` asks for, and maybe more: decrypted items are to be
    /// held against `request` again. Parameters that are no expressions stay as they are.
    ///
    /// # Errors
    /// What cannot be asked, with the reason.
    pub async fn rewritten(&self, request: &str) -> Result<Vec<Json>, String> {
        let request =
            serde_json::from_str(request).map_err(|error| format!("the line is not JSON: {error}"))?;
        let Json::Object(request) = request else {
            return Err("the request is not a JSON object".to_owned());
        };
        self.refuse_what_is_not_rewritten(&request)?;
        let query = query_of(&request)?;
        let tenant = self.declared.key_id_in(&query).map_err(|error| error.to_string())?;
        let beacons = self.under(tenant).await.map_err(|error| error.to_string())?;
        let queries = beacons.rewrite(&query).map_err(|error| error.to_string())?;
        if request.get("Select") == Some(&json!("COUNT")) && queries != [query] {
            return Err(
                "Select COUNT would count items that have the same beacon by chance; count decrypted items"
                    .to_owned(),
            );
        }
        Ok(queries.iter().map(|query| Json::Object(request_of(&request, query))).collect())
    }

    fn refuse_what_is_not_rewritten(&self, request: &Map<String, Json>) -> Result<(), String> {
        if let Some(name) = OUTDATED.iter().find(|name| request.contains_key(**name)) {
            return Err(format!("{name} is older than expressions; ask with {KEY_CONDITION} and {FILTER}"));
        }
        match self.beaconless {
            None => Ok(()),
            Some(form) => Err(format!(
                "read-policy has {:?}: such items have no beacons, and the query would lose them; encrypt the table first, \
                 and take it out of read-policy",
                match form {
                    FormName::Legacy => "legacy",
                    FormName::Plaintext | FormName::Current => "plaintext",
                }
            )),
        }
    }
}

fn query_of(request: &Map<String, Json>) -> Result<Query<Value>, String> {
    let text = |name: &str| match request.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name} is a string")),
    };
    let values = match request.get(VALUES) {
        None | Some(Json::Null) => HashMap::new(),
        Some(values) => item_of(values.clone()).map_err(|reason| format!("{VALUES}: {reason}"))?,
    };
    let (key_condition, filter, projection) = (text(KEY_CONDITION)?, text(FILTER)?, text(PROJECTION)?);
    Ok(Query { key_condition, filter, projection, names: names_of(request)?, values })
}

fn names_of(request: &Map<String, Json>) -> Result<HashMap<String, String>, String> {
    let wrong = || format!("{NAMES} is an object of strings");
    match request.get(NAMES) {
        None | Some(Json::Null) => Ok(HashMap::new()),
        Some(Json::Object(names)) => names
            .iter()
            .map(|(name, value)| Ok((name.clone(), value.as_str().ok_or_else(wrong)?.to_owned())))
            .collect(),
        Some(_) => Err(wrong()),
    }
}

fn request_of(request: &Map<String, Json>, query: &Query<Value>) -> Map<String, Json> {
    let mut request = request.clone();
    let mut put = |name: &str, value: Option<Json>| match value {
        Some(value) => drop(request.insert(name.to_owned(), value)),
        None => drop(request.remove(name)),
    };
    put(KEY_CONDITION, query.key_condition.clone().map(Json::String));
    put(FILTER, query.filter.clone().map(Json::String));
    put(NAMES, (!query.names.is_empty()).then(|| json!(query.names)));
    put(VALUES, (!query.values.is_empty()).then(|| json_of(&query.values)));
    request
}
