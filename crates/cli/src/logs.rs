//! Logs, on stderr.

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::options::LogFormat;

/// Begins to log what `filter` lets through.
pub fn begin(filter: Option<&str>, format: LogFormat) -> anyhow::Result<()> {
    let text = filter.unwrap_or("info");
    let filter = EnvFilter::try_new(text)
        .with_context(|| format!("--log {text:?} cannot be read; give a level such as info or debug"))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => logs.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
    Ok(())
}
