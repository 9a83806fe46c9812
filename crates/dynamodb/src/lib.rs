//! (front page follows)

pub mod attribute_fields;
pub mod capacity;
pub mod error;
pub mod expression;
pub mod item_key;
pub mod item_view;
pub mod key_locks;
pub mod operations;
pub mod page_request;
pub mod parameters;
pub mod read_path;
pub mod return_values;
pub mod service;
pub mod starting_key;
pub mod table;
pub mod value;
mod worker;
pub mod write_path;

pub use service::DynamoDb;
