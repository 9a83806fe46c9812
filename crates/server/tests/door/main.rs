//! The door from outside: raw bytes over TCP against a listener with a room that only echoes.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests look at the real world from outside; a failed unwrap is a failed test"
)]

mod calls;
mod fixture;
mod limits;
mod pages;
mod signatures;
mod stopping;
mod tls;
