//! The command line.

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::clock::ClockCommand;
use crate::item::ItemCommand;
use crate::options::ServeOptions;
use crate::verify::VerifyArguments;

/// A DynamoDB-compatible database in which encryption is real.
#[derive(Parser)]
#[command(name = "strongroom", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the DynamoDB and KMS APIs
    ///
    /// Every option can also be given as the environment variable named with it, or as a key of the TOML file
    /// given with --config (`data-dir = "/srv/strongroom"`). The command line wins over the environment, the
    /// environment over the file.
    Serve(Box<ServeArguments>),
    /// Move the clock of a server that was started with --test-clock
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Encrypt, decrypt and explain items that are encrypted before they leave the application
    #[command(subcommand)]
    Item(ItemCommand),
    /// Read and authenticate everything in the data directory of a stopped server
    ///
    /// Nothing is changed. With the root key, every record and block is authenticated; tables whose KMS key is
    /// disabled, and all tables where the root key is not at hand, are checked by structure only. Ends with status
    /// 0 where nothing is damaged, 1 where something is, 2 where the directory cannot be read at all.
    Verify(VerifyArguments),
}

/// The arguments of `serve`.
#[derive(Args)]
pub struct ServeArguments {
    /// A TOML file with any of these options
    #[arg(long, value_name = "FILE", env = "STRONGROOM_CONFIG")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub options: ServeOptions,
}

/// Reads the command line; ends the process where it asks for help or cannot be read.
pub fn parse() -> Command {
    let matches = command().get_matches();
    Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()).command
}

/// The names of variables belong into the help, their present values do not.
fn command() -> clap::Command {
    fn hide(command: clap::Command) -> clap::Command {
        command.mut_args(|argument| argument.hide_env_values(true)).mut_subcommands(hide)
    }
    hide(Arguments::command())
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Command, command};
    use clap::FromArgMatches;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn a_switch_needs_no_value_and_takes_one() {
        let memory = |arguments: &[&str]| {
            let matches = command().try_get_matches_from(arguments).unwrap();
            match Arguments::from_arg_matches(&matches).unwrap().command {
                Command::Serve(serve) => serve.options.memory,
                Command::Clock(_) | Command::Item(_) | Command::Verify(_) => None,
            }
        };
        assert_eq!(memory(&["strongroom", "serve"]), None);
        assert_eq!(memory(&["strongroom", "serve", "--memory"]), Some(true));
        assert_eq!(memory(&["strongroom", "serve", "--memory=false"]), Some(false));
    }

    #[test]
    fn the_help_of_serve_names_every_variable() {
        let mut command = command();
        let serve = command.find_subcommand_mut("serve").unwrap();
        let help = serve.render_long_help().to_string();
        for argument in serve.get_arguments().filter(|argument| argument.get_id() != "help") {
            let Some(long) = argument.get_long().filter(|long| *long != "version") else { continue };
            let variable = format!("STRONGROOM_{}", long.to_uppercase().replace('-', "_"));
            assert!(help.contains(&format!("[env: {variable}]")), "{variable}\n{help}");
        }
    }
}
