//! What only ours does, or what is asked of it alone.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use engine::{AsOf, CheckpointId, Engine};
use futures::executor::block_on;

use crate::Plan;
use crate::data::{Key, Values, key};
use crate::process::{Footprint, wait_until_quiet};
use crate::progress::Progress;
use crate::report::{Report, median};
use crate::rows::{Row, load, loaded};
use crate::subject::{Budget, Kind, Strongroom, Subject, keyspace, table_key};

const KILLED_TABLES: usize = 100;
const WRITTEN_PER_SYNC: usize = 128;
const IDLE_TABLES: usize = 1000;
const SETTLING: Duration = Duration::from_secs(60);

/// Names of these rows.
pub const SWITCH: &str = "key switch";
const CHECKPOINT: &str = "checkpoint and adopt";
const KILLED: &str = "open after SIGKILL, 100 tables";
const IDLE: &str = "1,000 idle tables";
const CIPHER: &str = "cipher's share of the load";
const SYNC_STREAM: &str = "8 writers for 1 writer";

/// What runs in a process of its own.
#[derive(Subcommand)]
pub enum Part {
    /// Loads items over a hundred tables, says so, and goes on until it is killed.
    #[command(hide = true)]
    WriteUntilKilled { folder: PathBuf, items: u64 },
    /// Tells what a thousand open tables cost.
    #[command(hide = true)]
    IdleTables { folder: PathBuf },
    /// Loads items at random, 256 per sync.
    #[command(hide = true)]
    Load { folder: PathBuf, items: u64 },
}

impl Part {
    /// Runs it.
    pub fn run(&self) -> Result<()> {
        match self {
            Self::WriteUntilKilled { folder, items } => write_until_killed(folder, *items),
            Self::IdleTables { folder } => idle_tables(folder),
            Self::Load { folder, items } => {
                load(&*Kind::Strongroom.open(folder, Budget::WARM)?, *items, &Values::new())
            }
        }
    }
}

/// Measures the rows that are asked for.
pub fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    if !plan.engines.contains(&Kind::Strongroom) {
        return Ok(());
    }
    if plan.wants(SWITCH) {
        switch(plan, report)?;
    }
    if plan.wants(CHECKPOINT) {
        checkpoint(plan, report)?;
    }
    if plan.wants(KILLED) {
        open_after_kill(plan, report)?;
    }
    if plan.wants(IDLE) {
        idle(plan, report)?;
    }
    if plan.wants(CIPHER) {
        cipher_share(plan, report)?;
    }
    if let (Some(many), Some(one)) =
        (report.median(Row::Writers, Kind::Strongroom), report.median(Row::PutOne, Kind::Strongroom))
    {
        report.tell(SYNC_STREAM, format!("{:.2} x", many / one), "at least 3 x", many / one >= 3.0);
    }
    Ok(())
}

/// The store with all items, loaded if no other row has.
fn loaded_store(plan: &Plan) -> Result<Strongroom> {
    let folder = loaded(plan, Kind::Strongroom);
    if !folder.exists() {
        load(&*Kind::Strongroom.open(&folder, Budget::WARM)?, plan.items, &Values::new())?;
    }
    let store = Strongroom::open(&folder, Budget::SMALL)?;
    store.flush()?;
    wait_until_quiet(SETTLING)?;
    Ok(store)
}

/// Of all items, and of a tenth of them in a store of its own.
fn checkpoint(plan: &Plan, report: &mut Report) -> Result<()> {
    let all = checkpoints(&loaded_store(plan)?, plan.rounds)?;
    let folder = plan.folder.join("tenth");
    let tenth = Strongroom::open(&folder, Budget::SMALL)?;
    load(&tenth, plan.items / 10, &Values::new())?;
    tenth.flush()?;
    wait_until_quiet(SETTLING)?;
    let of_tenth = checkpoints(&tenth, plan.rounds)?;
    drop(tenth);
    std::fs::remove_dir_all(&folder)?;
    let told = format!("{all:.1} ms, of a tenth {of_tenth:.1} ms");
    report.tell(CHECKPOINT, told, "under 20 ms, a tenth within 2 x", all < 20.0 && all < 2.0 * of_tenth);
    Ok(())
}

/// Milliseconds for a checkpoint of table 0 that is adopted as another.
fn checkpoints(store: &Strongroom, rounds: usize) -> Result<f64> {
    let engine = store.engine();
    let mut times = Vec::new();
    for round in 0..rounds.max(3) {
        let (id, adopted) = (CheckpointId([round as u8; 16]), keyspace(50_000 + round));
        let begun = Instant::now();
        block_on(engine.checkpoint(keyspace(0), id, table_key(1)))?;
        block_on(engine.adopt((id, table_key(1)), AsOf::Checkpoint, adopted, table_key(2)))?;
        times.push(millis(begun));
        block_on(engine.drop_checkpoint(id))?;
        block_on(engine.drop_keyspace(adopted))?;
    }
    Ok(median(&mut times).unwrap_or(0.0))
}

fn switch(plan: &Plan, report: &mut Report) -> Result<()> {
    let store = loaded_store(plan)?;
    let mut times = Vec::new();
    for round in 0..plan.rounds * 2 {
        let begun = Instant::now();
        // There and back, so that the store opens under its own key again.
        let table = if round.is_multiple_of(2) { 99_999 } else { 0 };
        block_on(store.engine().switch_table_key(keyspace(0), table_key(table)))?;
        times.push(millis(begun));
    }
    let time = median(&mut times).unwrap_or(0.0);
    report.tell(SWITCH, format!("{time:.1} ms"), "under 20 ms", time < 20.0);
    Ok(())
}

