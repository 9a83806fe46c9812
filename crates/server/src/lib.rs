//! The doors: listener, routing, wiring.
//!
//! Map: [`listener`] (TCP, TLS, HTTP; how the door closes) · [`limits`] · [`watchdog`] (slow clients) ·
//! [`tls`] · [`router`] (from a request to an operation) · [`body`] · [`answer`] · [`metrics`] ·
//! [`clock`] (the test clock).
//!
//! Invariants: every call of an API has its signature verified before a room sees it; everything a client may
//! take is bounded by [`limits`].

pub mod answer;
pub mod body;
pub mod clock;
pub mod limits;
pub mod listener;
pub mod metrics;
pub mod router;
pub mod start_error;
pub mod tls;
pub mod watchdog;

pub use limits::Limits;
pub use start_error::StartError;
pub use tls::TlsFiles;
