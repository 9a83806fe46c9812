//! Why a server does not start: a sentence that says what to do.

use std::path::PathBuf;

/// A start that failed; nothing was changed that the next start would mind.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A certificate or key file cannot be used.
    #[error("Cannot use {file} for TLS: {cause}. Give a PEM file there.", file = file.display())]
    Tls {
        /// Which.
        file: PathBuf,
        /// Why not.
        cause: String,
    },
}
