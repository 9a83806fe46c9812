//! The binary from outside: its options, its start, its stop.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests look at the real world from outside; a failed unwrap is a failed test"
)]

mod clock;
mod fixture;
mod options;
mod starting;
mod stopping;
