//! What `serve` can be told: the same options as flags, as environment variables, and as keys of a TOML file.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use zeroize::Zeroizing;

/// The longest configuration file, in bytes.
const MAX_FILE_LEN: u64 = 1 << 20;

/// The options, none of them checked yet; `None` is not given.
#[derive(Args, Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServeOptions {
    /// Where to listen; port 0 takes any free port [default: 127.0.0.1:8000]
    #[arg(long, value_name = "HOST:PORT", env = "STRONGROOM_LISTEN", help_heading = "Network")]
    pub listen: Option<String>,
    /// The server's certificate chain, PEM; makes it speak TLS
    #[arg(long, value_name = "FILE", env = "STRONGROOM_TLS_CERT", help_heading = "Network")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", env = "STRONGROOM_TLS_KEY", help_heading = "Network")]
    pub tls_key: Option<PathBuf>,
    /// Connections at one time; further ones are answered 503 [default: 512]
    #[arg(long, value_name = "N", env = "STRONGROOM_MAX_CONNECTIONS", help_heading = "Network")]
    pub max_connections: Option<u32>,
    /// Seconds that calls under way may take after SIGTERM [default: 15]
    #[arg(long, value_name = "SECONDS", env = "STRONGROOM_DRAIN_SECONDS", help_heading = "Network")]
    pub drain_seconds: Option<u32>,

    /// The data directory; made where it is missing [default: ./strongroom-data]
    #[arg(long, value_name = "FOLDER", env = "STRONGROOM_DATA_DIR", help_heading = "Storage")]
    pub data_dir: Option<PathBuf>,
    /// Keep everything in memory: nothing is written, nothing survives, the data directory is not used
    #[arg(
        long, value_name = "BOOL", env = "STRONGROOM_MEMORY", help_heading = "Storage", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_possible_values = true,
    )]
    pub memory: Option<bool>,
    /// Compress the files of tables made from now on, before they are encrypted [default: none]
    ///
    /// What is compressed tells by its length how much of it repeats, to whoever sees the disk: see
    /// docs/encryption-at-rest.md.
    #[arg(long, value_name = "HOW", env = "STRONGROOM_COMPRESSION", help_heading = "Storage")]
    pub compression: Option<TableCompression>,
    /// Start without what is damaged in the log: commits that were acknowledged are lost, and named in the server's log
    #[arg(
        long, value_name = "BOOL", env = "STRONGROOM_SALVAGE_LOG", help_heading = "Storage", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_possible_values = true,
    )]
    pub salvage_log: Option<bool>,

    /// A file with the root key: 64 hexadecimal digits, base64, or 32 raw bytes
    ///
    /// The root key seals what the server itself keeps. It can also be given itself, as STRONGROOM_ROOT_KEY or
    /// as `root-key` in the file of --config. Without any of these and without a passphrase, a key file is made
    /// beside the data directory at the first start.
    #[arg(long, value_name = "FILE", env = "STRONGROOM_ROOT_KEY_FILE", help_heading = "Root key")]
    pub root_key_file: Option<PathBuf>,
    /// The root key itself; no flag, since others can read command lines.
    #[arg(skip)]
    pub root_key: Option<Secret>,
    /// A file with a passphrase, from which the root key is stretched
    #[arg(long, value_name = "FILE", env = "STRONGROOM_PASSPHRASE_FILE", help_heading = "Root key")]
    pub passphrase_file: Option<PathBuf>,
    /// Ask for the passphrase at the terminal
    #[arg(
        long, value_name = "BOOL", env = "STRONGROOM_ASK_PASSPHRASE", help_heading = "Root key", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_possible_values = true,
    )]
    pub ask_passphrase: Option<bool>,

    /// The Region that the server plays; signatures must name it [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "STRONGROOM_REGION", help_heading = "Account")]
    pub region: Option<String>,
    /// The account that the server plays, 12 digits [default: 000000000000]
    #[arg(long, value_name = "ID", env = "STRONGROOM_ACCOUNT_ID", help_heading = "Account")]
    pub account_id: Option<String>,
    /// The root user's access key
    ///
    /// Its secret is given as STRONGROOM_ROOT_SECRET_ACCESS_KEY or as `root-secret-access-key` in the file of
    /// --config. Without both, an access key is made at the first start, shown once, and kept sealed.
    #[arg(long, value_name = "ID", env = "STRONGROOM_ROOT_ACCESS_KEY_ID", help_heading = "Account")]
    pub root_access_key_id: Option<String>,
    /// The root user's secret access key; no flag, since others can read command lines.
    #[arg(skip)]
    pub root_secret_access_key: Option<Secret>,

    /// What to log, on stderr: a level, or levels by part, such as info,audit=debug [default: info]
    #[arg(long, value_name = "FILTER", env = "STRONGROOM_LOG", help_heading = "Logs and tests")]
    pub log: Option<String>,
    /// How to write logs and the ready line [default: text]
    #[arg(long, value_name = "FORMAT", env = "STRONGROOM_LOG_FORMAT", help_heading = "Logs and tests")]
    pub log_format: Option<LogFormat>,
    /// Let signed calls move the server's clock forward (see: strongroom clock advance)
    #[arg(
        long, value_name = "BOOL", env = "STRONGROOM_TEST_CLOCK", help_heading = "Logs and tests", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_possible_values = true,
    )]
    pub test_clock: Option<bool>,
}

