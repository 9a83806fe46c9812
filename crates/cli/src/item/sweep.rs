//! `strongroom item encrypt-table|migrate|rewrap|rebind|verify`: a table swept in place.

use std::io::{self, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use item_encryption_client::ItemCodec;
use item_encryption_client::migration::treatment::Recoding;
use item_encryption_client::migration::{Event, Goal, Report, StoreError, Sweep};
use item_encryption_command::Verifying;
use item_encryption_command::config::Format;
use item_encryption_command::json::json_of;
use item_encryption_format::Value;
use serde_json::json;
use tokio::runtime::Runtime;

use super::checkpoint::{Checkpoint, StoredReport};
use super::progress::{Progress, counts};
use super::service::Service;
use super::table::{Endpoint, Table};
use super::{AnyNames, OwnNames, codec};

/// A sweep that writes.
#[derive(Args)]
pub struct WritingSweep {
    #[command(flatten)]
    sweep: ReadingSweep,
    /// A configuration under which items are read, where it is another than the one under which they are written:
    /// the old keys, actions or names
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Only tell what would be written, and what would be refused
    #[arg(long)]
    dry_run: bool,
}

/// Each keeps a key in the checkpoint.
const MAX_SEGMENTS: i64 = 1024;

/// A sweep that reads.
#[derive(Args)]
pub struct ReadingSweep {
    #[command(flatten)]
    names: AnyNames,
    /// The table, by name or ARN; what its items are bound to is the configuration's logical table name
    #[arg(long, value_name = "NAME")]
    table: String,
    #[command(flatten)]
    endpoint: Endpoint,
    /// A file that says how far the sweep has come, so that it goes on there after a stop; it is removed at the end
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// How many items are treated in a second, at most
    #[arg(long, value_name = "ITEMS PER SECOND")]
    rate: Option<NonZero<u32>>,
    /// How many items are worked on at a time
    #[arg(long, value_name = "ITEMS", default_value = "8")]
    in_flight: NonZero<u16>,
    /// How many segments of the table are swept side by side; a checkpoint goes on with the same number
    #[arg(long, value_name = "SEGMENTS", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=MAX_SEGMENTS))]
    segments: u32,
    /// How many items are read at a time in a segment, at most; else 1 MB
    #[arg(long, value_name = "ITEMS")]
    page: Option<NonZero<u32>>,
}

/// Sweeps a table and writes.
pub fn write(runtime: &Runtime, goal: Goal, arguments: &WritingSweep) -> anyhow::Result<()> {
    let own = &arguments.sweep.names.own;
    let from = arguments.from.as_ref();
    let from = from.map(|config| {
        let names = OwnNames { config: config.clone(), ca_cert: own.ca_cert.clone() };
        codec(&names, &arguments.sweep.names.also)
    });
    run(runtime, goal, &arguments.sweep, from.transpose()?, arguments.dry_run)
}

/// Sweeps a table and only reads.
pub fn read(runtime: &Runtime, arguments: &ReadingSweep) -> anyhow::Result<()> {
    run(runtime, Goal::Verify, arguments, None, false)
}

fn run(
    runtime: &Runtime,
    goal: Goal,
    arguments: &ReadingSweep,
    from: Option<item_encryption_command::Codec>,
    dry_run: bool,
) -> anyhow::Result<()> {
    let to = codec(&arguments.names.own, &arguments.names.also)?;
    if goal != Goal::Verify && to.format() == Format::Legacy {
        bail!(
            "a sweep writes the current format: set format = \"dbesdk\", and read the legacy one by read-policy"
        );
    }
    let to: Arc<dyn ItemCodec<Value>> = match goal {
        Goal::Verify => Arc::new(Verifying(to)),
        _ => Arc::new(to),
    };
    let from = from.map(|codec| Arc::new(codec) as Arc<dyn ItemCodec<Value>>);
    let table = runtime.block_on(table(&arguments.table, &arguments.endpoint, &arguments.names.own, &*to))?;
    // A dry run must leave nothing to go on from.
    let file = arguments.checkpoint.clone().filter(|_| !dry_run);
    let segments = NonZero::new(arguments.segments).unwrap_or(NonZero::<u32>::MIN);
    let checkpoint = Checkpoint::new(file, name(goal), &table.id, segments);
    let sweep = Sweep {
        in_flight: usize::from(arguments.in_flight.get()),
        items_per_second: arguments.rate,
        page_items: arguments.page.map(NonZero::get),
        dry_run,
    };
    let mut progress = Progress::new(table.items);
    let told = |event: Event<'_, Value>| told(event, &checkpoint, &mut progress);
    let recoding = Recoding::new(goal, to, from);
    let report = runtime.block_on(sweep.run(&table, &recoding, checkpoint.load()?, told));
    progress.clear();
    ended(&report.map_err(stopped(&arguments.checkpoint))?, dry_run)
}

/// The table of this name.
pub async fn table(
    name: &str,
    at: &Endpoint,
    names: &OwnNames,
    codec: &dyn ItemCodec<Value>,
) -> anyhow::Result<Table> {
    let (endpoint, region) = (at.endpoint.as_deref(), at.region.as_deref());
    let service = Service::new("dynamodb", endpoint, region, names.ca_cert.clone())?;
    Table::open(service, name, codec.table()).await
}

fn name(goal: Goal) -> &'static str {
    match goal {
        Goal::Encrypt => "encrypt-table",
        Goal::Migrate => "migrate",
        Goal::Rewrap => "rewrap",
        Goal::Rebind => "rebind",
        Goal::Verify => "verify",
    }
}

/// Refused items go to stdout at once, and what is done is kept.
fn told(event: Event<'_, Value>, checkpoint: &Checkpoint, progress: &mut Progress) -> Result<(), StoreError> {
    match event {
        Event::Refused { key, reason } => {
            progress.clear();
            let line = json!({ "Key": json_of(key), "Error": reason });
            writeln!(io::stdout(), "{line}")
                .map_err(|error| StoreError::Table(format!("cannot write to stdout: {error}")))
        }
        Event::Page { positions, report } => {
            progress.show(report);
            checkpoint.save(positions).map_err(|error| StoreError::Table(format!("{error:#}")))
        }
    }
}

fn stopped(checkpoint: &Option<PathBuf>) -> impl Fn(StoreError) -> anyhow::Error {
    let advice = match checkpoint {
        Some(_) => "the sweep stopped; the same command goes on where it is",
        None => "the sweep stopped; the same command begins again, and finds done what is done",
    };
    move |error| anyhow::Error::new(error).context(advice)
}

fn ended(report: &Report, dry_run: bool) -> anyhow::Result<()> {
    let line = json!({ "Report": StoredReport(*report), "DryRun": dry_run });
    writeln!(io::stdout(), "{line}").context("cannot write to stdout")?;
    let outcome = if dry_run { " (a dry run: nothing was written)" } else { "" };
    eprintln!("{}{outcome}", counts(report));
    match report.refused {
        0 => Ok(()),
        refused => bail!("{refused} of {} items were refused", report.scanned),
    }
}
