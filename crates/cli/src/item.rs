//! `strongroom item`: encrypts, decrypts and explains items, one per line of DynamoDB JSON, and sweeps tables.
//!
//! Map: this file (arguments, one line in and one out) · [`lines`] (lines of bounded length) · [`sweep`] (tables
//! rewritten or verified in place) · [`checkpoint`] and [`progress`] (of a sweep) · [`key_store`] (`strongroom item
//! key-store`) · [`search`] (beacons) · [`connect`] (what a configuration names) · [`table`], [`key_tables`] and [`kms`] (through the
//! binary's own client, as a [`service`]).

mod checkpoint;
mod connect;
mod key_store;
mod key_tables;
mod kms;
mod lines;
mod progress;
mod search;
mod service;
mod sweep;
mod table;

use std::io::{self, BufReader, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use item_encryption_client::migration::Goal;
use item_encryption_command::json::{Item, read_item, write_item};
use item_encryption_command::{Codec, Config};
use serde_json::json;
use tokio::runtime::Runtime;

use lines::{Line, Lines};
use sweep::{ReadingSweep, WritingSweep};
use table::Endpoint;

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
    /// which tells nothing of the item's content. The exit status is 1 where one does not open. With --table and
    /// --key the item is fetched instead.
    Explain(Explained),
    /// Tell the beacons of plaintext items
    ///
    /// Items are DynamoDB JSON, one per line; each is answered with the attributes that `encrypt` writes beside it, and
    /// with its signed compound beacons. The configuration has a [search], and needs no keyrings for this.
    Beacons(search::InPartition),
    /// Rewrite queries so that they ask for beacons
    ///
    /// Requests of Query or Scan as JSON, one per line; each is answered with a line {"Requests": [...]}, whose answers
    /// together hold all that was asked for. Nothing is sent. Items that are found are to be decrypted and held
    /// against the request again, since different values may have the same beacon.
    RewriteQuery(OwnNames),
    /// Encrypt the plaintext items of a table in place
    ///
    /// Applications go on reading and writing meanwhile, if their read policy admits plaintext. An item that somebody
    /// changes is read again, never overwritten. Refused items become lines {"Key": ..., "Error": ...} on stdout, the
    /// last line is {"Report": ...}; the exit status is 1 where any was refused.
    EncryptTable(WritingSweep),
    /// Move the legacy items of a table to the current format
    ///
    /// As encrypt-table; the configuration reads both: read-policy = ["current", "legacy"] and [legacy-provider].
    Migrate(WritingSweep),
    /// Write the items of a table again: to new keys, changed actions, another suite
    ///
    /// As encrypt-table; --from names the configuration with the old keys or actions.
    Rewrap(WritingSweep),
    /// Bind the items of a table to the logical table name
    ///
    /// As encrypt-table; read-as (or --also) names what the items are bound to.
    Rebind(WritingSweep),
    /// Open every item of a table and tell which do not
    ///
    /// Nothing is written. Plaintext items are refused unless the read policy admits them.
    Verify(ReadingSweep),
    /// Make and rotate the branch keys of a hierarchical keyring
    #[command(subcommand)]
    KeyStore(key_store::KeyStoreCommand),
}

/// What is to be explained.
#[derive(Args)]
pub struct Explained {
    #[command(flatten)]
    names: AnyNames,
    /// The key of the item, as DynamoDB JSON
    #[arg(long, value_name = "JSON", requires = "table")]
    key: Option<String>,
    /// The table of the item, by name or ARN
    #[arg(long, value_name = "NAME", requires = "key")]
    table: Option<String>,
    #[command(flatten)]
    endpoint: Endpoint,
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
            codec.check_writing().with_context(|| names.config.display().to_string())?;
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
        ItemCommand::Explain(explained) => explain(&runtime, &explained),
        ItemCommand::Beacons(arguments) => search::beacons(&runtime, &arguments),
        ItemCommand::RewriteQuery(own) => search::rewrite_query(&runtime, &own),
        ItemCommand::EncryptTable(arguments) => sweep::write(&runtime, Goal::Encrypt, &arguments),
        ItemCommand::Migrate(arguments) => sweep::write(&runtime, Goal::Migrate, &arguments),
        ItemCommand::Rewrap(arguments) => sweep::write(&runtime, Goal::Rewrap, &arguments),
        ItemCommand::Rebind(arguments) => sweep::write(&runtime, Goal::Rebind, &arguments),
        ItemCommand::Verify(arguments) => sweep::read(&runtime, &arguments),
        ItemCommand::KeyStore(command) => runtime.block_on(key_store::run(command)),
    }
}

fn explain(runtime: &Runtime, explained: &Explained) -> anyhow::Result<()> {
    let names = &explained.names;
    let codec = codec(&names.own, &[])?;
    let explain = async |item: &Item| {
        let told = codec.explain(item, &names.also).await;
        let line = json!({ "Opens": told.opens, "Findings": told.findings }).to_string();
        Answer { line, refused: !told.opens }
    };
    let (Some(table), Some(key)) = (&explained.table, &explained.key) else {
        return each_line(runtime, async |line| Ok(explain(&read_item(line)?).await));
    };
    let key = read_item(key).map_err(anyhow::Error::msg).context("--key")?;
    let answer = runtime.block_on(async {
        let table = sweep::table(table, &explained.endpoint, &names.own, &codec).await?;
        let item = table.item(&key).await?.context("the table has no item with this key")?;
        anyhow::Ok(explain(&item).await)
    })?;
    writeln!(io::stdout(), "{}", answer.line).context("cannot write to stdout")?;
    if answer.refused { bail!("the item does not open") } else { Ok(()) }
}

fn codec(names: &OwnNames, also: &[String]) -> anyhow::Result<Codec> {
    let mut config = Config::load(&names.config)?;
    config.read_as.extend_from_slice(also);
    let connect = connect::Connector::new(names.ca_cert.clone());
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
