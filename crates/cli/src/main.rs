//! `strongroom`: the one binary.
//!
//! Map: [`arguments`] (the command line) · [`options`] (what `serve` can be told, by flag, variable or file) ·
//! [`resolve`] (the same, checked, as a [`server::Config`]) · [`serve`] (start, signals, stop) ·
//! [`announce`] (what is shown at the start) · [`logs`] · [`clock`] (`strongroom clock advance`) ·
//! [`item`] (`strongroom item`) · [`verify`]
//! (`strongroom verify`) · [`duration`] · [`client`] (one signed call).

mod announce;
mod arguments;
mod client;
mod clock;
mod duration;
mod item;
mod logs;
mod options;
mod resolve;
mod serve;
mod verify;

use std::process::ExitCode;

use arguments::Command;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let done = match arguments::parse() {
        Command::Serve(arguments) => serve::run(*arguments),
        Command::Clock(clock::ClockCommand::Advance(advance)) => clock::advance(&advance),
        Command::Item(command) => item::run(command),
        // Its status 1 says that something is damaged.
        Command::Verify(arguments) => {
            return verify::run(arguments).unwrap_or_else(|error| failed(&error, 2));
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, 1),
    }
}

fn failed(error: &anyhow::Error, status: u8) -> ExitCode {
    // The causes in one line, outermost first.
    eprintln!("strongroom: {error:#}");
    ExitCode::from(status)
}
