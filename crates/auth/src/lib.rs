//! Who is calling, may they: signatures, credentials, policies.
//!
//! Map: [`sigv4`] (Signature Version 4, verified) · [`sign`] (the same, made: for our own client) ·
//! [`credentials`] (the access key of the account's root user) · [`principal`] (who somebody is) · [`error`].
//!
//! Invariants: nobody becomes a [`Principal`] but through [`sigv4::Verifier::verify`]; signatures are compared
//! in constant time; a secret access key is neither `Clone`, `Debug` nor `Serialize`, and is wiped on drop.

pub mod credentials;
pub mod error;
pub mod principal;
pub mod sign;
pub mod sigv4;

pub use credentials::{AccessKey, SecretAccessKey};
pub use error::AuthError;
pub use principal::Principal;
pub use sigv4::{Request, Verifier};
