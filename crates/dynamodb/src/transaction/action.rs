//! One of the actions of a transaction that writes: a put, an update, a delete, or the check of a condition.

use engine::Key;
use service::{ApiError, Fields};

use crate::attribute_fields::required_item;
use crate::class;
use crate::expression::{AttributesWithParts, Condition, Update};
use crate::item_key::{address_of_item, address_of_key, is_key_attribute};
use crate::parameters::{ConditionFields, Generations, PlaceholderFields, UpdateFields};
use crate::return_values::OnConditionFailure;
use crate::table::{OpenTable, name};
use crate::value::Item;
use crate::value::codec::encode;
use crate::value::json::Unchecked;
use crate::value::size::item_size;
use crate::write_path::{Change, ItemWrite, check_size};

const OF_A_CONDITION: Generations =
    Generations { expressions: &["ConditionExpression"], with_values: &["ConditionExpression"], legacy: &[] };
const OF_AN_UPDATE: Generations = Generations {
    expressions: &["UpdateExpression", "ConditionExpression"],
    with_values: &["UpdateExpression", "ConditionExpression"],
    legacy: &[],
};

/// What is to become of one item.
pub struct Action {
    /// The table, spelled as in the request.
    pub table: String,
    /// How many bytes it brings into the transaction: of the item or key, the expressions and their values.
    pub size: usize,
    verb: Verb,
    condition: Option<Condition>,
    with_parts: AttributesWithParts,
    on_failure: OnConditionFailure,
}

enum Verb {
    Put(Item),
    Delete(Item),
    Check(Item),
    Update { key: Item, update: Update },
}

impl Action {
    /// The write that it asks for.
    ///
    /// # Errors
    /// `ValidationException` where it does not fit the table.
    pub fn on<'a>(&'a self, table: &'a OpenTable) -> Result<ItemWrite<'a>, ApiError> {
        let key = self.address(table)?;
        let (condition, on_failure) = (self.condition.as_ref(), self.on_failure);
        Ok(ItemWrite { table, key, condition, on_failure, change: self.change() })
    }

    fn address(&self, table: &OpenTable) -> Result<Key, ApiError> {
        let is_key = |name: &str| is_key_attribute(table.key_schema(), name);
        let address = match &self.verb {
            Verb::Put(item) => address_of_item(table, item)?,
            Verb::Delete(key) | Verb::Check(key) => address_of_key(table, key)?,
            Verb::Update { key, update } => {
                let address = address_of_key(table, key)?;
                update.check_keys(is_key)?;
                address
            }
        };
        self.with_parts.check_keys(is_key)?;
        Ok(address)
    }

    fn change(&self) -> Change<'_> {
        match &self.verb {
            Verb::Put(item) => Change::Put(encode(item)),
            Verb::Delete(_) => Change::Delete,
            Verb::Check(_) => Change::Nothing,
            Verb::Update { key, update } => Change::Update { update, key },
        }
    }
}

/// The members of an element of `TransactItems`, as read: one structure of the four, where it is right.
pub struct ActionFields<'a>(Vec<VerbFields<'a>>);

impl<'a> ActionFields<'a> {
    /// Reads them.
    pub fn read(mut fields: Fields<'a>) -> Self {
        let verbs = [
            ("ConditionCheck", class::CONDITION_CHECK, Kind::Check),
            ("Put", class::PUT, Kind::Put),
            ("Delete", class::DELETE, Kind::Delete),
            ("Update", class::UPDATE, Kind::Update),
        ];
        let read = |(name, class, kind)| Some(VerbFields::read(kind, fields.structure(name, class)?));
        Self(verbs.into_iter().filter_map(read).collect())
    }

    /// What they say.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn parse(mut self) -> Result<Action, ApiError> {
        match (self.0.pop(), self.0.is_empty()) {
            (Some(verb), true) => verb.parse(),
            (Some(_), false) => Err(ApiError::validation(
                "TransactItems can only contain one of Check, Put, Update or Delete",
            )),
            (None, _) => Err(ApiError::validation(
                "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request",
            )),
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Put,
    Delete,
    Check,
    Update,
}

struct VerbFields<'a> {
    kind: Kind,
    generations: Result<(), ApiError>,
    table: String,
    /// The item of a put, the key of the others.
    target: Unchecked<Item>,
    update: Option<UpdateFields<'a>>,
    condition: ConditionFields<'a>,
    placeholders: PlaceholderFields,
    on_failure: OnConditionFailure,
    /// How long the expressions are.
    expressions_len: usize,
}

impl<'a> VerbFields<'a> {
    fn read(kind: Kind, mut fields: Fields<'a>) -> Self {
        let generations = match kind {
            Kind::Update => OF_AN_UPDATE.check(&fields),
            Kind::Put | Kind::Delete | Kind::Check => OF_A_CONDITION.check(&fields),
        };
        let table = name::read(&mut fields, "TableName");
        let target = required_item(&mut fields, if matches!(kind, Kind::Put) { "Item" } else { "Key" });
        let update = matches!(kind, Kind::Update).then(|| fields.string("UpdateExpression").required());
        let condition = match kind {
            Kind::Check => Some(fields.string("ConditionExpression").required()),
            Kind::Put | Kind::Delete | Kind::Update => fields.string("ConditionExpression").optional(),
        };
        Self {
            kind,
            generations,
            table,
            target,
            expressions_len: update.as_deref().map_or(0, str::len) + condition.as_deref().map_or(0, str::len),
            update: update.map(UpdateFields::of_expression),
            condition: ConditionFields::of_expression(condition),
            placeholders: PlaceholderFields::read(&mut fields),
            on_failure: OnConditionFailure::read(&mut fields),
        }
    }

    fn parse(self) -> Result<Action, ApiError> {
        self.generations?;
        let target = self.target.checked()?;
        if matches!(self.kind, Kind::Put) {
            check_size(&target)?;
        }
        let mut placeholders = self.placeholders.checked()?;
        let size = item_size(&target) + self.expressions_len + placeholders.values_size();
        let update = self.update.map(|update| update.parse(&mut placeholders)).transpose()?;
        let condition = self.condition.parse(&mut placeholders)?;
        let with_parts = placeholders.finish()?;
        let verb = match (self.kind, update) {
            (_, Some(update)) => Verb::Update { key: target, update },
            (Kind::Put, None) => Verb::Put(target),
            (Kind::Delete, None) => Verb::Delete(target),
            (Kind::Check | Kind::Update, None) => Verb::Check(target),
        };
        Ok(Action { table: self.table, size, verb, condition, with_parts, on_failure: self.on_failure })
    }
}
