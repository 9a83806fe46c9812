//! The scan, in one or more segments side by side.

use std::num::NonZero;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::try_join_all;
use futures::stream::{self, StreamExt};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::pace::Pace;
use super::report::{Outcome, Report};
use super::store::{ItemStore, Page, Replaced, Segment, StoreError};
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

/// How far one segment of the table is swept.
#[derive(Debug, Clone, PartialEq)]
pub struct Position<V> {
    /// The key behind which its next page begins; `None` at its beginning, and at its end.
    pub behind: Option<Item<V>>,
    /// Whether it is at its end.
    pub done: bool,
    /// What was done in it.
    pub report: Report,
}

impl<V: Clone> Position<V> {
    /// The beginning of a table in so many segments, which are swept side by side.
    #[must_use]
    pub fn beginning(segments: NonZero<u32>) -> Vec<Self> {
        (0..segments.get()).map(|_| Self { behind: None, done: false, report: Report::default() }).collect()
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
        /// Where every segment is.
        positions: &'a [Position<V>],
        /// What was done so far, in pages under way too.
        report: &'a Report,
    },
}

impl Sweep {
    /// Sweeps a table from its [beginning](Position::beginning), or from where an earlier sweep was, whose report
    /// goes on. Segments share the limits of items in flight and in a second.
    ///
    /// # Errors
    /// Where the table does not answer, or an event's receiver fails. All pages told until then are done.
    pub async fn run<V: Clone + PartialEq + Send + Sync + 'static>(
        &self,
        store: &dyn ItemStore<V>,
        treatment: &dyn Treatment<V>,
        positions: Vec<Position<V>>,
        told: impl FnMut(Event<'_, V>) -> Result<(), StoreError>,
    ) -> Result<Report, StoreError> {
        let (pace, turns) = (Pace::new(self.items_per_second), Semaphore::new(self.in_flight.max(1)));
        let work = Work { store, treatment, pace: &pace, turns: &turns, dry_run: self.dry_run };
        let segments = segments(positions.len());
        let progress = Mutex::new(Progress::new(positions, told));
        try_join_all(segments.map(|segment| self.segment(segment, &work, &progress))).await?;
        Ok(locked(&progress).report())
    }

    async fn segment<V, F>(
        &self,
        segment: Segment,
        work: &Work<'_, V>,
        progress: &Mutex<Progress<V, F>>,
    ) -> Result<(), StoreError>
    where
        V: Clone + PartialEq + Send + Sync + 'static,
        F: FnMut(Event<'_, V>) -> Result<(), StoreError>,
    {
        let Some(mut behind) = locked(progress).begins(segment) else { return Ok(()) };
        loop {
            let page = patiently(|| work.store.page(segment, behind.as_ref(), self.page_items));
            let Page { items, last } = page.await?;
            let treated = stream::iter(items).map(|item| work.treated(item));
            let mut treated = treated.buffer_unordered(self.in_flight.max(1));
            while let Some(treated) = treated.next().await {
                locked(progress).treated(segment, &treated?)?;
            }
            locked(progress).page(segment, last.clone())?;
            match last {
                Some(_) => behind = last,
                None => return Ok(()),
            }
        }
    }
}

fn segments(of: usize) -> impl Iterator<Item = Segment> {
    let of = u32::try_from(of).unwrap_or(u32::MAX);
    (0..of).map(move |number| Segment { number, of })
}

/// A receiver that panicked has told all there is.
fn locked<T>(progress: &Mutex<T>) -> MutexGuard<'_, T> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where all segments are, and who is told.
struct Progress<V, F> {
    positions: Vec<Position<V>>,
    /// Of each segment, its page under way counted.
    counted: Vec<Report>,
    told: F,
}

impl<V, F: FnMut(Event<'_, V>) -> Result<(), StoreError>> Progress<V, F> {
    fn new(positions: Vec<Position<V>>, told: F) -> Self {
        let counted = positions.iter().map(|position| position.report).collect();
        Self { positions, counted, told }
    }

    /// Where a segment goes on; `None` where it is done.
    fn begins(&self, segment: Segment) -> Option<Option<Item<V>>>
    where
        V: Clone,
    {
        let position = self.positions.get(segment.at()).filter(|position| !position.done)?;
        Some(position.behind.clone())
    }

    fn treated(&mut self, segment: Segment, treated: &Treated<V>) -> Result<(), StoreError> {
        if let Some(report) = self.counted.get_mut(segment.at()) {
            report.conflicts += u64::from(treated.conflicts);
            report.count(&treated.outcome);
        }
        match &treated.outcome {
            Outcome::Refused(reason) => (self.told)(Event::Refused { key: &treated.key, reason }),
            _ => Ok(()),
        }
    }

    fn page(&mut self, segment: Segment, last: Option<Item<V>>) -> Result<(), StoreError> {
        if let (Some(position), Some(report)) =
            (self.positions.get_mut(segment.at()), self.counted.get(segment.at()))
        {
            *position = Position { done: last.is_none(), behind: last, report: *report };
        }
        let report = self.report();
        (self.told)(Event::Page { positions: &self.positions, report: &report })
    }

    fn report(&self) -> Report {
        self.counted.iter().copied().sum()
    }
}

struct Work<'a, V: 'static> {
    store: &'a dyn ItemStore<V>,
    treatment: &'a dyn Treatment<V>,
    pace: &'a Pace,
    turns: &'a Semaphore,
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
        let _turn = self.turns.acquire().await;
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
