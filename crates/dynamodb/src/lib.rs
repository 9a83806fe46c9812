//! (front page follows)

pub mod capacity;
pub mod error;
pub mod expression;
pub mod item_key;
pub mod item_view;
pub mod key_locks;
pub mod operations;
pub mod parameters;
pub mod return_values;
pub mod service;
pub mod table;
pub mod value;
mod worker;

pub use service::DynamoDb;
