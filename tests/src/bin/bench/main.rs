//! How fast the server is, next to one of the same stack that does nothing; `cargo xtask bench` builds and starts
//! this.
//!
//! Map: [`workload`] (what is asked) · [`load`] (N kept connections that ask) · [`process`] (what it costs the
//! server) · [`report`] (the table, the targets) · [`chart`] (the same as a picture).
//!
//! Requests are signed ahead, so that the load generator has little to do: it shares the machine with the server.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement reads real clocks and files and talks to the person who asked for it"
)]

mod chart;
mod load;
mod process;
mod report;
mod workload;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tests::http::{Request, exchange};
use tests::{Server, Setup};

use load::Load;
use process::Process;
use report::{Measured, Report, Start};
use workload::Workload;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what| {
        arguments
            .next()
            .with_context(|| format!("usage: bench CONNECTIONS SECONDS FOLDER; {what} is missing"))
    };
    let connections: usize = next("CONNECTIONS")?.parse()?;
    let seconds: u64 = next("SECONDS")?.parse()?;
    let folder = PathBuf::from(next("FOLDER")?);
    let report = measure(Load { connections, duration: Duration::from_secs(seconds) })?;
    println!("{report}");
    std::fs::create_dir_all(&folder)?;
    let chart = folder.join("bench.svg");
    std::fs::write(&chart, chart::draw(&report))?;
    println!("\nthe same as a chart: {}", chart.display());
    Ok(())
}

fn measure(load: Load) -> Result<Report> {
    let start = measure_start()?;
    let server = quiet().start();
    workload::fill(&server)?;
    let mut measured = vec![measure_ceiling(&load, &server)?];
    for workload in Workload::ALL {
        let requests = workload.requests(server.address())?;
        measured.push(run(workload.name(), &load, &requests, server.address(), server.pid())?);
    }
    Ok(Report { connections: load.connections, start, measured })
}

/// A server that logs no calls.
fn quiet() -> Setup {
    Setup::new().variable("STRONGROOM_LOG", "warn")
}

fn measure_ceiling(load: &Load, server: &Server) -> Result<Measured> {
    let ceiling = Process::start_beside("bench_ceiling")?;
    let requests = Workload::PutItem.requests(server.address())?;
    run("no-op server", load, &requests, ceiling.address, ceiling.pid())
}

fn run(
    name: &str,
    load: &Load,
    requests: &[Vec<u8>],
    address: std::net::SocketAddr,
    pid: u32,
) -> Result<Measured> {
    load.warm_up(requests, address).with_context(|| format!("{name}: warming up"))?;
    let cpu_before = process::cpu_seconds(pid)?;
    let taken = load.run(requests, address).with_context(|| name.to_owned())?;
    let cpu_seconds = process::cpu_seconds(pid)? - cpu_before;
    Ok(Measured::new(name, taken, cpu_seconds))
}

/// From the start of the process on an empty directory to its first answer; the best of five, since the first
/// start after a build reads the binary from disk.
fn measure_start() -> Result<Start> {
    let mut first_answer = Duration::MAX;
    let mut idle_rss = 0;
    for _ in 0..5 {
        let begun = Instant::now();
        let server = quiet().start();
        let health = Request::get("/healthz").to_bytes(&server.address().to_string());
        exchange(server.address(), &health)?;
        first_answer = first_answer.min(begun.elapsed());
        std::thread::sleep(Duration::from_millis(300));
        idle_rss = process::resident_bytes(server.pid())?;
    }
    let binary_bytes = std::fs::metadata(tests::server::binary())?.len();
    Ok(Start { first_answer, idle_rss, binary_bytes })
}