fn open_after_kill(plan: &Plan, report: &mut Report) -> Result<()> {
    let folder = plan.folder.join("killed");
    let mut progress = Progress::new(KILLED, plan.rounds);
    let (mut store_times, mut times) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        progress.step("strongroom");
        kill_under_load(&folder, plan.items)?;
        let begun = Instant::now();
        let store = Strongroom::open_as_shipped(&folder, 0)?;
        store_times.push(millis(begun));
        store.open_first(KILLED_TABLES)?;
        times.push(millis(begun));
    }
    let (store, all) = (median(&mut store_times).unwrap_or(0.0), median(&mut times).unwrap_or(0.0));
    let told = format!("{all:.0} ms, {store:.0} of them before the first table");
    report.tell(KILLED, told, "under 300 ms", all < 300.0);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn kill_under_load(folder: &Path, items: u64) -> Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("write-until-killed").arg(folder).arg(items.to_string()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("its output is piped")?).read_line(&mut line)?;
    std::thread::sleep(Duration::from_millis(500));
    child.kill()?;
    child.wait()?;
    ensure!(line.trim() == "loaded", "the writer ended early");
    Ok(())
}

fn write_until_killed(folder: &Path, items: u64) -> Result<()> {
    let store = Strongroom::open_as_shipped(folder, KILLED_TABLES)?;
    let values = Values::new();
    let is_full = block_on(store.engine().get(keyspace(0), &crate::subject::engine_key(&key(0))))?.is_some();
    let first = if is_full { items } else { 0 };
    for (at, start) in (first..).step_by(WRITTEN_PER_SYNC).enumerate() {
        if (items..items + WRITTEN_PER_SYNC as u64).contains(&start) {
            println!("loaded");
            std::io::stdout().flush()?;
        }
        let pair = |number| (key(number), values.of(number));
        let pairs: Vec<(Key, &[u8])> = (start..).take(WRITTEN_PER_SYNC).map(pair).collect();
        store.put(at % KILLED_TABLES, &pairs)?;
    }
    Ok(())
}

fn idle(plan: &Plan, report: &mut Report) -> Result<()> {
    let folder = plan.folder.join("idle");
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg("idle-tables").arg(&folder).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the process with idle tables failed");
    let line = String::from_utf8(output.stdout)?;
    let numbers: Vec<i64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [resident, threads, handles] = numbers[..] else { anyhow::bail!("not three numbers: {line}") };
    let mib = resident as f64 / f64::from(1 << 20);
    let told = format!("{mib:+.1} MiB, {threads:+} threads, {handles:+} handles");
    report.tell(
        IDLE,
        told,
        "+32 MiB, no thread, bounded handles",
        mib <= 32.0 && threads <= 0 && handles <= 512,
    );
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Each table has an entry in a file; then all are opened by an engine that was empty.
fn idle_tables(folder: &Path) -> Result<()> {
    let values = Values::new();
    let store = Strongroom::open_as_shipped(folder, IDLE_TABLES)?;
    (0..IDLE_TABLES).try_for_each(|table| store.put(table, &[(key(table as u64), values.of(1))]))?;
    store.flush()?;
    drop(store);
    let store = Strongroom::open_as_shipped(folder, 0)?;
    wait_until_quiet(SETTLING)?;
    let before = Footprint::now()?;
    store.open_first(IDLE_TABLES)?;
    wait_until_quiet(SETTLING)?;
    let after = Footprint::now()?;
    let difference = |one: u64, other: u64| other as i64 - one as i64;
    println!(
        "{} {} {}",
        difference(before.resident, after.resident),
        difference(before.threads, after.threads),
        difference(before.handles, after.handles)
    );
    Ok(())
}

/// By sampling a load, where `perf` is there.
fn cipher_share(plan: &Plan, report: &mut Report) -> Result<()> {
    let (folder, samples) = (plan.folder.join("profiled"), plan.folder.join("perf.data"));
    let mut record = Command::new("perf");
    record.args(["record", "-q", "-F", "499", "-o"]).arg(&samples).arg(std::env::current_exe()?);
    record.arg("load").arg(&folder).arg(plan.items.to_string());
    if !record.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        report.tell(CIPHER, "not measured: needs `perf`".to_owned(), "under 12 %", false);
        return Ok(());
    }
    let mut tell = Command::new("perf");
    tell.args(["report", "--stdio", "-q", "--no-children", "-F", "overhead,sym", "-g", "none", "-i"])
        .arg(&samples);
    let profile = String::from_utf8_lossy(&tell.stderr(Stdio::null()).output()?.stdout).into_owned();
    let share = |names: &[&str]| -> f64 {
        let of = |line: &str| {
            Some((line.trim().split_once('%')?.0.trim().parse::<f64>().ok()?, line.to_lowercase()))
        };
        let lines = profile.lines().filter_map(of);
        lines.filter(|(_, line)| names.iter().any(|name| line.contains(name))).map(|(share, _)| share).sum()
    };
    let (cipher, digest) = (share(&["gcm", "aes", "ghash"]), share(&["sha256"]));
    let told = format!("{cipher:.1} % (and the digests of files {digest:.1} %)");
    report.tell(CIPHER, told, "under 12 %", cipher < 12.0);
    report.profile =
        profile.lines().filter(|line| !line.trim().is_empty()).take(12).map(str::to_owned).collect();
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn millis(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0
}
