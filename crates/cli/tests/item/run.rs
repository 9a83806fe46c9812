//! A run of the binary over lines.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::fixture::{ID, Place, SECRET};

/// An item of every kind of value.
pub const NOTE: &str = r#"{"body":{"L":[{"S":"é"},{"NULL":true},{"M":{"x":{"BOOL":false}}}]},"id":{"S":"n1"},"number":{"N":"7.5"},"picture":{"B":"AQI="},"tags":{"SS":["a","b"]},"tenant":{"S":"t"},"ttl":{"N":"1"}}"#;

/// What a run said.
pub struct Said {
    pub status: Option<i32>,
    pub lines: Vec<String>,
    pub stderr: String,
}

/// `strongroom item <what> --config <file>`, as the server's root user.
pub fn command(place: &Place, what: &[&str], config: &str) -> Command {
    let file = place.write("items.toml", config);
    let mut command = place.command(&["item"]);
    command.args(what).args(["--config", &file]);
    command.env("AWS_ACCESS_KEY_ID", ID).env("AWS_SECRET_ACCESS_KEY", SECRET);
    command
}

/// The same over `input`.
pub fn item(place: &Place, what: &[&str], config: &str, input: &str) -> Said {
    said(command(place, what, config), input.as_bytes().to_vec())
}

/// Runs to the end over `input`.
pub fn said(mut command: Command, input: Vec<u8>) -> Said {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Beside the reading, as in a pipe: neither side may wait for the other for ever.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        status: output.status.code(),
        lines: text(output.stdout).lines().map(str::to_owned).collect(),
        stderr: text(output.stderr),
    }
}

impl Said {
    /// The only line of a run that refused nothing.
    pub fn one(self) -> String {
        assert_eq!((self.status, self.lines.len()), (Some(0), 1), "{} {:?}", self.stderr, self.lines);
        self.lines.into_iter().next().unwrap()
    }
}
