//! An item replaced only where nobody changed it.
//!
//! The replacement is an update and not a put: what a concurrent writer adds beside what was read survives. Its
//! condition compares every attribute as it was read, and asks that those the configuration knows besides are still
//! absent, so that it fails where anything has changed, also an unsigned attribute or a plaintext one, and where the
//! item is gone.

use std::collections::{BTreeSet, HashMap};

use item_encryption_format::TableConfig;

use crate::codec::{Item, ItemError};
use crate::policy::Form;

/// DynamoDB allows 300 operators in an expression: with the `AND` between them, so many comparisons.
const MAX_CLAUSES: usize = 150;
/// And so many bytes.
const MAX_EXPRESSION_LEN: usize = 4096;

/// The parameters of an `UpdateItem`.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<V> {
    /// The item's key.
    pub key: Item<V>,
    /// `UpdateExpression`
    pub update: String,
    /// `ConditionExpression`
    pub condition: String,
    /// `ExpressionAttributeNames`
    pub names: HashMap<String, String>,
    /// `ExpressionAttributeValues`
    pub values: HashMap<String, V>,
}

impl<V: Clone + PartialEq> Change<V> {
    /// From an item as it is stored to the same item as it is to be stored; `None` where both are the same.
    ///
    /// # Errors
    /// Another key; more attributes than an expression can compare.
    pub fn between(stored: &Item<V>, next: &Item<V>, table: &TableConfig) -> Result<Option<Self>, ItemError> {
        let key = key_of(stored, table)?;
        if key != key_of(next, table)? {
            return Err(ItemError::Other(
                "the key of an item cannot change; put a new item and delete the old".to_owned(),
            ));
        }
        if stored == next {
            return Ok(None);
        }
        let mut expressions = Expressions::default();
        let condition = expressions.condition(stored, table)?;
        let update = expressions.update(stored, next)?;
        let Expressions { names, values } = expressions;
        Ok(Some(Self { key, update, condition, names, values }))
    }
}

/// The key attributes of an item.
///
/// # Errors
/// Where one is missing.
pub fn key_of<V: Clone>(item: &Item<V>, table: &TableConfig) -> Result<Item<V>, ItemError> {
    let missing = |name: &str| item_encryption_format::Error::MissingKeyAttribute(name.to_owned());
    let pair = |name: &str| {
        let value = item.get(name).cloned().ok_or_else(|| missing(name))?;
        Ok::<_, ItemError>((name.to_owned(), value))
    };
    table.keys().map(pair).collect()
}

struct Expressions<V> {
    names: HashMap<String, String>,
    values: HashMap<String, V>,
}

impl<V> Default for Expressions<V> {
    fn default() -> Self {
        Self { names: HashMap::new(), values: HashMap::new() }
    }
}

impl<V: Clone + PartialEq> Expressions<V> {
    fn condition(&mut self, stored: &Item<V>, table: &TableConfig) -> Result<String, ItemError> {
        let compared = compared(stored, table);
        let absent = known(table).into_iter().filter(|name| !stored.contains_key(*name));
        let mut clauses = Vec::new();
        for (name, value) in compared {
            let (name, value) = (self.name(name), self.value(value));
            clauses.push(format!("{name}={value}"));
        }
        for name in absent {
            clauses.push(format!("attribute_not_exists({})", self.name(name)));
        }
        if clauses.len() > MAX_CLAUSES {
            return Err(too_many());
        }
        bounded(clauses.join(" AND "))
    }

    fn update(&mut self, stored: &Item<V>, next: &Item<V>) -> Result<String, ItemError> {
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        for (name, value) in next.iter().filter(|(name, value)| stored.get(*name) != Some(value)) {
            let (name, value) = (self.name(name), self.value(value));
            set.push(format!("{name}={value}"));
        }
        for name in stored.keys().filter(|name| !next.contains_key(*name)) {
            removed.push(self.name(name));
        }
        let section = |word: &str, clauses: Vec<String>| match clauses.is_empty() {
            true => String::new(),
            false => format!("{word} {} ", clauses.join(",")),
        };
        bounded(section("SET", set) + &section("REMOVE", removed))
    }

