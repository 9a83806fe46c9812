//! The table, and how far the server is from its targets.

use std::fmt;
use std::time::Duration;

use crate::load::Taken;

/// Shares of the ceiling that are wanted, in requests per second.
const TARGETS: [(&str, f64); 2] = [("GetItem", 0.40), ("PutItem", 0.25)];
const FIRST_ANSWER: Duration = Duration::from_millis(50);
const IDLE_RSS: u64 = 30 * 1024 * 1024;
const BINARY: u64 = 25_000_000;

/// A start on an empty directory.
pub struct Start {
    pub first_answer: Duration,
    pub idle_rss: u64,
    pub binary_bytes: u64,
}

/// One workload.
pub struct Measured {
    pub name: String,
    pub per_second: f64,
    pub p50_us: u32,
    pub p99_us: u32,
    pub per_cpu_second: f64,
}

impl Measured {
    pub fn new(name: &str, taken: Taken, cpu_seconds: f64) -> Self {
        let count = taken.latencies_us.len();
        let at = |share: f64| taken.latencies_us.get((count as f64 * share) as usize).copied().unwrap_or(0);
        Self {
            name: name.to_owned(),
            per_second: count as f64 / taken.elapsed.as_secs_f64(),
            p50_us: at(0.50),
            p99_us: at(0.99),
            per_cpu_second: count as f64 / cpu_seconds.max(0.01),
        }
    }
}

/// All of it; the first workload is the ceiling.
pub struct Report {
    pub connections: usize,
    pub start: Start,
    pub measured: Vec<Measured>,
}

impl Report {
    /// A workload's share of the ceiling.
    pub fn share(&self, measured: &Measured) -> f64 {
        self.measured.first().map_or(0.0, |ceiling| measured.per_second / ceiling.per_second)
    }

    fn targets(&self) -> Vec<(String, bool)> {
        let mut lines = Vec::new();
        for (name, wanted) in TARGETS {
            let share = self.measured.iter().find(|one| one.name == name).map_or(0.0, |one| self.share(one));
            let line =
                format!("{name}: {:.0} % of the ceiling, wanted {:.0} %", share * 100.0, wanted * 100.0);
            lines.push((line, share >= wanted));
        }
        let Start { first_answer, idle_rss, binary_bytes } = self.start;
        let millis = first_answer.as_secs_f64() * 1000.0;
        lines
            .push((format!("first answer after {millis:.0} ms, wanted 50 ms"), first_answer <= FIRST_ANSWER));
        let mib = idle_rss as f64 / f64::from(1 << 20);
        lines.push((format!("idle memory {mib:.1} MiB, wanted 30 MiB"), idle_rss <= IDLE_RSS));
        let megabytes = binary_bytes as f64 / 1e6;
        lines.push((format!("binary {megabytes:.1} MB, wanted 25 MB"), binary_bytes <= BINARY));
        lines
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} connections, 1 KB items; the load generator runs on the same machine\n",
            self.connections
        )?;
        writeln!(
            f,
            "{:<22} {:>10} {:>9} {:>9} {:>10} {:>9}",
            "", "requests/s", "p50 ms", "p99 ms", "per CPU-s", "ceiling"
        )?;
        for one in &self.measured {
            let (p50, p99) = (f64::from(one.p50_us) / 1000.0, f64::from(one.p99_us) / 1000.0);
            writeln!(
                f,
                "{:<22} {:>10.0} {p50:>9.2} {p99:>9.2} {:>10.0} {:>7.0} %",
                one.name,
                one.per_second,
                one.per_cpu_second,
                self.share(one) * 100.0
            )?;
        }
        writeln!(f)?;
        for (line, reached) in self.targets() {
            writeln!(f, "{} {line}", if reached { "reached:" } else { "MISSED: " })?;
        }
        Ok(())
    }
}
