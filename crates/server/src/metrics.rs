//! What the server counts, in the text format of Prometheus.
//!
//! Nothing here names a table, a key or a caller. Operations are counted by name only where they exist, so
//! no client can make the list grow.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

/// Upper bounds of the latency buckets, in microseconds.
const BUCKETS_US: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];
/// The statuses that are counted each for itself; others count as 500.
const STATUSES: [u16; 8] = [200, 400, 403, 404, 408, 413, 500, 503];
/// What calls are counted under that name no operation.
const NO_OPERATION: &str = "none";

/// The counters of one server.
#[derive(Default)]
pub struct Metrics {
    operations: RwLock<HashMap<String, Arc<OperationMetrics>>>,
    refused_signatures: RwLock<BTreeMap<&'static str, u64>>,
    /// Connections open now.
    pub connections_open: AtomicU64,
    /// Connections taken since the start.
    pub connections_total: AtomicU64,
    /// Connections answered 503 for the connection limit.
    pub connections_refused: AtomicU64,
    /// Connections ended because their client was too slow.
    pub connections_expired: AtomicU64,
    /// Calls that ended in a panic.
    pub panics: AtomicU64,
}

#[derive(Default)]
struct OperationMetrics {
    statuses: [AtomicU64; STATUSES.len()],
    buckets: [AtomicU64; BUCKETS_US.len()],
    total_us: AtomicU64,
    count: AtomicU64,
}

/// A number that a room tells when asked: its name, its help text, its value. One whose name ends in `_total`
/// only grows.
pub type Gauge = (&'static str, &'static str, f64);

impl Metrics {
    /// Counts a call of `target` (as in `X-Amz-Target`), or of no operation that exists.
    pub fn count_call(&self, target: Option<&str>, status: u16, took: Duration) {
        self.operation(target.unwrap_or(NO_OPERATION)).count(status, took);
    }

    /// Counts a refused signature.
    pub fn count_refused_signature(&self, exception: &'static str) {
        *self.refused_signatures.write().entry(exception).or_default() += 1;
    }

    fn operation(&self, name: &str) -> Arc<OperationMetrics> {
        if let Some(known) = self.operations.read().get(name) {
            return Arc::clone(known);
        }
        Arc::clone(self.operations.write().entry(name.to_owned()).or_default())
    }

    /// All of it as text, with the rooms' own numbers.
    #[must_use]
    pub fn render(&self, gauges: &[Gauge]) -> String {
        let mut text = String::with_capacity(16 * 1024);
        self.render_connections(&mut text);
        self.render_signatures(&mut text);
        self.render_operations(&mut text);
        for (name, help, value) in gauges {
            let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
            header(&mut text, name, help, kind);
            let _ = writeln!(text, "{name} {value}");
        }
        text
    }

    fn render_connections(&self, text: &mut String) {
        let counters = [
            ("connections_total", "Connections taken.", &self.connections_total),
            ("connections_refused_total", "Connections over the limit.", &self.connections_refused),
            (
                "connections_expired_total",
                "Connections of clients that were too slow.",
                &self.connections_expired,
            ),
            ("panics_total", "Calls that ended in a panic.", &self.panics),
        ];
        simple(text, "connections_open", "Connections open now.", "gauge", &self.connections_open);
        for (name, help, value) in counters {
            simple(text, name, help, "counter", value);
        }
    }

    fn render_signatures(&self, text: &mut String) {
        header(
            text,
            "strongroom_refused_signatures_total",
            "Requests whose signature was refused.",
            "counter",
        );
        for (exception, count) in &*self.refused_signatures.read() {
            let _ =
                writeln!(text, "strongroom_refused_signatures_total{{exception=\"{exception}\"}} {count}");
        }
    }

    fn render_operations(&self, text: &mut String) {
        let operations = self.operations.read();
        let mut sorted: Vec<_> = operations.iter().collect();
        sorted.sort_by_key(|(name, _)| *name);
        header(text, "strongroom_requests_total", "Calls by operation and HTTP status.", "counter");
        sorted.iter().for_each(|(name, operation)| operation.render_statuses(name, text));
        header(text, "strongroom_request_duration_seconds", "From a call's head to its answer.", "histogram");
        sorted.iter().for_each(|(name, operation)| operation.render_latency(name, text));
    }
}

