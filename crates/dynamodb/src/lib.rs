//! (front page follows)

pub mod error;
pub mod operations;
pub mod service;
pub mod table;
pub mod value;

pub use service::DynamoDb;
