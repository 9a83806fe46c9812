//! Many items at a time, over the cores.
//!
//! All tasks share one codec, and so the caches of its keyring: a key that is fetched once serves them all.

use std::sync::Arc;

use futures::stream::{self, Stream, StreamExt};
use tokio::task::JoinHandle;

use crate::codec::{Item, ItemCodec, ItemError, Opened};

/// How many tasks keep the cores busy while others wait for a KMS.
#[must_use]
pub fn usual_tasks() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get) * 4
}

/// Encrypts items with `tasks` at a time, and answers in their order.
pub async fn encrypt_many<V: Send + Sync + 'static>(
    codec: &Arc<dyn ItemCodec<V>>,
    items: Vec<Item<V>>,
    tasks: usize,
) -> Vec<Result<Item<V>, ItemError>> {
    let spawned = stream::iter(items).map(|item| {
        let codec = Arc::clone(codec);
        joined(tokio::spawn(async move { codec.encrypt(item).await }))
    });
    spawned.buffered(tasks.max(1)).collect().await
}

/// Decrypts items as they come with `tasks` at a time, and answers in their order. A refused item is an error in
/// its place; the others go on.
pub fn decrypt_stream<V: Send + Sync + 'static>(
    codec: Arc<dyn ItemCodec<V>>,
    items: impl Stream<Item = Item<V>>,
    tasks: usize,
) -> impl Stream<Item = Result<Opened<V>, ItemError>> {
    let spawned = items.map(move |item| {
        let codec = Arc::clone(&codec);
        joined(tokio::spawn(async move { codec.decrypt(item).await }))
    });
    spawned.buffered(tasks.max(1))
}

async fn joined<T>(task: JoinHandle<Result<T, ItemError>>) -> Result<T, ItemError> {
    task.await
        .unwrap_or_else(|_| Err(ItemError::Other("the task that worked on the item has ended".to_owned())))
}
