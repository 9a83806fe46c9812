//! What becomes of an item.

use std::sync::Arc;

use crate::codec::{Answer, Item, ItemCodec, ItemError, Opened};
use crate::policy::Form;

/// What is to become of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<V> {
    /// This.
    Write(Item<V>),
    /// Nothing: it is as it should be.
    Done,
    /// Nothing: it is none of this treatment's items.
    Left(Form),
}

/// Decides over items.
pub trait Treatment<V: 'static>: Send + Sync {
    /// What is to become of a stored item; an error where it is refused.
    fn treat<'a>(&'a self, item: Item<V>) -> Answer<'a, Verdict<V>>;

    /// What is known of the table's attributes.
    fn table(&self) -> &item_encryption_format::TableConfig;
}

/// What a table is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Plaintext items are encrypted.
    Encrypt,
    /// Items of the legacy format become items of the current one.
    Migrate,
    /// Items of the current format are written again: for other keys, other actions, another suite.
    Rewrap,
    /// Items that are bound to another name are bound to the codec's own.
    Rebind,
    /// Every item opens; none is changed.
    Verify,
}

/// Moves items to what a codec writes.
pub struct Recoding<V: 'static> {
    goal: Goal,
    to: Arc<dyn ItemCodec<V>>,
    from: Option<Arc<dyn ItemCodec<V>>>,
}

impl<V: 'static> Recoding<V> {
    /// Moves items to what `to` writes. Items that `from` reads are read by it; others, and all where there is none,
    /// by `to` itself.
    #[must_use]
    pub fn new(goal: Goal, to: Arc<dyn ItemCodec<V>>, from: Option<Arc<dyn ItemCodec<V>>>) -> Self {
        Self { goal, to, from }
    }
}

impl<V: Clone + Send + Sync + 'static> Recoding<V> {
    async fn judge(&self, item: Item<V>) -> Result<Verdict<V>, ItemError> {
        let form = Form::of(&item);
        match (self.goal, form) {
            (Goal::Verify, _) => self.to.decrypt(item).await.map(|_| Verdict::Done),
            (Goal::Encrypt, Form::Plaintext) => self.written(item).await,
            (Goal::Encrypt | Goal::Migrate, Form::Current) => Ok(Verdict::Done),
            (Goal::Migrate, Form::Legacy) | (Goal::Rewrap, Form::Current) => {
                self.written(self.opened(item).await?.item).await
            }
            (Goal::Rebind, Form::Current) => {
                let opened = self.opened(item).await?;
                let bound = opened.bound_to.as_deref() == Some(&self.to.table().logical_table_name);
                if bound { Ok(Verdict::Done) } else { self.written(opened.item).await }
            }
            (Goal::Encrypt | Goal::Rewrap | Goal::Rebind, Form::Legacy)
            | (Goal::Migrate | Goal::Rewrap | Goal::Rebind, Form::Plaintext) => Ok(Verdict::Left(form)),
        }
    }

    async fn written(&self, item: Item<V>) -> Result<Verdict<V>, ItemError> {
        Ok(Verdict::Write(self.to.encrypt(item).await?))
    }

    async fn opened(&self, item: Item<V>) -> Result<Opened<V>, ItemError> {
        let Some(from) = &self.from else { return self.to.decrypt(item).await };
        match from.decrypt(item.clone()).await {
            Ok(opened) => Ok(opened),
            // What an interrupted sweep has written already.
            Err(error) => self.to.decrypt(item).await.map_err(|_| error),
        }
    }
}

impl<V: Clone + Send + Sync + 'static> Treatment<V> for Recoding<V> {
    fn treat<'a>(&'a self, item: Item<V>) -> Answer<'a, Verdict<V>> {
        Box::pin(self.judge(item))
    }

    fn table(&self) -> &item_encryption_format::TableConfig {
        self.to.table()
    }
}