    fn name(&mut self, name: &str) -> String {
        if let Some((placeholder, _)) = self.names.iter().find(|(_, known)| *known == name) {
            return placeholder.clone();
        }
        let placeholder = format!("#{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, value: &V) -> String {
        let placeholder = format!(":{}", self.values.len());
        self.values.insert(placeholder.clone(), value.clone());
        placeholder
    }
}

/// All attributes; of an encrypted item with more than fit, those that can change without its header.
fn compared<'a, V>(stored: &'a Item<V>, table: &TableConfig) -> Vec<(&'a str, &'a V)> {
    let all = stored.iter().map(|(name, value)| (name.as_str(), value));
    if stored.len() + known(table).len() <= MAX_CLAUSES || Form::of(stored) == Form::Plaintext {
        return all.collect();
    }
    let free = |name: &str| {
        crate::soundness::is_own(name) || !table.reads_as_signed(name) || table.keys().any(|key| key == name)
    };
    all.filter(|(name, _)| free(name)).collect()
}

/// The attributes that a writer who keeps to the configuration may add.
fn known(table: &TableConfig) -> BTreeSet<&str> {
    use item_encryption_format::{dbesdk, legacy};
    let own = [dbesdk::HEADER, dbesdk::FOOTER, legacy::DESCRIPTION, legacy::SIGNATURE];
    let actions = table.actions.keys().chain(&table.unsigned).map(String::as_str);
    actions.chain(own).collect()
}

fn too_many() -> ItemError {
    ItemError::Other("it has more attributes than DynamoDB compares in one condition (150), so that a concurrent change could be overwritten".to_owned())
}

fn bounded(expression: String) -> Result<String, ItemError> {
    if expression.len() > MAX_EXPRESSION_LEN { Err(too_many()) } else { Ok(expression) }
}

#[cfg(test)]
mod tests {
    use item_encryption_format::{Action, TableConfig, Value};

    use super::{Change, Item};

    fn item(attributes: &[(&str, &str)]) -> Item<Value> {
        attributes.iter().map(|(name, text)| ((*name).to_owned(), Value::S((*text).to_owned()))).collect()
    }

    fn table() -> TableConfig {
        TableConfig::new("Notes", "id", None)
            .action("body", Action::EncryptAndSign)
            .action("link", Action::SignOnly)
    }

    #[test]
    fn a_change_compares_all_that_was_read_and_what_may_have_come() {
        let (stored, next) =
            (item(&[("id", "1"), ("body", "b"), ("gone", "g")]), item(&[("id", "1"), ("body", "B")]));
        let change = Change::between(&stored, &next, &table()).unwrap().unwrap();
        assert_eq!(change.key, item(&[("id", "1")]));
        assert_eq!(change.condition.matches('=').count(), 3);
        // link, and the four attributes of the formats.
        assert_eq!(change.condition.matches("attribute_not_exists").count(), 5);
        assert!(
            change.update.starts_with("SET #") && change.update.contains("REMOVE #"),
            "{}",
            change.update
        );
        assert_eq!(change.update.matches('=').count(), 1);
    }

    #[test]
    fn nothing_to_change_is_no_change_and_a_key_cannot() {
        let stored = item(&[("id", "1")]);
        assert_eq!(Change::between(&stored, &stored, &table()).unwrap(), None);
        assert!(Change::between(&stored, &item(&[("id", "2")]), &table()).is_err());
        assert!(Change::between(&stored, &item(&[]), &table()).is_err());
    }

    #[test]
    fn a_wide_plaintext_item_is_refused_and_a_wide_encrypted_one_compared_by_its_header() {
        let mut wide: Item<Value> = (0..200).map(|at| (format!("a{at}"), Value::Null)).collect();
        wide.extend(item(&[("id", "1")]));
        let mut next = wide.clone();
        next.insert("link".to_owned(), Value::Null);
        assert!(Change::between(&wide, &next, &table()).unwrap_err().to_string().contains("150"));
        let header = Value::B(vec![1]);
        wide.insert("aws_dbe_head".to_owned(), header.clone());
        wide.insert("aws_dbe_foot".to_owned(), header);
        next.extend(wide.clone());
        let change = Change::between(&wide, &next, &table()).unwrap().unwrap();
        assert_eq!(change.condition.matches('=').count(), 3);
    }
}
