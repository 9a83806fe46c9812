//! A query, the queries of beacons that answer it, and what of their results it asked for.

use std::collections::HashMap;
use std::sync::Arc;

use item_encryption_format::{AttributeValue, View};

use crate::error::QueryError;
use crate::expression::evaluate::Scope;
use crate::expression::tree::{Comparator, Condition, Operand};
use crate::rewrite::Rewriter;
use crate::search::Search;
use crate::write::Beacons;

/// The value by which a query asks one partition only.
pub const PARTITION: &str = ":aws_dbe_partition";

/// What a query or scan asks: expressions with their names and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<V> {
    /// `KeyConditionExpression`
    pub key_condition: Option<String>,
    /// `FilterExpression`
    pub filter: Option<String>,
    /// `ProjectionExpression`: never rewritten, but its names keep what they mean.
    pub projection: Option<String>,
    /// `ExpressionAttributeNames`
    pub names: HashMap<String, String>,
    /// `ExpressionAttributeValues`
    pub values: HashMap<String, V>,
}

impl<V> Default for Query<V> {
    fn default() -> Self {
        let (names, values) = (HashMap::new(), HashMap::new());
        Self { key_condition: None, filter: None, projection: None, names, values }
    }
}

impl Beacons {
    /// The queries whose results together hold all that `query` asks for, and maybe more: one for each partition
    /// that may have any, or the one of `:aws_dbe_partition`. Results are to be decrypted and [`Asked::matches`]ed.
    ///
    /// # Errors
    /// [`QueryError`]: what beacons cannot answer, with the reason.
    pub fn rewrite<V: AttributeValue + Clone>(&self, query: &Query<V>) -> Result<Vec<Query<V>>, QueryError> {
        let (query, partition) = self.without_partition(query)?;
        let (first, partitions) = self.rewritten(&query, partition.unwrap_or(0))?;
        let mut queries = vec![first];
        if partition.is_none() {
            for partition in 1..partitions {
                queries.push(self.rewritten(&query, partition)?.0);
            }
        }
        Ok(queries)
    }

    fn without_partition<V: AttributeValue + Clone>(
        &self,
        query: &Query<V>,
    ) -> Result<(Query<V>, Option<u8>), QueryError> {
        let mut query = query.clone();
        let Some(value) = query.values.remove(PARTITION) else { return Ok((query, None)) };
        let partition = if let View::N(text) = value.view() { text.parse().ok() } else { None };
        match partition.filter(|partition| *partition < self.search.partitions) {
            Some(partition) => Ok((query, Some(partition))),
            None => Err(QueryError::Unsound {
                attribute: PARTITION.to_owned(),
                operation: "a partition",
                reason: format!("it is a number below {}", self.search.partitions),
            }),
        }
    }

    /// The query of one partition, and how many partitions give different ones.
    fn rewritten<V: AttributeValue + Clone>(
        &self,
        query: &Query<V>,
        partition: u8,
    ) -> Result<(Query<V>, u8), QueryError> {
        let mut rewriter = Rewriter::new(self, query, partition);
        let key_condition =
            query.key_condition.as_deref().map(|text| rewriter.key_condition(text)).transpose()?;
        let filter = query.filter.as_deref().map(|text| rewriter.filter(text)).transpose()?.flatten();
        let partitions = rewriter.partitions();
        let (names, values) = rewriter.finish();
        let projection = query.projection.clone();
        Ok((Query { key_condition, filter, projection, names, values }, partitions))
    }
}

/// What was asked for, to be held against decrypted items.
pub struct Asked<V> {
    search: Arc<Search>,
    conditions: Vec<Condition>,
    names: HashMap<String, String>,
    values: HashMap<String, V>,
}

impl<V: AttributeValue> Asked<V> {
    /// What `query` asks for, before it is rewritten.
    ///
    /// # Errors
    /// [`QueryError::Syntax`].
    pub fn new(search: Arc<Search>, query: Query<V>) -> Result<Self, QueryError> {
        let conditions = conditions(&query)?;
        Ok(Self { search, conditions, names: query.names, values: query.values })
    }

    /// Whether a decrypted item is among what was asked for; others were found because a beacon is short.
    ///
    /// # Errors
    /// [`QueryError::Undefined`], and values that no beacon could have been made of.
    pub fn matches(&self, item: &HashMap<String, V>) -> Result<bool, QueryError> {
        let Self { search, conditions, names, values } = self;
        let scope = Scope { search, names, values, item };
        for condition in conditions {
            if !scope.holds(condition)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Search {
    /// Whose beacon key a query is asked under, where each tenant has one.
    ///
    /// # Errors
    /// [`QueryError::NoKeyField`].
    pub fn key_id_in<V: AttributeValue>(&self, query: &Query<V>) -> Result<Option<String>, QueryError> {
        let Some(field) = &self.key_field else { return Ok(None) };
        let mut ids = Vec::new();
        for condition in conditions(query)? {
            let parts = if let Condition::And(parts) = condition { parts } else { vec![condition] };
            ids.extend(parts.iter().filter_map(|part| equal_to(part, field, query)));
        }
        ids.dedup();
        match ids.as_slice() {
            [id] => Ok(Some((*id).to_owned())),
            _ => Err(QueryError::NoKeyField(field.clone())),
        }
    }
}

fn conditions<V>(query: &Query<V>) -> Result<Vec<Condition>, QueryError> {
    let expressions = query.key_condition.iter().chain(&query.filter);
    expressions.map(|text| Condition::parse(text)).collect()
}

/// The string that `condition` asks an attribute to be.
fn equal_to<'q, V: AttributeValue>(
    condition: &Condition,
    attribute: &str,
    query: &'q Query<V>,
) -> Option<&'q str> {
    let Condition::Compare(left, Comparator::Equal, right) = condition else { return None };
    let (Operand::Path(path), Operand::Value(value)) = (left, right) else { return None };
    let name = query.names.get(&path.root).map_or(path.root.as_str(), String::as_str);
    match query.values.get(value)?.view() {
        View::S(id) if name == attribute && path.steps.is_empty() => Some(id),
        _ => None,
    }
}
