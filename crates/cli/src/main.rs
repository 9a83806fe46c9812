//! `strongroom`: the one binary.
//!
//! Map: [`arguments`] (the command line) · [`options`] (what `serve` can be told, by flag, variable or file) ·
//! [`resolve`] (the same, checked, as a [`server::Config`]) · [`serve`] (start, signals, stop) ·
//! [`announce`] (what is shown at the start) · [`logs`] · [`clock`] (`strongroom clock advance`) ·
//! [`item`] (`strongroom item`) · [`duration`] · [`client`] (one signed call).

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
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The causes in one line, outermost first.
            eprintln!("strongroom: {error:#}");
            ExitCode::FAILURE
        }
    }
}
