//! Ends connections whose client is too slow: with a head, between requests, or in taking an answer.
//!
//! One task looks at all connections a few times a second; a request costs it two stores of a number. Time is
//! counted in its own rounds, so nobody reads a clock.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::limits::Limits;

const NEVER: u64 = u64::MAX;

/// The connections under watch.
pub struct Watchdog {
    round: AtomicU64,
    period: Duration,
    head_rounds: u64,
    idle_rounds: u64,
    write_rounds: u64,
    watches: Mutex<HashMap<u64, Arc<Watch>>>,
    next_id: AtomicU64,
}

/// One connection under watch: the rounds in which its patience ends.
pub struct Watch {
    read_deadline: AtomicU64,
    write_deadline: AtomicU64,
    expired: Notify,
}

/// A connection's place with the watchdog; given back on drop.
pub struct Watched {
    watchdog: Arc<Watchdog>,
    watch: Arc<Watch>,
    id: u64,
}

impl Watchdog {
    /// A watchdog with the time-outs of `limits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Arc<Self> {
        let shortest = limits.head_timeout.min(limits.idle_timeout).min(limits.write_timeout);
        let period = (shortest / 4).clamp(Duration::from_millis(10), Duration::from_millis(500));
        // One round more than the time-out has: the current round has partly gone by.
        let rounds = |time: Duration| {
            u64::try_from(time.as_millis().div_ceil(period.as_millis().max(1))).unwrap_or(NEVER / 2) + 1
        };
        Arc::new(Self {
            round: AtomicU64::new(0),
            period,
            head_rounds: rounds(limits.head_timeout),
            idle_rounds: rounds(limits.idle_timeout),
            write_rounds: rounds(limits.write_timeout),
            watches: Mutex::default(),
            next_id: AtomicU64::new(0),
        })
    }

    /// Makes the rounds, for ever.
    pub async fn run(self: Arc<Self>) {
        let mut rounds = tokio::time::interval(self.period);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            self.look();
        }
    }

    /// Puts a new connection under watch; its first head is awaited at once.
    #[must_use]
    pub fn watch(self: &Arc<Self>) -> Watched {
        let watch = Arc::new(Watch {
            read_deadline: AtomicU64::new(self.now() + self.head_rounds),
            write_deadline: AtomicU64::new(NEVER),
            expired: Notify::new(),
        });
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.watches.lock().insert(id, Arc::clone(&watch));
        Watched { watchdog: Arc::clone(self), watch, id }
    }

    fn look(&self) {
        let round = self.round.fetch_add(1, Ordering::Relaxed) + 1;
        for watch in self.watches.lock().values().filter(|watch| watch.is_over(round)) {
            watch.expired.notify_one();
        }
    }

    fn now(&self) -> u64 {
        self.round.load(Ordering::Relaxed)
    }
}

impl Watch {
    fn is_over(&self, round: u64) -> bool {
        self.read_deadline.load(Ordering::Relaxed) < round
            || self.write_deadline.load(Ordering::Relaxed) < round
    }
}

impl Watched {
    /// Waits until the client's time is over.
    pub async fn expired(&self) {
        self.watch.expired.notified().await;
    }

    /// A head has come; until the answer the client waits for us.
    pub fn begin_request(&self) {
        self.watch.read_deadline.store(NEVER, Ordering::Relaxed);
    }

    /// An answer is made; from now on we wait for the client.
    pub fn end_request(&self) {
        let deadline = self.watchdog.now() + self.watchdog.idle_rounds;
        self.watch.read_deadline.store(deadline, Ordering::Relaxed);
    }

    /// Bytes came: where we waited for a head, it must now come to its end.
    fn note_read(&self) {
        if self.watch.read_deadline.load(Ordering::Relaxed) != NEVER {
            let deadline = self.watchdog.now() + self.watchdog.head_rounds;
            self.watch.read_deadline.fetch_min(deadline, Ordering::Relaxed);
        }
    }

    fn note_write<T>(&self, written: &Poll<T>) {
        let waiting = self.watch.write_deadline.load(Ordering::Relaxed) != NEVER;
        match (written.is_pending(), waiting) {
            (true, false) => {
                let deadline = self.watchdog.now() + self.watchdog.write_rounds;
                self.watch.write_deadline.store(deadline, Ordering::Relaxed);
            }
            (false, true) => self.watch.write_deadline.store(NEVER, Ordering::Relaxed),
            _ => {}
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watchdog.watches.lock().remove(&self.id);
    }
}

/// A stream that tells the watchdog of its progress.
pub struct WatchedStream<S> {
    stream: S,
    watched: Arc<Watched>,
}

impl<S> WatchedStream<S> {
    /// `stream`, telling `watched`.
    pub fn new(stream: S, watched: Arc<Watched>) -> Self {
        Self { stream, watched }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.watched.note_read();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watched.note_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watched.note_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watched.note_write(&flushed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watched.note_write(&shut);
        shut
    }
}

#[cfg(test)]
mod tests {
    use super::Watchdog;
    use crate::limits::Limits;
    use std::sync::Arc;
    use std::time::Duration;

    fn watchdog() -> Arc<Watchdog> {
        let seconds = Duration::from_secs;
        let (head_timeout, idle_timeout, write_timeout) = (seconds(1), seconds(4), seconds(2));
        Watchdog::new(&Limits { head_timeout, idle_timeout, write_timeout, ..Limits::default() })
    }

    /// How many rounds pass until the connection is over; at most 100.
    fn patience(watchdog: &Watchdog, over: impl Fn(u64) -> bool) -> u64 {
        (1..100)
            .find(|_| {
                watchdog.look();
                over(watchdog.now())
            })
            .unwrap_or(100)
    }

    #[test]
    fn each_wait_has_its_own_patience() {
        let dog = watchdog();
        let connection = dog.watch();
        let over = |round| connection.watch.is_over(round);
        let head = patience(&dog, over);
        connection.end_request();
        let idle = patience(&dog, over);
        connection.end_request();
        connection.note_read();
        assert_eq!(patience(&dog, over), head);
        assert!((4 * head - 6..=4 * head).contains(&idle), "{head} {idle}");
    }

    #[test]
    fn the_servers_own_time_does_not_count() {
        let dog = watchdog();
        let connection = dog.watch();
        connection.begin_request();
        connection.note_read();
        assert_eq!(patience(&dog, |round| connection.watch.is_over(round)), 100);
    }

    #[test]
    fn more_bytes_of_a_head_do_not_buy_more_time() {
        let dog = watchdog();
        let connection = dog.watch();
        let over = |round| {
            connection.note_read();
            connection.watch.is_over(round)
        };
        assert!(patience(&dog, over) < 10);
    }

    #[test]
    fn an_untaken_answer_ends_the_connection_and_a_taken_one_does_not() {
        use std::task::Poll;
        let dog = watchdog();
        let connection = dog.watch();
        connection.begin_request();
        connection.note_write(&Poll::<()>::Pending);
        assert!(patience(&dog, |round| connection.watch.is_over(round)) < 20);
        connection.note_write(&Poll::Ready(()));
        assert_eq!(patience(&dog, |round| connection.watch.is_over(round)), 100);
    }

    #[test]
    fn a_dropped_connection_is_watched_no_more() {
        let dog = watchdog();
        drop(dog.watch());
        assert!(dog.watches.lock().is_empty());
    }
}
