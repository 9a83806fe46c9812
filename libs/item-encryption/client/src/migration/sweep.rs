//! The scan.

use std::num::NonZero;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::time::sleep;

use super::pace::Pace;
use super::report::{Outcome, Report};
use super::store::{ItemStore, Page, Replaced, StoreError};
use super::treatment::{Treatment, Verdict};
use crate::change::{Change, key_of};
use crate::codec::Item;

/// How often an item is read again because somebody changed it first.
const MAX_CONFLICTS: u32 = 10;
/// How often a table that is not reached is asked again; the waits between double from a tenth of a second.
const MAX_TRIES: u32 = 8;

/// How a table is swept.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// How many items are worked on at a time.
    pub in_flight: usize,
    /// How many items are treated in a second, at most.
    pub items_per_second: Option<NonZero<u32>>,
    /// How many items a page has, at most; else what the table answers, which for DynamoDB is up to 1 MB.
    pub page_items: Option<u32>,
    /// Whether nothing is written.
    pub dry_run: bool,
}

impl Default for Sweep {
    fn default() -> Self {
        Self { in_flight: 8, items_per_second: None, page_items: None, dry_run: false }
    }
}

/// What happens on the way.
#[derive(Debug)]
pub enum Event<'a, V> {
    /// An item is refused.
    Refused {
        /// Its key, as far as it has one.
        key: &'a Item<V>,
        /// Why.
        reason: &'a str,
    },
    /// A page is done: a sweep that begins here misses nothing.
    Page {
        /// The key behind which the next page begins; `None` at the end.
        last: Option<&'a Item<V>>,
        /// What was done so far.
        report: &'a Report,
    },
}

impl Sweep {
    /// Sweeps a table from its beginning, or behind a key of an earlier sweep, whose report goes on.
    ///
    /// # Errors
    /// Where the table does not answer, or an event's receiver fails. All pages told until then are done.
    pub async fn run<V: Clone + PartialEq + Send + Sync + 'static>(
        &self,
        store: &dyn ItemStore<V>,
        treatment: &dyn Treatment<V>,
        (mut behind, mut report): (Option<Item<V>>, Report),
        mut told: impl FnMut(Event<'_, V>) -> Result<(), StoreError>,
    ) -> Result<Report, StoreError> {
        let pace = Pace::new(self.items_per_second);
        loop {
            let Page { items, last } = patiently(|| store.page(behind.as_ref(), self.page_items)).await?;
            let work = Work { store, treatment, pace: &pace, dry_run: self.dry_run };
            let mut treated =
                stream::iter(items).map(|item| work.treated(item)).buffer_unordered(self.in_flight.max(1));
            while let Some(treated) = treated.next().await {
                let Treated { key, outcome, conflicts } = treated?;
                report.conflicts += u64::from(conflicts);
                report.count(&outcome);
                if let Outcome::Refused(reason) = &outcome {
                    told(Event::Refused { key: &key, reason })?;
                }
            }
            told(Event::Page { last: last.as_ref(), report: &report })?;
            match last {
                Some(_) => behind = last,
                None => return Ok(report),
            }
        }
    }
}

struct Work<'a, V: 'static> {
    store: &'a dyn ItemStore<V>,
    treatment: &'a dyn Treatment<V>,
    pace: &'a Pace,
    dry_run: bool,
}

struct Treated<V> {
    key: Item<V>,
    outcome: Outcome,
    conflicts: u32,
}

impl<V: Clone + PartialEq + Send + Sync + 'static> Work<'_, V> {
    async fn treated(&self, item: Item<V>) -> Result<Treated<V>, StoreError> {
        let key = key_of(&item, self.treatment.table());
        let key = match key {
            Ok(key) => key,
            Err(error) => {
                let outcome = Outcome::Refused(error.to_string());
                return Ok(Treated { key: Item::new(), outcome, conflicts: 0 });
            }
        };
        let mut stored = item;
        for conflicts in 0..MAX_CONFLICTS {
            self.pace.permit().await;
            if let Some(outcome) = self.tried(&stored).await? {
                return Ok(Treated { key, outcome, conflicts });
            }
            match patiently(|| self.store.get(&key)).await? {
                Some(now) => stored = now,
                None => return Ok(Treated { key, outcome: Outcome::Gone, conflicts: conflicts + 1 }),
            }
        }
        let outcome = Outcome::Refused("it is changed by others all the time; sweep again".to_owned());
        Ok(Treated { key, outcome, conflicts: MAX_CONFLICTS })
    }

    /// What became of an item; `None` where somebody changed it first.
    async fn tried(&self, stored: &Item<V>) -> Result<Option<Outcome>, StoreError> {
        let next = match self.treatment.treat(stored.clone()).await {
            Ok(Verdict::Write(next)) => next,
            Ok(Verdict::Done) => return Ok(Some(Outcome::Done)),
            Ok(Verdict::Left(form)) => return Ok(Some(Outcome::Left(form))),
            Err(error) => return Ok(Some(Outcome::Refused(error.to_string()))),
        };
        let change = match Change::between(stored, &next, self.treatment.table()) {
            Ok(Some(change)) => change,
            Ok(None) => return Ok(Some(Outcome::Done)),
            Err(error) => return Ok(Some(Outcome::Refused(error.to_string()))),
        };
        if self.dry_run {
            return Ok(Some(Outcome::Written));
        }
        match patiently(|| self.store.replace(change.clone())).await {
            Ok(Replaced::Done) => Ok(Some(Outcome::Written)),
            Ok(Replaced::Changed) => Ok(None),
            Err(StoreError::Item(reason)) => Ok(Some(Outcome::Refused(reason))),
            Err(error) => Err(error),
        }
    }
}

/// Asks until there is an answer that waiting does not change.
async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(
    mut ask: impl FnMut() -> F,
) -> Result<T, StoreError> {
    let mut wait = Duration::from_millis(100);
    for _ in 1..MAX_TRIES {
        match ask().await {
            Err(StoreError::Later(_)) => sleep(wait).await,
            answer => return answer,
        }
        wait *= 2;
    }
    ask().await
}
