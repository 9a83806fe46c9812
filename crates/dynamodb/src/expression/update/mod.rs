//! Updates: the tree that update expressions and `AttributeUpdates` become.
//!
//! Map: here (the tree, what it touches) · [`check`] (operands that cannot fit) · [`apply`] (the new item).

mod apply;
pub(super) mod check;

use std::sync::Arc;

use super::error::ExpressionError;
use super::path::Path;
use super::projection::Projection;
use crate::value::{AttributeValue, Item};

/// What to change in an item. No two actions' paths overlap or conflict.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Update {
    /// In the order of their paths, so that elements beyond the end of a list are appended in order.
    actions: Vec<Action>,
    wording: Wording,
}

/// Whose words tell that an operand has the wrong type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Wording {
    /// `UpdateExpression`
    #[default]
    Expression,
    /// `AttributeUpdates`
    Legacy,
}

/// One change at one path.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `SET path = value`
    Set {
        /// Where.
        path: Path,
        /// What is to be there.
        value: UpdateValue,
    },
    /// `REMOVE path`
    Remove {
        /// Where.
        path: Path,
    },
    /// `ADD path :value`: a number to a number, members to a set.
    Add {
        /// Where.
        path: Path,
        /// A number or a set.
        value: Arc<AttributeValue>,
    },
    /// `DELETE path :value`: members from a set.
    Delete {
        /// Where.
        path: Path,
        /// A set.
        value: Arc<AttributeValue>,
    },
}

/// A value that is made of others. All of them are those before the update.
#[derive(Debug, Clone, PartialEq)]
pub enum UpdateValue {
    /// What lies at a path.
    Path(Path),
    /// A value of the request.
    Value(Arc<AttributeValue>),
    /// The sum of two numbers.
    Plus(Box<UpdateValue>, Box<UpdateValue>),
    /// The difference of two numbers.
    Minus(Box<UpdateValue>, Box<UpdateValue>),
    /// What lies at a path, or else another value.
    IfNotExists {
        /// Where.
        path: Path,
        /// The other value.
        otherwise: Box<UpdateValue>,
    },
    /// Two lists, one behind the other.
    ListAppend(Box<UpdateValue>, Box<UpdateValue>),
}

impl Action {
    /// Where it changes something.
    #[must_use]
    pub const fn path(&self) -> &Path {
        match self {
            Self::Set { path, .. }
            | Self::Remove { path }
            | Self::Add { path, .. }
            | Self::Delete { path, .. } => path,
        }
    }
}

impl Update {
    pub(super) fn of_actions(actions: Vec<Action>) -> Self {
        Self::worded(actions, Wording::Expression)
    }

    pub(super) fn worded(mut actions: Vec<Action>, wording: Wording) -> Self {
        actions.sort_by(|one, other| one.path().cmp(other.path()));
        Self { actions, wording }
    }

    /// Its actions, in the order of their paths.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Checks that it leaves the primary key alone.
    ///
    /// # Errors
    /// The first attribute of which `is_key` holds.
    pub fn check_keys(&self, is_key: impl Fn(&str) -> bool) -> Result<(), ExpressionError> {
        let mut attributes = self.actions.iter().map(|action| &action.path().attribute);
        match attributes.find(|attribute| is_key(attribute)) {
            Some(attribute) => Err(ExpressionError::KeyUpdate(attribute.clone())),
            None => Ok(()),
        }
    }

    /// What `UPDATED_OLD` returns: the parts of the item before the update that it names.
    #[must_use]
    pub fn changed_in_old(&self, old: &Item) -> Item {
        self.projection(|_| true).of(old)
    }

    /// What `UPDATED_NEW` returns: the parts of the item after the update that it names, but for those that
    /// it removes, in whose place another element of a list may have moved.
    #[must_use]
    pub fn changed_in_new(&self, new: &Item) -> Item {
        self.projection(|action| !matches!(action, Action::Remove { .. })).of(new)
    }

    fn projection(&self, wanted: impl Fn(&Action) -> bool) -> Projection {
        let actions = self.actions.iter().filter(|action| wanted(action));
        Projection::of_sorted(&actions.map(Action::path).collect::<Vec<_>>())
    }
}
