//! The item that an update makes.
//!
//! All operands and all places are those of the item before it: values are computed first, then set, then
//! elements removed from the last index to the first, so that no action moves what another one names.

use std::borrow::Cow;

use super::super::error::ExpressionError;
use super::super::path::{Path, Step, find_along};
use super::{Action, Update, UpdateValue, Wording};
use crate::value::size::nests_too_deeply;
use crate::value::{AttributeValue, Item, Number, Set, ValueError};

/// What an action comes to.
enum Effect {
    Put(AttributeValue),
    Remove,
    Nothing,
}

impl Update {
    /// The item after the update; an item that is not there yet is an item of its key.
    ///
    /// # Errors
    /// Operands that are not there or do not fit, places that are not there, numbers out of range, documents
    /// nested too deeply. Whether the item is too large is for the caller to look at.
    pub fn apply(&self, old: &Item) -> Result<Item, ExpressionError> {
        let effects = self.actions.iter().map(|action| self.effect(action, old));
        let effects = effects.collect::<Result<Vec<_>, _>>()?;
        let mut new = old.clone();
        let (mut attributes, mut removed) = (Vec::new(), Vec::new());
        for (action, effect) in self.actions.iter().zip(effects) {
            let path = action.path();
            match effect {
                Effect::Put(value) if path.steps.is_empty() => {
                    attributes.push((path.attribute.clone(), value))
                }
                Effect::Put(value) => put(&mut new, path, value)?,
                Effect::Remove => removed.push(path),
                Effect::Nothing => {}
            }
        }
        new.extend(attributes);
        remove_all(&mut new, &removed);
        self.check_depth(&new)?;
        Ok(new)
    }

    fn effect(&self, action: &Action, old: &Item) -> Result<Effect, ExpressionError> {
        check_place(action.path(), old)?;
        let found = action.path().find(old);
        match action {
            Action::Set { value, .. } => Ok(Effect::Put(compute(value, old)?.into_owned())),
            Action::Remove { .. } => Ok(if found.is_some() { Effect::Remove } else { Effect::Nothing }),
            Action::Add { value, .. } => self.added(found, value).map(Effect::Put),
            Action::Delete { value, .. } => self.deleted(found, value),
        }
    }

    fn added(
        &self,
        found: Option<&AttributeValue>,
        value: &AttributeValue,
    ) -> Result<AttributeValue, ExpressionError> {
        use AttributeValue::{BS, L, N, NS, SS};
        Ok(match (found, value) {
            (None, value) => value.clone(),
            // Only `AttributeUpdates` come here with lists; AWS appends, though it documents numbers and sets.
            (Some(L(one)), L(other)) => L(one.iter().chain(other).cloned().collect()),
            (Some(N(one)), N(other)) => N(one.checked_add(*other)?),
            (Some(SS(one)), SS(other)) => SS(one.union(other)),
            (Some(NS(one)), NS(other)) => NS(one.union(other)),
            (Some(BS(one)), BS(other)) => BS(one.union(other)),
            _ => return Err(self.wrong_type()),
        })
    }

    fn deleted(
        &self,
        found: Option<&AttributeValue>,
        value: &AttributeValue,
    ) -> Result<Effect, ExpressionError> {
        use AttributeValue::{BS, NS, SS};
        Ok(match (found, value) {
            (None, _) => Effect::Nothing,
            (Some(SS(one)), SS(other)) => left(one.difference(other), SS),
            (Some(NS(one)), NS(other)) => left(one.difference(other), NS),
            (Some(BS(one)), BS(other)) => left(one.difference(other), BS),
            _ => return Err(self.wrong_type()),
        })
    }

    fn wrong_type(&self) -> ExpressionError {
        match self.wording {
            Wording::Expression => ExpressionError::OperandType,
            Wording::Legacy => ExpressionError::LegacyOperandType,
        }
    }

    fn check_depth(&self, new: &Item) -> Result<(), ExpressionError> {
        let deeper = self.actions.iter().map(Action::path).filter(|path| !path.steps.is_empty());
        let mut values = deeper.filter_map(|path| new.get(&path.attribute));
        if values.any(nests_too_deeply) { Err(ValueError::NestedTooDeeply.into()) } else { Ok(()) }
    }
}

