//! The DynamoDB API.

mod batch_get_item;
mod batch_write_item;
mod create_table;
mod delete_item;
mod delete_table;
mod describe_endpoints;
mod describe_limits;
mod describe_table;
mod get_item;
mod keys_of_tables;
mod list_tables;
mod put_item;
mod query;
mod scan;
mod transact_get_items;
mod transact_write_items;
mod update_item;
mod update_table;
