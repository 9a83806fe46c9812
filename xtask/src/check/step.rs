//! One step of the test command: how it runs, how it is shown.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Count, in_ci};
use crate::python::Prepared;

/// How often a long step says that it still runs, for whoever watches and for runners that end silent jobs.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// One line of the test command.
pub struct Step {
    pub name: &'static str,
    about: &'static str,
    work: Work,
}

/// What a step does.
pub enum Work {
    /// Something of this program.
    Function(Box<dyn Fn() -> Result<Count>>),
    /// A command that succeeds or not.
    Command(Box<dyn Fn() -> Command>),
    /// A command that counts its tests.
    Tests(Kind, Box<dyn Fn() -> Command>),
    /// The same with something that may be missing on this machine.
    Client(Kind, Box<dyn Fn() -> Prepared<Command>>),
}

/// Who counts the tests.
#[derive(Clone, Copy)]
pub enum Kind {
    Cargo,
    Unittest,
}

impl Step {
    pub fn new(name: &'static str, about: &'static str, work: Work) -> Self {
        Self { name, about, work }
    }

    pub fn command(name: &'static str, about: &'static str, make: impl Fn() -> Command + 'static) -> Self {
        Self::new(name, about, Work::Command(Box::new(make)))
    }

    pub fn tests(
        name: &'static str,
        about: &'static str,
        kind: Kind,
        make: impl Fn() -> Command + 'static,
    ) -> Self {
        Self::new(name, about, Work::Tests(kind, Box::new(make)))
    }

    /// Runs the step and prints its line; the output of a failed one follows.
    pub fn run(&self, number: usize, of: usize) -> Result<Count> {
        print!("[{number:>2}/{of}] {:<18} ", self.name);
        std::io::stdout().flush()?;
        let started = Instant::now();
        let ended = self.work(started)?;
        let mark = match ended.count {
            Count { failed: 0, skipped: 0, .. } => "ok",
            Count { failed: 0, passed: 0, .. } => "skipped",
            Count { failed: 0, .. } => "ok, partly skipped",
            _ => "FAILED",
        };
        println!("{mark:<8} {:>9}  {} ({})", told(started.elapsed()), ended.count, self.about);
        if !ended.remark.is_empty() {
            println!("{}", ended.remark);
        }
        Ok(ended.count)
    }

    fn work(&self, started: Instant) -> Result<Ended> {
        match &self.work {
            Work::Function(function) => Ok(function()?.into()),
            Work::Command(make) => {
                let log = self.execute(make(), started)?;
                Ok(Ended::of(Count::one(log.status.success()), log))
            }
            Work::Tests(kind, make) => self.tests_of(*kind, make(), started),
            Work::Client(kind, prepare) => match prepare() {
                Ok(command) => self.tests_of(*kind, command, started),
                Err(reason) if in_ci() => Ok(Ended { count: Count::one(false), remark: reason }),
                Err(reason) => Ok(Ended { count: Count::one_skipped(), remark: format!("        {reason}") }),
            },
        }
    }

    fn tests_of(&self, kind: Kind, command: Command, started: Instant) -> Result<Ended> {
        let log = self.execute(command, started)?;
        let mut count = match kind {
            Kind::Cargo => Count::of_cargo(&log.text),
            Kind::Unittest => Count::of_unittest(&log.text),
        };
        // Tests that did not build, or a runner that died, fail without being counted.
        if count.failed == 0 && (!log.status.success() || count.passed + count.skipped == 0) {
            count.failed = 1;
        }
        Ok(Ended::of(count, log))
    }

    fn execute(&self, mut command: Command, started: Instant) -> Result<Log> {
        let path = self.log_path();
        fs::create_dir_all(path.parent().context("a log lies in a folder")?)?;
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
        let mut next = HEARTBEAT;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if started.elapsed() >= next {
                print!("… {} ", told(next));
                std::io::stdout().flush()?;
                next += HEARTBEAT;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        Ok(Log { status, text, path })
    }

    fn log_path(&self) -> PathBuf {
        crate::target_dir().join("check").join(format!("{}.log", self.name.replace(' ', "-")))
    }
}

/// How a command ended and what it said.
struct Log {
    status: ExitStatus,
    text: String,
    path: PathBuf,
}

/// How a step ended.
struct Ended {
    count: Count,
    remark: String,
}

impl From<Count> for Ended {
    fn from(count: Count) -> Self {
        Self { count, remark: String::new() }
    }
}

impl Ended {
    fn of(count: Count, log: Log) -> Self {
        let remark = match count.failed {
            0 => String::new(),
            _ => format!("{}\n        (all of it: {})", log.text.trim_end(), log.path.display()),
        };
        Self { count, remark }
    }
}

/// `41 s`, `2 min 05 s`
pub fn told(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}
