//! Who is calling, may they: signatures, credentials, policies.
//!
//! Map: [`principal`] (who somebody is).

pub mod principal;

pub use principal::Principal;
