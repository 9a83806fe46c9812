//! `strongroom serve`.

use std::time::Duration;

use anyhow::Context;
use server::Server;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::arguments::ServeArguments;
use crate::options::{LogFormat, ServeOptions};
use crate::{announce, logs, resolve};

/// Signals this soon after the first repeat it.
const REPETITION: Duration = Duration::from_secs(1);
/// How long calls that outlasted the drain may hold the process.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// Serves until the process is told to stop.
pub fn run(arguments: ServeArguments) -> anyhow::Result<()> {
    let options = gather(arguments)?;
    let format = options.log_format.unwrap_or_default();
    logs::begin(options.log.as_deref(), format)?;
    let config = resolve::config(options)?;
    let runtime = runtime()?;
    let served = runtime.block_on(serve(config, format));
    // Calls that outlasted the drain are left behind; what they were told is durable, the rest was not told.
    runtime.shutdown_timeout(LEFT_BEHIND);
    served
}

fn gather(arguments: ServeArguments) -> anyhow::Result<ServeOptions> {
    let given = arguments.options.with_secret_variables();
    match &arguments.config {
        Some(file) => Ok(given.or(ServeOptions::of_file(file)?)),
        None => Ok(given),
    }
}

/// One thread for each core.
fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")
}

async fn serve(config: server::Config, format: LogFormat) -> anyhow::Result<()> {
    // Before anything is opened, so that a signal at any time ends in a clean stop.
    let signals = Signals::listen().context("cannot listen for signals")?;
    let region = config.region.clone();
    let mut server = Server::start(config).await?;
    for warning in &server.announcement.warnings {
        tracing::warn!("{warning}");
    }
    announce::ready(&server.announcement, &region, format).context("cannot write to stdout")?;
    server.announcement.made_credentials = None;
    server
        .run(signals.told_to_stop())
        .await
        .context("the last writes failed; the next start reads them from the log")?;
    tracing::info!("stopped");
    Ok(())
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Ends at the first signal; at a later one the process ends without ceremony.
    async fn told_to_stop(mut self) {
        self.next().await;
        tracing::info!("told to stop: finishing the calls under way");
        tokio::spawn(async move {
            self.pass_over_repetitions().await;
            self.next().await;
            tracing::warn!("told to stop again: ending at once");
            std::process::exit(1);
        });
    }

    /// Supervisors signal a process and then its group: that is one wish, not two.
    async fn pass_over_repetitions(&mut self) {
        let repetitions = async {
            loop {
                self.next().await;
            }
        };
        let _: Result<(), _> = tokio::time::timeout(REPETITION, repetitions).await;
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
