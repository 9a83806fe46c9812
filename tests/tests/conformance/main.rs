//! Every operation through the AWS SDK for Rust, one file each, against what AWS answers.
//!
//! Each test has a server of its own. [`world`] starts it and speaks to it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod dynamodb;
mod kms;
mod world;