/// How the files of new tables are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum TableCompression {
    /// Not at all: lengths tell nothing of contents.
    #[default]
    None,
    /// Fast.
    Lz4,
    /// Shorter.
    Zstd,
}

/// How logs and the ready line are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object of JSON on each line.
    Json,
}

/// A text that is wiped on drop and never shown.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl Secret {
    /// The text itself.
    pub fn into_inner(self) -> Zeroizing<String> {
        self.0
    }

    fn from_variable(name: &str) -> Option<Self> {
        std::env::var(name).ok().filter(|text| !text.is_empty()).map(Self::from)
    }
}

impl ServeOptions {
    /// Adds the options that are taken from the environment only.
    pub fn with_secret_variables(mut self) -> Self {
        self.root_key = Secret::from_variable("STRONGROOM_ROOT_KEY");
        self.root_secret_access_key = Secret::from_variable("STRONGROOM_ROOT_SECRET_ACCESS_KEY");
        self
    }

    /// Reads the options of a TOML file.
    pub fn of_file(file: &Path) -> anyhow::Result<Self> {
        let read = || {
            let bytes = Zeroizing::new(env::disk::read_file(&env::RealDisk, file, MAX_FILE_LEN)?);
            let text = std::str::from_utf8(&bytes).map_err(|_| anyhow!("it is not UTF-8"))?;
            Self::of_toml(text)
        };
        read().with_context(|| format!("cannot use the configuration file {}", file.display()))
    }

    /// Names what is wrong and where; never the line itself, in which a secret may stand.
    fn of_toml(text: &str) -> anyhow::Result<Self> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            anyhow!("line {line}: {}", error.message())
        })
    }

    /// These options, and where one is not given, the other's.
    pub fn or(self, other: Self) -> Self {
        Self {
            listen: self.listen.or(other.listen),
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            max_connections: self.max_connections.or(other.max_connections),
            drain_seconds: self.drain_seconds.or(other.drain_seconds),
            data_dir: self.data_dir.or(other.data_dir),
            memory: self.memory.or(other.memory),
            salvage_log: self.salvage_log.or(other.salvage_log),
            compression: self.compression.or(other.compression),
            root_key_file: self.root_key_file.or(other.root_key_file),
            root_key: self.root_key.or(other.root_key),
            passphrase_file: self.passphrase_file.or(other.passphrase_file),
            ask_passphrase: self.ask_passphrase.or(other.ask_passphrase),
            region: self.region.or(other.region),
            account_id: self.account_id.or(other.account_id),
            root_access_key_id: self.root_access_key_id.or(other.root_access_key_id),
            root_secret_access_key: self.root_secret_access_key.or(other.root_secret_access_key),
            log: self.log.or(other.log),
            log_format: self.log_format.or(other.log_format),
            test_clock: self.test_clock.or(other.test_clock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LogFormat, ServeOptions, TableCompression};
    use std::path::Path;

    #[test]
    fn every_option_can_stand_in_the_file() {
        let options = ServeOptions::of_toml(
            r#"
            listen = "127.0.0.1:0"
            tls-cert = "cert.pem"
            tls-key = "key.pem"
            max-connections = 64
            drain-seconds = 5
            data-dir = "/srv/strongroom"
            memory = false
            salvage-log = false
            compression = "lz4"
            root-key-file = "root.key"
            root-key = "00"
            passphrase-file = "phrase"
            ask-passphrase = false
            region = "eu-central-1"
            account-id = "123456789012"
            root-access-key-id = "AKID"
            root-secret-access-key = "secret"
            log = "debug"
            log-format = "json"
            test-clock = true
            "#,
        )
        .unwrap();
        assert_eq!(options.data_dir.as_deref(), Some(Path::new("/srv/strongroom")));
        assert_eq!(options.log_format, Some(LogFormat::Json));
        assert_eq!(options.compression, Some(TableCompression::Lz4));
        assert_eq!(options.test_clock, Some(true));
        assert!(options.root_secret_access_key.is_some());
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_told_with_their_line_and_without_it() {
        let told = |text| ServeOptions::of_toml(text).err().unwrap().to_string();
        assert!(
            told("region = \"x\"\nlisten-on = \"secret\"").starts_with("line 2: unknown field `listen-on`")
        );
        assert!(told("memory = \"perhaps\"").starts_with("line 1: "));
        assert!(!told("root-key = \"very secret\" oops").contains("very secret"));
    }

    #[test]
    fn the_first_of_two_wins() {
        let one = ServeOptions { region: Some("one".into()), memory: Some(false), ..ServeOptions::default() };
        let other = ServeOptions {
            region: Some("other".into()),
            memory: Some(true),
            log: Some("warn".into()),
            ..ServeOptions::default()
        };
        let both = one.or(other);
        assert_eq!(both.region.as_deref(), Some("one"));
        assert_eq!(both.memory, Some(false));
        assert_eq!(both.log.as_deref(), Some("warn"));
    }
}
