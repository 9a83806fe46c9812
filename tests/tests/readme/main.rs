//! The README's session with the AWS CLI, run as it stands there.
//!
//! `STRONGROOM_TEST_PYTHON` names the folder of the environment in which the AWS CLI is installed, as
//! `cargo xtask check` does. Without it there is nothing to run the session with, and the test says so.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed test; tests read real files"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tests::server::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};
use tests::{Server, Setup};

/// The papers whose sessions are run.
const PAPERS: &[&str] = &["README.md", "docs/getting-started.md"];
/// The first line of a block that is a session.
const MARK: &str = "# session";

#[test]
fn the_readme_has_a_session() {
    assert!(!sessions("README.md").is_empty(), "README.md: no fenced block begins with `{MARK}`");
}

#[test]
fn a_refusal_that_does_not_come_fails_the_session() {
    let status = |session: &str| Command::new("bash").args(["-eu", "-c", &strict(session)]).status().unwrap();
    assert!(status("true\n! false\ntrue").success());
    assert!(!status("true\n! true\ntrue").success());
}

#[test]
fn sessions_run_as_they_stand() {
    let Some(environment) = std::env::var_os("STRONGROOM_TEST_PYTHON").map(PathBuf::from) else {
        assert!(std::env::var("CI").is_err(), "CI must run the sessions: set STRONGROOM_TEST_PYTHON");
        eprintln!("not run: STRONGROOM_TEST_PYTHON does not name an environment with the AWS CLI");
        return;
    };
    for paper in PAPERS {
        for session in sessions(paper) {
            let server = Setup::new().start();
            let output = run(&session, &server, &environment);
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{paper}: {}\n{told}\n{session}", output.status);
        }
    }
}

/// Fenced blocks that begin with [`MARK`].
fn sessions(paper: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(paper);
    let text = fs::read_to_string(&path).unwrap_or_default();
    let blocks = text.split("\n```").skip(1).step_by(2);
    let bodies = blocks.filter_map(|block| block.split_once('\n').map(|(_, body)| body.to_owned()));
    bodies.filter(|body| body.starts_with(MARK)).collect()
}

/// The session with its refusals asserted: bash lets a line of `! command` pass either way.
fn strict(session: &str) -> String {
    let line = |line: &str| match line.strip_prefix("! ") {
        Some(refused) => {
            format!("if {refused}; then echo 'not refused: {}' >&2; exit 1; fi", refused.replace('\'', ""))
        }
        None => line.to_owned(),
    };
    session.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Each line must succeed, or be refused where it says so; the AWS CLI comes from the environment.
fn run(session: &str, server: &Server, environment: &Path) -> Output {
    let path = format!("{}:{}", environment.join("bin").display(), std::env::var("PATH").unwrap());
    Command::new("bash")
        .args(["-euo", "pipefail", "-x", "-c", &strict(session)])
        .current_dir(server.folder())
        .env("PATH", path)
        .env("HOME", server.folder())
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ENDPOINT_URL", server.endpoint())
        .env("AWS_PAGER", "")
        .output()
        .unwrap()
}