/// What is left of a set; nothing is left of one without members.
fn left<T: Ord>(set: Set<T>, value: fn(Set<T>) -> AttributeValue) -> Effect {
    if set.is_empty() { Effect::Remove } else { Effect::Put(value(set)) }
}

/// A value made of those of `old`. Recursion is bounded by the parser.
fn compute<'v>(value: &'v UpdateValue, old: &'v Item) -> Result<Cow<'v, AttributeValue>, ExpressionError> {
    match value {
        UpdateValue::Path(path) => path.find(old).map(Cow::Borrowed).ok_or(ExpressionError::OperandMissing),
        UpdateValue::Value(value) => Ok(Cow::Borrowed(value)),
        UpdateValue::Plus(one, other) => {
            let (one, other) = (number(one, old)?, number(other, old)?);
            Ok(Cow::Owned(AttributeValue::N(one.checked_add(other)?)))
        }
        UpdateValue::Minus(one, other) => {
            let (one, other) = (number(one, old)?, number(other, old)?);
            Ok(Cow::Owned(AttributeValue::N(one.checked_sub(other)?)))
        }
        UpdateValue::IfNotExists { path, otherwise } => match path.find(old) {
            Some(found) => Ok(Cow::Borrowed(found)),
            None => compute(otherwise, old),
        },
        UpdateValue::ListAppend(one, other) => {
            let mut joined = list(one, old)?;
            joined.extend(list(other, old)?);
            Ok(Cow::Owned(AttributeValue::L(joined)))
        }
    }
}

fn number(value: &UpdateValue, old: &Item) -> Result<Number, ExpressionError> {
    match &*compute(value, old)? {
        AttributeValue::N(number) => Ok(*number),
        _ => Err(ExpressionError::OperandType),
    }
}

fn list(value: &UpdateValue, old: &Item) -> Result<Vec<AttributeValue>, ExpressionError> {
    match compute(value, old)?.into_owned() {
        AttributeValue::L(list) => Ok(list),
        _ => Err(ExpressionError::OperandType),
    }
}

/// Checks that the document in which a path ends is there, and is of the kind that its last step needs.
fn check_place(path: &Path, old: &Item) -> Result<(), ExpressionError> {
    let Some((last, way)) = path.steps.split_last() else {
        return Ok(());
    };
    match (last, find_along(old.get(&path.attribute), way)) {
        (Step::Name(_), Some(AttributeValue::M(_))) | (Step::Index(_), Some(AttributeValue::L(_))) => Ok(()),
        _ => Err(ExpressionError::PathMissing),
    }
}

/// Puts a value into a document.
fn put(item: &mut Item, path: &Path, value: AttributeValue) -> Result<(), ExpressionError> {
    match document(item, path) {
        Some((AttributeValue::M(map), Step::Name(name))) => drop(map.insert(name.clone(), value)),
        Some((AttributeValue::L(list), Step::Index(index))) => match list.get_mut(*index) {
            Some(element) => *element = value,
            None => list.push(value),
        },
        _ => return Err(ExpressionError::PathMissing),
    }
    Ok(())
}

/// Removes what lies at sorted paths: elements from the last to the first, attributes all at once.
fn remove_all(item: &mut Item, paths: &[&Path]) {
    let (attributes, inner): (Vec<&Path>, Vec<&Path>) = paths.iter().partition(|path| path.steps.is_empty());
    inner.into_iter().rev().for_each(|path| remove(item, path));
    if !attributes.is_empty() {
        item.retain(|name| attributes.binary_search_by(|path| path.attribute.as_str().cmp(name)).is_err());
    }
}

fn remove(item: &mut Item, path: &Path) {
    match document(item, path) {
        Some((AttributeValue::M(map), Step::Name(name))) => drop(map.remove(name)),
        Some((AttributeValue::L(list), Step::Index(index))) if *index < list.len() => {
            drop(list.remove(*index))
        }
        _ => {}
    }
}

/// The document in which a path takes its last step, and that step.
fn document<'i, 'p>(item: &'i mut Item, path: &'p Path) -> Option<(&'i mut AttributeValue, &'p Step)> {
    let (last, way) = path.steps.split_last()?;
    let document = way.iter().try_fold(item.get_mut(&path.attribute)?, |value, step| step.down_mut(value));
    Some((document?, last))
}

