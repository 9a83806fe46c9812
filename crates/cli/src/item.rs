//! `strongroom item`: encrypts, decrypts and explains items, one per line of DynamoDB JSON.
//!
//! Map: this file (arguments, one line in and one out) · [`lines`] (lines of bounded length) · [`kms`] (the
//! KMS of a configuration, through the binary's own client).

mod kms;
mod lines;

use std::io::{self, BufReader, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use item_encryption_command::json::{read_item, write_item};
use item_encryption_command::{Codec, Config};
use serde_json::json;
use tokio::runtime::Runtime;

use lines::{Line, Lines};

/// The longest line that is read, in bytes; DynamoDB's items have 400 KiB.
const MAX_LINE_LEN: usize = 16 << 20;

/// What to do with items.
#[derive(Subcommand)]
pub enum ItemCommand {
    /// Encrypt and sign items
    ///
    /// Items are DynamoDB JSON, one per line, from stdin to stdout. A refused item becomes a line
    /// {"Error": "..."}; the others go on, and the exit status is 1 at the end.
    Encrypt(OwnNames),
    /// Verify and decrypt items
    ///
    /// Items are DynamoDB JSON, one per line, from stdin to stdout. A refused item becomes a line
    /// {"Error": "..."}; the others go on, and the exit status is 1 at the end.
    Decrypt(AnyNames),
    /// Tell why items do not open
    ///
    /// Items are DynamoDB JSON, one per line; each is answered with a line {"Opens": ..., "Findings": [...]},
    /// which tells nothing of the item's content. The exit status is 1 where one does not open.
    Explain(AnyNames),
}

/// Under a configuration as it stands.
#[derive(Args)]
pub struct OwnNames {
    /// The table, its attributes and its keys: a TOML or JSON file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The certificates to trust, PEM, where a KMS is reached over https
    #[arg(long, value_name = "FILE")]
    ca_cert: Option<PathBuf>,
}

/// Under a configuration and further table names.
#[derive(Args)]
pub struct AnyNames {
    #[command(flatten)]
    own: OwnNames,
    /// A further table name that items may be bound to (repeatable)
    #[arg(long, value_name = "NAME")]
    also: Vec<String>,
}

/// Runs over stdin.
pub fn run(command: ItemCommand) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match command {
        ItemCommand::Encrypt(names) => {
            let codec = codec(&names, &[])?;
            each_line(&runtime, async |line| {
                let sealed = codec.encrypt(read_item(line)?).await.map_err(|error| error.to_string())?;
                Ok(Answer::done(write_item(&sealed)))
            })
        }
        ItemCommand::Decrypt(names) => {
            let codec = codec(&names.own, &names.also)?;
            each_line(&runtime, async |line| {
                let opened = codec.decrypt(read_item(line)?).await.map_err(|error| error.to_string())?;
                Ok(Answer::done(write_item(&opened)))
            })
        }
        ItemCommand::Explain(names) => {
            let codec = codec(&names.own, &[])?;
            each_line(&runtime, async |line| {
                let told = codec.explain(&read_item(line)?, &names.also).await;
                let line = json!({ "Opens": told.opens, "Findings": told.findings }).to_string();
                Ok(Answer { line, refused: !told.opens })
            })
        }
    }
}

fn codec(names: &OwnNames, also: &[String]) -> anyhow::Result<Codec> {
    let mut config = Config::load(&names.config)?;
    config.read_as.extend_from_slice(also);
    let connect = kms::connector(names.ca_cert.clone());
    Codec::new(config, &connect).with_context(|| names.config.display().to_string())
}

/// What an item's line becomes.
struct Answer {
    line: String,
    refused: bool,
}

impl Answer {
    fn done(line: String) -> Self {
        Self { line, refused: false }
    }

    fn refused(reason: &str) -> Self {
        Self { line: json!({ "Error": reason }).to_string(), refused: true }
    }
}

/// Answers every line of stdin on stdout, before the next one is read where nothing waits.
fn each_line(
    runtime: &Runtime,
    mut answer: impl AsyncFnMut(&str) -> Result<Answer, String>,
) -> anyhow::Result<()> {
    let mut lines = Lines::new(BufReader::new(io::stdin().lock()), MAX_LINE_LEN);
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut read, mut refused) = (0u64, 0u64);
    while let Some(line) = lines.next().context("cannot read stdin")? {
        let answered = match line {
            Line::Blank => continue,
            Line::Text(text) => runtime.block_on(answer(text)),
            Line::Refused(reason) => Err(reason),
        };
        let answered = answered.unwrap_or_else(|reason| Answer::refused(&reason));
        read += 1;
        refused += u64::from(answered.refused);
        write(&mut out, &answered.line, lines.waits()).context("cannot write to stdout")?;
    }
    out.flush().context("cannot write to stdout")?;
    match refused {
        0 => Ok(()),
        _ => bail!("{refused} of {read} items were refused"),
    }
}

fn write(out: &mut impl Write, line: &str, flush: bool) -> io::Result<()> {
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    if flush { out.flush() } else { Ok(()) }
}

impl<R: io::Read> Lines<BufReader<R>> {
    /// Whether the next line has yet to arrive.
    fn waits(&self) -> bool {
        self.source().buffer().is_empty()
    }
}
