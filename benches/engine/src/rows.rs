//! What is asked of all engines, in turns.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::Plan;
use crate::data::{Draw, Key, Values, key};
use crate::process::{disk_bytes, wait_until_quiet};
use crate::progress::Progress;
use crate::report::Report;
use crate::subject::{Budget, Kind, Subject, TABLES};

const TURN: Duration = Duration::from_secs(1);
const SETTLING: Duration = Duration::from_secs(120);
const WRITERS: usize = 8;
const LOADED_PER_SYNC: usize = 256;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// All items in a random order, 256 in a commit.
    Load,
    /// Bytes on disk after that, for a byte of keys and values.
    DiskBytes,
    /// Gets at random, everything in the cache.
    GetWarm,
    /// Scans of a hundred entries, everything in the cache.
    Scan,
    /// Entries of one scan over everything.
    FullScan,
    /// Gets at random, one in sixteen in the cache.
    GetSmall,
    /// Commits of one put.
    PutOne,
    /// Commits of sixteen.
    Put16,
    /// Commits of 256.
    Put256,
    /// Commits of one put by eight writers over four tables.
    Writers,
}

impl Row {
    /// In the order in which they are measured.
    pub const ALL: [Self; 10] = [
        Self::Load,
        Self::DiskBytes,
        Self::GetWarm,
        Self::Scan,
        Self::FullScan,
        Self::GetSmall,
        Self::PutOne,
        Self::Put16,
        Self::Put256,
        Self::Writers,
    ];

    /// As the table has it, and `--only` asks for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "load at random, 256 per sync",
            Self::DiskBytes => "bytes on disk, for a byte loaded",
            Self::GetWarm => "get, warm cache",
            Self::Scan => "scan of 100",
            Self::FullScan => "full scan",
            Self::GetSmall => "get, 64 MB cache",
            Self::PutOne => "put, 1 per sync",
            Self::Put16 => "put, 16 per sync",
            Self::Put256 => "put, 256 per sync",
            Self::Writers => "put, 8 writers, 4 tables",
        }
    }

    /// What ours must reach, as a multiple of fjall's.
    pub fn wanted(self) -> Option<f64> {
        match self {
            Self::Load => Some(1.3),
            Self::PutOne => Some(1.4),
            Self::Put16 | Self::Put256 => Some(1.5),
            Self::GetWarm => Some(0.9),
            Self::GetSmall => Some(0.95),
            Self::Scan | Self::FullScan => Some(0.85),
            Self::DiskBytes | Self::Writers => None,
        }
    }

    fn is_of_loaded(self) -> bool {
        matches!(
            self,
            Self::Load | Self::DiskBytes | Self::GetWarm | Self::Scan | Self::FullScan | Self::GetSmall
        )
    }
}

/// The folder in which an engine has all items.
pub fn loaded(plan: &Plan, kind: Kind) -> PathBuf {
    plan.folder.join(format!("{kind}-loaded"))
}

/// Measures the rows that are asked for.
pub fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let wanted = |row: &Row| plan.wants(row.name());
    let rows: Vec<Row> = Row::ALL.into_iter().filter(wanted).collect();
    let values = Values::new();
    let mut measuring = Measuring { plan, report, values: &values };
    if rows.iter().any(|row| row.is_of_loaded()) {
        measuring.loads()?;
    }
    for budget in [Budget::WARM, Budget::SMALL] {
        let is_small = budget.cache == Budget::SMALL.cache;
        let reads = [Row::GetWarm, Row::Scan, Row::FullScan, Row::GetSmall];
        let of_budget = reads.into_iter().filter(|row| (*row == Row::GetSmall) == is_small);
        let reads: Vec<_> = of_budget.filter(|row| rows.contains(row)).collect();
        measuring.reads(budget, &reads)?;
    }
    let puts = [Row::PutOne, Row::Put16, Row::Put256, Row::Writers];
    puts.into_iter().filter(|row| rows.contains(row)).try_for_each(|row| measuring.puts(row))
}

struct Measuring<'a> {
    plan: &'a Plan,
    report: &'a mut Report,
    values: &'a Values,
}

