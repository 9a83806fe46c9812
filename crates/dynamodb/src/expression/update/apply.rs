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
        let mut removed = Vec::new();
        for (action, effect) in self.actions.iter().zip(effects) {
            match effect {
                Effect::Put(value) => put(&mut new, action.path(), value)?,
                Effect::Remove => removed.push(action.path()),
                Effect::Nothing => {}
            }
        }
        removed.iter().rev().for_each(|path| remove(&mut new, path));
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
        use AttributeValue::{BS, N, NS, SS};
        Ok(match (found, value) {
            (None, value) => value.clone(),
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

fn put(item: &mut Item, path: &Path, value: AttributeValue) -> Result<(), ExpressionError> {
    let Some((last, way)) = path.steps.split_last() else {
        item.insert(path.attribute.clone(), value);
        return Ok(());
    };
    match (last, document(item, &path.attribute, way)) {
        (Step::Name(name), Some(AttributeValue::M(map))) => drop(map.insert(name.clone(), value)),
        (Step::Index(index), Some(AttributeValue::L(list))) => match list.get_mut(*index) {
            Some(element) => *element = value,
            None => list.push(value),
        },
        _ => return Err(ExpressionError::PathMissing),
    }
    Ok(())
}

fn remove(item: &mut Item, path: &Path) {
    let Some((last, way)) = path.steps.split_last() else {
        item.remove(&path.attribute);
        return;
    };
    match (last, document(item, &path.attribute, way)) {
        (Step::Name(name), Some(AttributeValue::M(map))) => drop(map.remove(name)),
        (Step::Index(index), Some(AttributeValue::L(list))) if *index < list.len() => {
            drop(list.remove(*index))
        }
        _ => {}
    }
}

fn document<'i>(item: &'i mut Item, attribute: &str, way: &[Step]) -> Option<&'i mut AttributeValue> {
    way.iter().try_fold(item.get_mut(attribute)?, |value, step| step.down_mut(value))
}
