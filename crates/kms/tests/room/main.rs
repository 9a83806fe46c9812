//! The room, driven as the router drives it, over the engine in memory.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

mod aliases;
mod creation;
mod deletion;
mod failures;
mod joint;
mod messages;
mod naming;
mod paging;
mod shredding;
mod states;
mod tags;
mod world;