impl Measuring<'_> {
    fn engines(&self) -> Vec<Kind> {
        self.plan.engines.iter().copied().filter(|kind| kind.is_engine()).collect()
    }

    fn loads(&mut self) -> Result<()> {
        let engines = self.engines();
        let mut progress = Progress::new(Row::Load.name(), self.plan.loads * engines.len());
        for _ in 0..self.plan.loads {
            for kind in &engines {
                progress.step(&kind.to_string());
                self.load_one(*kind)?;
            }
        }
        Ok(())
    }

    fn load_one(&mut self, kind: Kind) -> Result<()> {
        let folder = loaded(self.plan, kind);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let subject = kind.open(&folder, Budget::WARM)?;
        let begun = Instant::now();
        load(&*subject, self.plan.items, self.values)?;
        let rate = self.plan.items as f64 / begun.elapsed().as_secs_f64();
        self.report.add(Row::Load, kind, rate);
        subject.flush()?;
        wait_until_quiet(SETTLING)?;
        drop(subject);
        let data = self.plan.items * (crate::data::KEY_LEN + crate::data::VALUE_LEN) as u64;
        self.report.add(Row::DiskBytes, kind, disk_bytes(&folder)? as f64 / data as f64);
        Ok(())
    }

    fn reads(&mut self, budget: Budget, rows: &[Row]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let open = |kind: Kind| Ok((kind, kind.open(&loaded(self.plan, kind), budget)?));
        let subjects = self.engines().into_iter().map(open).collect::<Result<Vec<_>>>()?;
        for (_, subject) in &subjects {
            scan_all(&**subject)?;
            (0..2).try_for_each(|_| self.turn(Row::GetWarm, &**subject, 0).map(drop))?;
        }
        wait_until_quiet(SETTLING)?;
        rows.iter().try_for_each(|row| self.turns(*row, &subjects))
    }

    fn puts(&mut self, row: Row) -> Result<()> {
        let open = |kind: &Kind| {
            let folder = self.plan.folder.join(format!("{kind}-puts"));
            Ok((*kind, kind.open(&folder, Budget::WARM)?))
        };
        let subjects = self.plan.engines.iter().map(open).collect::<Result<Vec<_>>>()?;
        self.turns(row, &subjects)?;
        drop(subjects);
        for kind in &self.plan.engines {
            std::fs::remove_dir_all(self.plan.folder.join(format!("{kind}-puts")))?;
        }
        Ok(())
    }

    fn turns(&mut self, row: Row, subjects: &[(Kind, Box<dyn Subject>)]) -> Result<()> {
        let mut progress = Progress::new(row.name(), self.plan.rounds * subjects.len());
        for round in 0..self.plan.rounds {
            for (kind, subject) in subjects {
                progress.step(&kind.to_string());
                if !row.is_of_loaded() {
                    wait_until_quiet(SETTLING)?;
                }
                let rate = self.turn(row, &**subject, round as u64 + 1)?;
                self.report.add(row, *kind, rate);
            }
        }
        Ok(())
    }

    /// One turn; how many of what the row counts were done in a second.
    fn turn(&self, row: Row, subject: &dyn Subject, round: u64) -> Result<f64> {
        let items = self.plan.items;
        let mut draw = Draw::new(round);
        match row {
            Row::GetWarm | Row::GetSmall => {
                timed(|| subject.get(&key(draw.below(items))).map(|len| usize::from(len > 0)))
            }
            Row::Scan => timed(|| subject.scan(&key(draw.below(items)), 100).map(|seen| seen.min(1))),
            Row::FullScan => {
                let begun = Instant::now();
                Ok(scan_all(subject)? as f64 / begun.elapsed().as_secs_f64())
            }
            Row::PutOne => self.put(subject, round, 1),
            Row::Put16 => self.put(subject, round, 16),
            Row::Put256 => self.put(subject, round, 256),
            Row::Writers => self.put_by_many(subject, round),
            Row::Load | Row::DiskBytes => Err(anyhow!("this is measured by loading")),
        }
    }

    fn put(&self, subject: &dyn Subject, round: u64, per_sync: usize) -> Result<f64> {
        let mut next = round << 32;
        timed(|| {
            put_some(subject, 0, &mut next, per_sync, self.values)?;
            Ok(per_sync)
        })
    }

    fn put_by_many(&self, subject: &dyn Subject, round: u64) -> Result<f64> {
        let write = |writer: usize| {
            let mut next = (round << 40) + ((writer as u64) << 32);
            timed(|| put_some(subject, writer % TABLES, &mut next, 1, self.values).map(|()| 1))
        };
        thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
            let rates =
                writers.into_iter().map(|writer| writer.join().map_err(|_| anyhow!("a writer panicked"))?);
            rates.sum()
        })
    }
}

/// Puts items `0..items` into table 0, in the order of their numbers, which is a random order of their keys.
pub fn load(subject: &dyn Subject, items: u64, values: &Values) -> Result<()> {
    let mut next = 0;
    while next < items {
        let count = LOADED_PER_SYNC.min(usize::try_from(items - next)?);
        put_some(subject, 0, &mut next, count, values)?;
    }
    Ok(())
}

fn put_some(
    subject: &dyn Subject,
    table: usize,
    next: &mut u64,
    count: usize,
    values: &Values,
) -> Result<()> {
    let pairs: Vec<(Key, &[u8])> =
        (*next..).take(count).map(|number| (key(number), values.of(number))).collect();
    *next += count as u64;
    subject.put(table, &pairs)
}

fn scan_all(subject: &dyn Subject) -> Result<usize> {
    subject.scan(&[0; crate::data::KEY_LEN], usize::MAX)
}

/// Does it again and again for one turn; the sum of what it counts, for a second.
fn timed(mut once: impl FnMut() -> Result<usize>) -> Result<f64> {
    let (begun, mut count) = (Instant::now(), 0);
    loop {
        count += once()?;
        let elapsed = begun.elapsed();
        if elapsed >= TURN {
            return Ok(count as f64 / elapsed.as_secs_f64());
        }
    }
}