#[cfg(test)]
mod tests {
    use super::super::super::Placeholders;
    use super::Update;
    use crate::value::json::{read_item, read_value};
    use crate::value::{AttributeValue, Item};

    fn item(json: &str) -> Item {
        let object = service::Node::parse_object(json.as_bytes()).unwrap();
        read_item(object).unwrap().checked().unwrap()
    }

    fn value(json: &str) -> AttributeValue {
        let mut object = service::Node::parse_object(json.as_bytes()).unwrap();
        read_value(object.take("v").unwrap()).unwrap().checked().unwrap()
    }

    const VALUES: [(&str, &str); 8] = [
        (":n", r#"{"v":{"N":"2"}}"#),
        (":s", r#"{"v":{"S":"new"}}"#),
        (":l", r#"{"v":{"L":[{"S":"x"}]}}"#),
        (":m", r#"{"v":{"M":{"k":{"S":"w"}}}}"#),
        (":ss", r#"{"v":{"SS":["a","z"]}}"#),
        (":ns", r#"{"v":{"NS":["1"]}}"#),
        (":huge", r#"{"v":{"N":"9E125"}}"#),
        (":bs", r#"{"v":{"BS":["AQ=="]}}"#),
    ];

    fn update(text: &str) -> Update {
        let values = VALUES.map(|(key, json)| (key.to_owned(), value(json))).to_vec();
        Update::parse(text, &mut Placeholders::of_checked(None, Some(values)).unwrap()).unwrap()
    }

    const OLD: &str = concat!(
        r#"{"bs":{"BS":["AQ==","Ag=="]},"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]},"#,
        r#""m":{"M":{"d":{"M":{"e":{"N":"9"}}},"s":{"S":"old"}}},"n":{"N":"5"},"s":{"S":"old"},"ss":{"SS":["a","b"]}}"#
    );

    /// What changes in the attributes that an update names.
    fn changed(text: &str) -> String {
        let new = update(text).apply(&item(OLD)).unwrap();
        let (old, mut changed) = (item(OLD), new.clone());
        changed.retain(|name| new.get(name) != old.get(name));
        let gone: Vec<&str> =
            old.iter().map(|(name, _)| name).filter(|name| !new.contains_key(name)).collect();
        format!("{} -{}", serde_json::to_string(&changed).unwrap(), gone.join(","))
    }

    #[test]
    fn updates_change_what_they_name() {
        for (text, expected) in [
            ("SET a = :s", r#"{"a":{"S":"new"}} -"#),
            ("SET s = :s, n = n + :n", r#"{"n":{"N":"7"},"s":{"S":"new"}} -"#),
            ("SET n = :n - n", r#"{"n":{"N":"-3"}} -"#),
            ("SET n = (n + n)", r#"{"n":{"N":"10"}} -"#),
            ("SET a = n, n = :n", r#"{"a":{"N":"5"},"n":{"N":"2"}} -"#),
            ("SET a = if_not_exists(q, :s)", r#"{"a":{"S":"new"}} -"#),
            ("SET n = if_not_exists(n, :n) + :n", r#"{"n":{"N":"7"}} -"#),
            ("SET a = if_not_exists(q, if_not_exists(r, :n)) - :n", r#"{"a":{"N":"0"}} -"#),
            ("SET a = list_append(if_not_exists(a, :l), :l)", r#"{"a":{"L":[{"S":"x"},{"S":"x"}]}} -"#),
            ("SET l = list_append(:l, l)", r#"{"l":{"L":[{"S":"x"},{"N":"0"},{"N":"1"},{"N":"2"}]}} -"#),
            ("SET l[1] = :s", r#"{"l":{"L":[{"N":"0"},{"S":"new"},{"N":"2"}]}} -"#),
            (
                "SET l[9] = :n, l[7] = :s",
                r#"{"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"S":"new"},{"N":"2"}]}} -"#,
            ),
            ("SET l[0] = l[2], l[2] = l[0]", r#"{"l":{"L":[{"N":"2"},{"N":"1"},{"N":"0"}]}} -"#),
            ("REMOVE l[0], l[2]", r#"{"l":{"L":[{"N":"1"}]}} -"#),
            ("REMOVE l[0] SET l[1] = :s, l[8] = :n", r#"{"l":{"L":[{"S":"new"},{"N":"2"},{"N":"2"}]}} -"#),
            ("REMOVE l[7], m.q, q, s", "{} -s"),
            (
                "SET m.d.e = :s, m.t = :n REMOVE m.s",
                r#"{"m":{"M":{"d":{"M":{"e":{"S":"new"}}},"t":{"N":"2"}}}} -"#,
            ),
            ("ADD n :n, a :n, ss :ss", r#"{"a":{"N":"2"},"n":{"N":"7"},"ss":{"SS":["a","b","z"]}} -"#),
            (
                "ADD m.d.e :n, l[1] :n, m.fresh :ss",
                concat!(
                    r#"{"l":{"L":[{"N":"0"},{"N":"3"},{"N":"2"}]},"m":{"M":{"d":{"M":{"e":{"N":"11"}}},"#,
                    r#""fresh":{"SS":["a","z"]},"s":{"S":"old"}}}} -"#
                ),
            ),
            ("DELETE ss :ss, q :ss, bs :bs", r#"{"bs":{"BS":["Ag=="]},"ss":{"SS":["b"]}} -"#),
            ("SET ss = :ss", r#"{"ss":{"SS":["a","z"]}} -"#),
        ] {
            assert_eq!(changed(text), expected, "{text}");
        }
    }

    #[test]
    fn a_set_without_members_is_no_value() {
        let new = update("DELETE a :ss").apply(&item(r#"{"a":{"SS":["a"]}}"#)).unwrap();
        assert!(new.is_empty());
    }

    #[test]
    fn what_cannot_be_done_is_told_in_the_words_of_aws() {
        let missing = "The provided expression refers to an attribute that does not exist in the item";
        let wrong_type = "An operand in the update expression has an incorrect data type";
        let no_place = "The document path provided in the update expression is invalid for update";
        for (text, told) in [
            ("SET a = q", missing),
            ("SET a = q + :n", missing),
            ("SET a = list_append(q, :l)", missing),
            ("SET a = s + :n", wrong_type),
            ("SET a = list_append(n, :l)", wrong_type),
            ("SET a = if_not_exists(s, :n) + :n", wrong_type),
            ("ADD s :n", wrong_type),
            ("ADD n :ss", wrong_type),
            ("ADD ss :ns", wrong_type),
            ("DELETE n :ss", wrong_type),
            ("DELETE ss :ns", wrong_type),
            ("SET q.a = :n", no_place),
            ("SET s.a = :n", no_place),
            ("SET n[0] = :n", no_place),
            ("SET m[0] = :n", no_place),
            ("SET l.a = :n", no_place),
            ("SET l[7].a = :n", no_place),
            ("REMOVE q.a", no_place),
            ("REMOVE s[0]", no_place),
            ("ADD q.a :n", no_place),
            (
                "SET a = :huge + :huge",
                "Number overflow. Attempting to store a number with magnitude larger than supported range",
            ),
        ] {
            assert_eq!(update(text).apply(&item(OLD)).unwrap_err().to_string(), told, "{text}");
        }
    }

    #[test]
    fn documents_do_not_grow_too_deep() {
        let nested = |depth| {
            (0..depth).fold(value(VALUES[3].1), |value, _| {
                AttributeValue::M([("d".to_owned(), value)].into_iter().collect())
            })
        };
        let old: Item = [("a".to_owned(), nested(30)), ("b".to_owned(), nested(1))].into_iter().collect();
        let path = format!("a{}.k", ".d".repeat(30));
        assert!(update(&format!("SET {path} = :m")).apply(&old).is_ok());
        let error = update(&format!("SET {path} = b")).apply(&old).unwrap_err();
        assert!(error.to_string().starts_with("Nesting Levels have exceeded"));
    }

    #[test]
    fn old_and_new_show_what_was_named() {
        let update = update("SET n = :n, m.t = :n REMOVE s, l[0]");
        let old = item(OLD);
        let new = update.apply(&old).unwrap();
        let json = |item: Item| serde_json::to_string(&item).unwrap();
        assert_eq!(
            json(update.changed_in_old(&old)),
            r#"{"l":{"L":[{"N":"0"}]},"n":{"N":"5"},"s":{"S":"old"}}"#
        );
        assert_eq!(json(update.changed_in_new(&new)), r#"{"m":{"M":{"t":{"N":"2"}}},"n":{"N":"2"}}"#);
    }
}
