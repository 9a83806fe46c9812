//! `strongroom verify`: reads everything in the data directory of a stopped server, and authenticates it.
//!
//! Map: [`report`] (what was found, as text).

mod report;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use env::Env;
use indicatif::{ProgressBar, ProgressStyle};
use server::verify::{Place, Setting, Verification};
use server::{Home, RootKeySource};

use crate::options::ServeOptions;
use crate::resolve;
use report::Report;

/// The exit status where something is damaged.
const DAMAGED: u8 = 1;

/// The arguments of `verify`.
#[derive(Args)]
pub struct VerifyArguments {
    /// The data directory
    #[arg(value_name = "DATA-DIR")]
    data_dir: PathBuf,
    /// A file with the root key; without any, the one beside the data directory is taken
    #[arg(long, value_name = "FILE", env = "STRONGROOM_ROOT_KEY_FILE")]
    root_key_file: Option<PathBuf>,
    /// A file with the passphrase from which the root key is stretched
    #[arg(long, value_name = "FILE", env = "STRONGROOM_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
    /// Ask for the passphrase at the terminal
    #[arg(long)]
    ask_passphrase: bool,
    /// The Region that the server plays [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "STRONGROOM_REGION")]
    region: Option<String>,
    /// The account that the server plays [default: 000000000000]
    #[arg(long, value_name = "ID", env = "STRONGROOM_ACCOUNT_ID")]
    account_id: Option<String>,
    /// Also list every place: what was found, file, first and last byte, name
    #[arg(long)]
    list: bool,
}

/// Walks the directory and tells what was found; the status says whether anything is damaged.
pub fn run(arguments: VerifyArguments) -> anyhow::Result<ExitCode> {
    let (list, setting) = (arguments.list, setting(arguments)?);
    // The rooms that hand out keys say in their log what the report says again.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let verification = runtime.block_on(Verification::open(&Env::real(), setting))?;
    let mut report = Report::new(&verification);
    walk(&verification, list, &mut report).context("the data directory cannot be walked")?;
    print(&report.to_string())?;
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) })
}

fn setting(arguments: VerifyArguments) -> anyhow::Result<Setting> {
    let folder = arguments.data_dir;
    let given = ServeOptions {
        root_key_file: arguments.root_key_file,
        passphrase_file: arguments.passphrase_file,
        ask_passphrase: Some(arguments.ask_passphrase),
        ..ServeOptions::default().with_secret_variables()
    };
    let root_key = resolve::root_key(given, &folder)?.unwrap_or(RootKeySource::Beside);
    let home = Home {
        region: resolve::region(arguments.region)?,
        account_id: resolve::account_id(arguments.account_id)?,
    };
    Ok(Setting { folder, root_key, home })
}

fn walk(verification: &Verification, list: bool, report: &mut Report<'_>) -> anyhow::Result<()> {
    let progress = progress(verification.bytes()?);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut written = Ok(());
    verification.run(&mut |place: Place| {
        progress.inc(place.bytes.end - place.bytes.start);
        if list && written.is_ok() {
            written = writeln!(out, "{}", report::line(&place));
        }
        report.add(&place);
    })?;
    progress.finish_and_clear();
    Ok(written.and_then(|()| out.flush())?)
}

/// A bar on a terminal; else nothing.
fn progress(bytes: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(
        "{bar:40} {bytes} of {total_bytes} ({binary_bytes_per_sec}, {eta} left)",
    );
    let bar = ProgressBar::new(bytes);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

fn print(text: &str) -> anyhow::Result<()> {
    write!(io::stdout().lock(), "{text}").context("cannot write to stdout")
}