impl OperationMetrics {
    fn count(&self, status: u16, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let status = STATUSES.iter().position(|known| *known == status);
        let status = status.or_else(|| STATUSES.iter().position(|known| *known == 500)).unwrap_or_default();
        self.statuses[status].fetch_add(1, Ordering::Relaxed);
        if let Some(bucket) = BUCKETS_US.iter().position(|bound| us <= *bound) {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
        self.total_us.fetch_add(us, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn render_statuses(&self, operation: &str, text: &mut String) {
        for (status, count) in STATUSES.iter().zip(&self.statuses) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                let labels = format!("operation=\"{operation}\",status=\"{status}\"");
                let _ = writeln!(text, "strongroom_requests_total{{{labels}}} {count}");
            }
        }
    }

    fn render_latency(&self, operation: &str, text: &mut String) {
        let name = "strongroom_request_duration_seconds";
        let count = self.count.load(Ordering::Relaxed);
        let mut below = 0;
        for (bound_us, bucket) in BUCKETS_US.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            let bound = seconds(*bound_us);
            let _ = writeln!(text, "{name}_bucket{{operation=\"{operation}\",le=\"{bound}\"}} {below}");
        }
        let sum = seconds(self.total_us.load(Ordering::Relaxed));
        let _ = writeln!(text, "{name}_bucket{{operation=\"{operation}\",le=\"+Inf\"}} {count}");
        let _ = writeln!(text, "{name}_sum{{operation=\"{operation}\"}} {sum}");
        let _ = writeln!(text, "{name}_count{{operation=\"{operation}\"}} {count}");
    }
}

fn simple(text: &mut String, name: &str, help: &str, kind: &str, value: &AtomicU64) {
    let name = format!("strongroom_{name}");
    header(text, &name, help, kind);
    let _ = writeln!(text, "{name} {}", value.load(Ordering::Relaxed));
}

fn header(text: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn seconds(us: u64) -> f64 {
    Duration::from_micros(us).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::Metrics;
    use std::time::Duration;

    #[test]
    fn calls_are_counted_by_operation_status_and_time() {
        let metrics = Metrics::default();
        metrics.count_call(Some("DynamoDB_20120810.GetItem"), 200, Duration::from_micros(300));
        metrics.count_call(Some("DynamoDB_20120810.GetItem"), 400, Duration::from_secs(60));
        metrics.count_call(None, 400, Duration::ZERO);
        metrics.count_refused_signature("InvalidSignatureException");
        let text = metrics.render(&[
            ("strongroom_tables_open", "Tables open now.", 3.0),
            ("strongroom_write_stalls_total", "Commits that had to wait.", 4.0),
        ]);
        for line in [
            r#"strongroom_requests_total{operation="DynamoDB_20120810.GetItem",status="200"} 1"#,
            r#"strongroom_requests_total{operation="DynamoDB_20120810.GetItem",status="400"} 1"#,
            r#"strongroom_requests_total{operation="none",status="400"} 1"#,
            r#"strongroom_request_duration_seconds_bucket{operation="DynamoDB_20120810.GetItem",le="0.00025"} 0"#,
            r#"strongroom_request_duration_seconds_bucket{operation="DynamoDB_20120810.GetItem",le="0.0005"} 1"#,
            r#"strongroom_request_duration_seconds_bucket{operation="DynamoDB_20120810.GetItem",le="5"} 1"#,
            r#"strongroom_request_duration_seconds_bucket{operation="DynamoDB_20120810.GetItem",le="+Inf"} 2"#,
            r#"strongroom_request_duration_seconds_sum{operation="DynamoDB_20120810.GetItem"} 60.0003"#,
            r#"strongroom_refused_signatures_total{exception="InvalidSignatureException"} 1"#,
            "strongroom_connections_open 0",
            "strongroom_tables_open 3",
            "# TYPE strongroom_tables_open gauge",
            "strongroom_write_stalls_total 4",
            "# TYPE strongroom_write_stalls_total counter",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
