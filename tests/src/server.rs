//! The real binary, in a folder of its own, on a free port.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::caller::{self, Caller};
use crate::http::{Answer, Request, exchange};
use crate::signature::Signer;

/// The root credentials of every test server.
pub const ACCESS_KEY_ID: &str = "AKIDSTRONGROOMTESTS0";
/// Their secret.
pub const SECRET_ACCESS_KEY: &str = "a-secret-that-only-tests-know-0123456789";
/// The Region it plays.
pub const REGION: &str = "us-east-1";
/// The account it plays.
pub const ACCOUNT: &str = "000000000000";

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Options of `serve` beyond the address and the data directory.
    pub options: Vec<String>,
    /// Environment variables beyond the credentials.
    pub variables: Vec<(String, String)>,
}

impl Setup {
    /// Nothing beyond what every test server has.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more option.
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.options.push(option.into());
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Starts the server.
    #[must_use]
    pub fn start(self) -> Server {
        Server::start_with(self)
    }
}

/// A server that runs, or did. Dropped, it is killed, and its folder removed.
pub struct Server {
    setup: Setup,
    folder: TempDir,
    running: Option<Running>,
}

struct Running {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a server that writes to disk.
    #[must_use]
    pub fn start() -> Self {
        Setup::new().start()
    }

    /// The same with a clock that can be moved.
    #[must_use]
    pub fn with_test_clock() -> Self {
        Setup::new().option("--test-clock").start()
    }

    fn start_with(setup: Setup) -> Self {
        let folder = tempfile::Builder::new().prefix("strongroom-test-").tempdir().unwrap();
        let mut server = Self { setup, folder, running: None };
        server.start_again();
        server
    }

    /// Starts it after a stop or a kill, on the same folder, on another port.
    ///
    /// # Panics
    /// Where it does not become ready; the panic tells its log.
    pub fn start_again(&mut self) {
        if let Err(reason) = self.try_start_again() {
            panic!("the server did not start: {reason}\n{}", self.log());
        }
    }

    /// The same, for starts that may be refused.
    ///
    /// # Errors
    /// How it ended instead of becoming ready.
    pub fn try_start_again(&mut self) -> Result<(), String> {
        let mut child = self.command().spawn().map_err(|error| format!("{}: {error}", binary().display()))?;
        let stdout = child.stdout.take().unwrap();
        match ready(stdout) {
            Some(address) => {
                self.running = Some(Running { child, address });
                Ok(())
            }
            None => {
                let _ = child.kill();
                Err(format!("ended with {}", child.wait().unwrap()))
            }
        }
    }

    /// Starts it and kills it after a while, wherever it is then.
    ///
    /// # Panics
    /// Where the binary cannot be run.
    pub fn start_and_kill(&mut self, after: Duration) {
        let mut child = self.command().spawn().unwrap();
        thread::sleep(after);
        let _ = child.kill();
        let _ = child.wait();
    }

    fn command(&self) -> Command {
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = Command::new(binary());
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--data-dir"])
            .arg(self.data_dir())
            .args(&self.setup.options)
            .current_dir(self.folder.path())
            .env("STRONGROOM_ROOT_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("STRONGROOM_ROOT_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
            .envs(self.setup.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        command
    }

    /// How the next start differs from this one.
    pub fn setup(&mut self) -> &mut Setup {
        &mut self.setup
    }

    /// Where it listens.
    ///
    /// # Panics
    /// Where it does not run.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running.as_ref().expect("the server runs").address
    }

    /// Its address as a client's endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder in which the data directory, the root key and the log lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has written to its log so far, over all starts.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The process id.
    ///
    /// # Panics
    /// Where it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("the server runs").child.id()
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        self.running
            .as_mut()
            .is_some_and(|running| running.child.try_wait().is_ok_and(|ended| ended.is_none()))
    }

    /// SIGKILL: no goodbye.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }

    /// SIGTERM, and waits until it has ended cleanly.
    ///
    /// # Panics
    /// Where it does not, or not with success.
    pub fn stop(&mut self) {
        let mut running = self.running.take().expect("the server runs");
        terminate(running.child.id());
        let status = wait(&mut running.child).expect("a server that is told to stop stops");
        assert!(status.success(), "a clean stop ended with {status}\n{}", self.log());
    }

