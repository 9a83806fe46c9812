//! Many items at a time, over the cores.
//!
//! All tasks share one codec, and so the caches of its keyring: a key that is fetched once serves them all. At most as
//! many items as there are tasks are in memory beside those that are asked for or answered, and a task for whose item
//! nobody waits any more is ended.

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
        Awaited(tokio::spawn(async move { codec.encrypt(item).await })).joined()
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
        Awaited(tokio::spawn(async move { codec.decrypt(item).await })).joined()
    });
    spawned.buffered(tasks.max(1))
}

/// A task that goes on for as long as somebody waits for it.
struct Awaited<T>(JoinHandle<Result<T, ItemError>>);

impl<T> Awaited<T> {
    async fn joined(mut self) -> Result<T, ItemError> {
        (&mut self.0).await.unwrap_or_else(|_| {
            Err(ItemError::Other("the task that worked on the item has ended".to_owned()))
        })
    }
}

impl<T> Drop for Awaited<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::{StreamExt, stream};
    use item_encryption_format::{TableConfig, Value};
    use tokio::sync::Semaphore;

    use super::decrypt_stream;
    use crate::codec::{Answer, Item, ItemCodec, Opened};
    use crate::policy::Form;

    /// Answers when it is let, and counts how many items it has begun and dropped.
    struct Slow {
        table: TableConfig,
        begun: AtomicUsize,
        dropped: Arc<AtomicUsize>,
        let_through: Semaphore,
    }

    struct Counted(Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl ItemCodec<Value> for Slow {
        fn encrypt(&self, item: Item<Value>) -> Answer<'_, Item<Value>> {
            Box::pin(async move { Ok(item) })
        }

        fn decrypt(&self, item: Item<Value>) -> Answer<'_, Opened<Value>> {
            self.begun.fetch_add(1, Ordering::SeqCst);
            let counted = Counted(Arc::clone(&self.dropped));
            Box::pin(async move {
                let _counted = counted;
                self.let_through.acquire().await.expect("it is never closed").forget();
                Ok(Opened { item, form: Form::Plaintext, bound_to: None })
            })
        }

        fn table(&self) -> &TableConfig {
            &self.table
        }
    }

    fn slow() -> Arc<Slow> {
        let table = TableConfig::new("Notes", "id", None);
        let (begun, dropped) = (AtomicUsize::new(0), Arc::default());
        Arc::new(Slow { table, begun, dropped, let_through: Semaphore::new(0) })
    }

    #[tokio::test]
    async fn no_more_items_are_begun_than_tasks_are_wanted() {
        let codec = slow();
        let taken = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&taken);
        let items = stream::repeat_with(move || {
            counting.fetch_add(1, Ordering::SeqCst);
            Item::<Value>::new()
        });
        let mut opened = Box::pin(decrypt_stream(Arc::clone(&codec) as Arc<dyn ItemCodec<Value>>, items, 4));
        for answered in 0..50 {
            codec.let_through.add_permits(1);
            assert!(opened.next().await.expect("it has no end").is_ok());
            let taken = taken.load(Ordering::SeqCst);
            assert!(taken <= answered + 1 + 4, "{taken} items for {answered} answers");
        }
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_ended() {
        let codec = slow();
        let items = stream::repeat_with(Item::<Value>::new);
        let mut opened = Box::pin(decrypt_stream(Arc::clone(&codec) as Arc<dyn ItemCodec<Value>>, items, 3));
        tokio::select! {
            biased;
            _ = opened.next() => unreachable!("nothing is let through"),
            () = async { while codec.begun.load(Ordering::SeqCst) < 3 { tokio::task::yield_now().await } } => {}
        }
        drop(opened);
        while codec.dropped.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
        assert_eq!(codec.begun.load(Ordering::SeqCst), 3);
    }
}
