//! A server: how it starts, runs, and stops.

use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use auth::credentials::{self, Origin};
use auth::{AccessKey, Verifier};
use engine::EngineError;
use env::Env;
use futures::FutureExt;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::StartError;
use crate::clock::{TestClock, Worker};
use crate::config::Config;
use crate::limits::Limits;
use crate::listener::Listener;
use crate::router::{Router, RouterParts};
use crate::tls;
use crate::wiring::{Rooms, Vault, reachable, world};

/// How often rooms look at what is due.
const TICK: Duration = Duration::from_secs(1);

/// A server that listens; [`Server::run`] lets clients in.
pub struct Server {
    /// What whoever starts the server should be shown.
    pub announcement: Announcement,
    listener: Listener,
    router: Arc<Router>,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    rooms: Rooms,
    vault: Vault,
}

/// What whoever starts the server should be shown.
pub struct Announcement {
    /// Where clients reach it.
    pub url: String,
    /// The access key, where it was made at this start: it is never shown again.
    pub made_credentials: Option<AccessKey>,
    /// What to mind.
    pub warnings: Vec<String>,
}

impl Server {
    /// Opens the data directory and everything in it, finishes what an earlier run could not, and listens.
    ///
    /// # Errors
    /// As [`StartError`].
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let real = Env::real();
        let (env, test_clock) = world(&real, config.test_clock);
        let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
        let vault = Vault::open(&env, &config.storage).await?;
        let listener = listen(&config.listen).await?;
        let rooms = Rooms::open(&env, &vault, &config, listener.address()).await?;
        let (root, origin) = root_credentials(&env, &vault, config.root_credentials).await?;
        let made_credentials = (origin == Origin::Made).then(|| copy_for_show(&root)).transpose()?;
        let test_clock = TestClock { clock: test_clock, workers: Arc::clone(&rooms.workers) };
        let parts = RouterParts {
            services: rooms.services(test_clock),
            verifier: Verifier::new(root, &config.account_id, &config.region),
            region: config.region,
            env,
            real_clock: real.clock,
            gauges: rooms.gauges(),
            is_sound: vault.sounder(),
        };
        let router = Router::new(parts, &config.limits);
        let announcement = Announcement {
            url: url(listener.address(), tls.is_some()),
            made_credentials,
            warnings: warnings(&vault, listener.address(), tls.is_some(), config.test_clock),
        };
        Ok(Self { announcement, listener, router, tls, limits: config.limits, rooms, vault })
    }

    /// Serves until `stop` ends, then finishes the calls under way and writes what is still in memory.
    ///
    /// # Errors
    /// As the engine's last flush. Nothing acknowledged is lost even then; the next start reads the log.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), EngineError> {
        let (stop_ticking, stopped) = watch::channel(());
        let ticking = tokio::spawn(tick(Arc::clone(&self.rooms.workers), stopped));
        self.listener.serve(self.tls, self.router, self.limits, stop).await;
        drop(stop_ticking);
        let _ = ticking.await;
        self.rooms.before_stop().await;
        self.vault.engine.flush().await
    }
}

async fn listen(listen: &str) -> Result<Listener, StartError> {
    let opened = Listener::open(listen).await;
    opened.map_err(|source| StartError::Listen { listen: listen.to_owned(), source })
}

async fn root_credentials(
    env: &Env,
    vault: &Vault,
    given: Option<AccessKey>,
) -> Result<(AccessKey, Origin), StartError> {
    match given {
        Some(given) => Ok((given, Origin::Given)),
        None => Ok(credentials::kept_or_made(&*vault.engine, &*env.random).await?),
    }
}

/// The one copy of a secret that is made: to be shown, once.
fn copy_for_show(key: &AccessKey) -> Result<AccessKey, StartError> {
    Ok(AccessKey::new(key.id.clone(), key.secret.expose().to_owned())?)
}

async fn tick(workers: Arc<[Arc<dyn Worker>]>, mut stopped: watch::Receiver<()>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = ticks.tick() => {}
        }
        for worker in workers.iter() {
            let ticked = AssertUnwindSafe(worker.tick()).catch_unwind().await;
            if ticked.is_err() {
                tracing::error!("a room's periodic work panicked; it is tried again");
            }
        }
    }
}

fn url(address: SocketAddr, tls: bool) -> String {
    format!("{}://{}", if tls { "https" } else { "http" }, reachable(address))
}

fn warnings(vault: &Vault, address: SocketAddr, tls: bool, test_clock: bool) -> Vec<String> {
    let mut warnings: Vec<String> = vault.warning.iter().map(ToString::to_string).collect();
    if !tls && !address.ip().is_loopback() {
        let text = "Others than this machine can reach the server, and it speaks plain HTTP: items travel \
                    readably. Give --tls-cert and --tls-key, or listen on 127.0.0.1.";
        warnings.push(text.to_owned());
    }
    if test_clock {
        warnings.push("The clock can be moved by calls (--test-clock); use this for tests only.".to_owned());
    }
    warnings
}
