//! The doors: listener, routing, wiring.
//!
//! Map: [`listener`] (TCP, TLS, HTTP; how the door closes) · [`limits`] · [`watchdog`] (slow clients) ·
//! [`tls`] · [`router`] (from a request to an operation) · [`body`] · [`answer`] · [`metrics`] ·
//! [`clock`] (the test clock) · [`config`] (what a server is told) · [`wiring`] (which rooms
//! there are, and what they are made of) · [`verify`] (a stopped server's data) · [`server`] (how it starts, runs and stops) · [`start_error`].
//!
//! Invariants: every call of an API has its signature verified before a room sees it; everything a client may
//! take is bounded by [`limits`]; [`wiring`] alone names an engine.

pub mod answer;
pub mod body;
pub mod clock;
pub mod config;
pub mod limits;
pub mod listener;
pub mod metrics;
pub mod router;
pub mod server;
pub mod start_error;
pub mod tls;
pub mod verify;
pub mod watchdog;
pub mod wiring;

pub use config::{Config, Storage, StoreOptions};
pub use engine::local::Compression;
pub use kms::{Home, RootKeySource};
pub use limits::Limits;
pub use server::Server;
pub use start_error::StartError;
pub use tls::TlsFiles;
