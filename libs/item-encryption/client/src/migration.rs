//! Tables rewritten in place, item by item, while applications go on reading and writing.
//!
//! A sweep scans the table, asks a [`Treatment`] what is to become of each item, and replaces the item where
//! nobody changed it meanwhile; else the item is read and treated again. It can be stopped at any time and
//! goes on after the last whole page; items of a page that are treated twice are found done, or written once more.
//!
//! Map: [`store`] (the table, through whatever client) · [`treatment`] (what becomes of an item) · [`sweep`] (the
//! scan) · [`report`] (what was done) · `pace` (not faster than asked).

mod pace;
pub mod report;
pub mod store;
pub mod sweep;
pub mod treatment;

pub use report::Report;
pub use store::{ItemStore, Page, Replaced, Segment, StoreError};
pub use sweep::{Event, Position, Sweep};
pub use treatment::{Goal, Treatment, Verdict};