    /// A clean stop and a start.
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Whoever signs for a service with the root credentials, now.
    #[must_use]
    pub fn signer(&self, service: &str) -> Signer {
        caller::signer(service)
    }

    /// An unsigned request for an operation of an API, such as `DynamoDB_20120810.GetItem`.
    #[must_use]
    pub fn request(&self, target: &str, body: impl Into<Vec<u8>>) -> Request {
        caller::request(target, body)
    }

    /// The signed bytes of a call.
    #[must_use]
    pub fn signed(&self, target: &str, body: impl Into<Vec<u8>>) -> Vec<u8> {
        caller::signed(self.address(), target, body)
    }

    /// A client on a connection that is kept.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::new(self.address())
    }

    /// Calls an operation on a connection of its own.
    ///
    /// # Panics
    /// Where no answer comes.
    #[track_caller]
    #[must_use]
    pub fn call(&self, target: &str, body: impl Into<Vec<u8>>) -> Answer {
        let bytes = self.signed(target, body);
        exchange(self.address(), &bytes).unwrap_or_else(|error| panic!("{target}: {error}\n{}", self.log()))
    }

    /// Calls an operation of DynamoDB.
    #[track_caller]
    #[must_use]
    pub fn dynamodb(&self, operation: &str, body: &Value) -> Answer {
        self.call(&format!("DynamoDB_20120810.{operation}"), body.to_string())
    }

    /// Calls an operation of KMS.
    #[track_caller]
    #[must_use]
    pub fn kms(&self, operation: &str, body: &Value) -> Answer {
        self.call(&format!("TrentService.{operation}"), body.to_string())
    }

    /// Moves the test clock.
    ///
    /// # Panics
    /// Where the server refuses.
    #[track_caller]
    pub fn advance_clock(&self, seconds: u64) {
        let answer = self.call("Strongroom_20261101.AdvanceClock", json!({ "Seconds": seconds }).to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// A new customer managed key's ARN.
    #[track_caller]
    #[must_use]
    pub fn create_key(&self) -> String {
        let answer = self.kms("CreateKey", &json!({})).ok();
        answer["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("the server's last words:");
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
        self.kill();
    }
}

/// The server's binary: `STRONGROOM_BIN`, or the one that `cargo build` left beside this test.
///
/// # Panics
/// Where there is none.
#[must_use]
pub fn binary() -> PathBuf {
    let chosen = std::env::var_os("STRONGROOM_BIN").map(PathBuf::from);
    let binary = chosen.unwrap_or_else(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.ancestors().find(|folder| folder.join("deps").is_dir()).unwrap();
        profile.join("strongroom")
    });
    assert!(File::open(&binary).is_ok(), "{} is missing: cargo build --package strongroom", binary.display());
    binary
}

/// Waits for the ready line, which names the address; `None` where the server ends before.
fn ready(stdout: ChildStdout) -> Option<SocketAddr> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line) {
                let _ = tell.send(address);
            }
        }
    });
    told.recv_timeout(PATIENCE).ok()
}

/// The first `127.0.0.1:<port>` of a line.
fn address_in(line: &str) -> Option<SocketAddr> {
    let start = line.find("127.0.0.1:")?;
    let end = line[start + 10..].find(|c: char| !c.is_ascii_digit());
    let address = end.map_or(&line[start..], |end| &line[start..start + 10 + end]);
    address.parse().ok().filter(|address: &SocketAddr| address.port() != 0)
}

fn terminate(pid: u32) {
    let status = Command::new("kill").args(["-TERM", &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    None
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_address_is_found_in_any_ready_line() {
        assert_eq!(address_in("{\"endpoint\":\"http://127.0.0.1:8000\"}").unwrap().port(), 8000);
        assert_eq!(address_in("ready on http://127.0.0.1:41234/").unwrap().port(), 41234);
        assert_eq!(address_in("listening on 127.0.0.1:0"), None);
        assert_eq!(address_in("hello"), None);
    }
}
