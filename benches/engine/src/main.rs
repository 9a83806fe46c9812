//! How fast the engine is, next to others that encrypt nothing; `cargo xtask bench engine` builds and starts this.
//! `docs/benchmarks.md` tells how to read it.
//!
//! Map: [`subject`] (the engines, behind one small trait) · [`data`] (keys and values) · [`rows`] (what is asked of
//! all of them, in turns) · [`alone`] (what only ours does) · [`process`] (what a process costs) · [`report`] (the
//! table) · [`chart`] (the same as a picture) · [`progress`].
//!
//! All engines run in one process, under one allocator, with the same budgets, and take turns of about a second;
//! a turn begins when the background work of the last one is done. Ratios of medians are what counts.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement reads real clocks and files and talks to the person who asked for it"
)]

mod alone;
mod chart;
mod data;
mod process;
mod progress;
mod report;
mod rows;
mod subject;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

use report::Report;
use subject::Kind;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the engine next to others.
#[derive(Parser)]
#[command(name = "cargo xtask bench engine", bin_name = "cargo xtask bench engine")]
struct Options {
    /// Items that are loaded, of 1 KB each.
    #[arg(long, default_value_t = 1_000_000)]
    items: u64,
    /// Turns of each engine in each row; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Loads of all items.
    #[arg(long, default_value_t = 3)]
    loads: usize,
    /// Only rows whose names begin so; may be given several times.
    #[arg(long)]
    only: Vec<String>,
    /// Which engines, the first of which is compared with the others.
    #[arg(long, value_delimiter = ',', default_values_t = Kind::DEFAULT)]
    engines: Vec<Kind>,
    /// Where the engines write: a folder on the disk that is to be measured; beside the results, if not given.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Where the table and the chart go.
    #[arg(long, default_value = "target/bench")]
    results: PathBuf,
    #[command(subcommand)]
    part: Option<alone::Part>,
}

/// What all rows need to know.
pub struct Plan {
    /// Items that are loaded.
    pub items: u64,
    /// Turns in each row.
    pub rounds: usize,
    /// Loads of all items.
    pub loads: usize,
    /// Which engines.
    pub engines: Vec<Kind>,
    /// Where they write.
    pub folder: PathBuf,
    only: Vec<String>,
}

impl Plan {
    /// Whether a row of this name is asked for.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()))
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(part) = &options.part {
        return part.run();
    }
    let Options { items, rounds, loads, only, engines, folder, results, .. } = options;
    let folder = folder.unwrap_or_else(|| results.join(format!("engine-data-{}", std::process::id())));
    let plan = Plan { items, rounds: rounds.max(1), loads: loads.max(1), engines, folder, only };
    let report = measure(&plan);
    let removed = std::fs::remove_dir_all(&plan.folder);
    let report = report?;
    println!("{report}");
    std::fs::create_dir_all(&results)?;
    let chart = results.join("engine.svg");
    std::fs::write(&chart, chart::draw(&report))?;
    std::fs::write(results.join("engine.txt"), report.to_string())?;
    println!("the same as a chart: {}", chart.display());
    Ok(removed?)
}

fn measure(plan: &Plan) -> Result<Report> {
    std::fs::create_dir_all(&plan.folder)?;
    let mut report = Report::new(plan);
    rows::measure(plan, &mut report)?;
    alone::measure(plan, &mut report)?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use crate::rows::Row;

    #[test]
    fn no_row_is_named_as_another() {
        let names: std::collections::BTreeSet<_> = Row::ALL.iter().map(|row| row.name()).collect();
        assert_eq!(names.len(), Row::ALL.len());
    }
}
