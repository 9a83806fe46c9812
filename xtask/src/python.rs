//! Private Python environments in pinned versions: one with boto3, botocore and the AWS CLI, one with AWS's
//! item encryption client, one with a Java runtime and AWS's two item encryption clients for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{root, target_dir};

/// Something, or why this machine cannot have it.
pub type Prepared<T> = Result<T, String>;

/// An environment in which a `requirements.txt` is installed.
pub struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// Where it lies; programs are in `bin/`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A run of the tests in `tests/python/<suite>/`.
    pub fn unittest(&self, suite: &str) -> Command {
        let mut command = Command::new(self.folder.join("bin/python"));
        command.args(["-B", "-m", "unittest", "discover", "--top-level-directory", ".", "--start-directory"]);
        command.arg(suite).current_dir(root().join("tests/python"));
        command.env("STRONGROOM_BIN", crate::target_dir().join("debug/strongroom"));
        command
    }
}

/// The environment of clients that talk to the server.
///
/// # Errors
/// A plain reason, where there is no Python 3 or nothing to install from.
pub fn environment() -> Prepared<Environment> {
    installed("python", &root().join("tests/python/requirements.txt"))
}

/// The environment of the client that encrypts items.
///
/// # Errors
/// As [`environment`].
pub fn item_encryption() -> Prepared<Environment> {
    installed("python-item-encryption", &root().join("libs/item-encryption/interop/requirements.txt"))
}

/// The environment of the clients that encrypt items in Java, and the folder of their jars: the runtime comes
/// from the Python registry, the jars from Maven Central, held to their hashes.
///
/// # Errors
/// As [`environment`], and where the jars cannot be fetched.
pub fn java_item_encryption() -> Prepared<(Environment, PathBuf)> {
    let sources = root().join("libs/item-encryption/interop/java");
    let environment = installed("java-item-encryption", &sources.join("requirements.txt"))?;
    let jars = target_dir().join("java-item-encryption-jars");
    let fetch = Command::new(environment.folder().join("bin/python"))
        .args(["-B", "jars.py"])
        .env("JARS", &jars)
        .current_dir(sources)
        .output();
    succeed("the Java clients cannot be fetched", fetch)?;
    Ok((environment, jars))
}

/// Made at the first call, and again when the pinned versions change.
fn installed(name: &str, requirements: &Path) -> Prepared<Environment> {
    let folder = target_dir().join(name);
    let wanted = fs::read_to_string(requirements).map_err(|error| format!("no requirements.txt: {error}"))?;
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(Environment { folder });
    }
    let make = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).output();
    succeed("python3 with its venv module is not here", make)?;
    let pip = Command::new(folder.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(requirements)
        .output();
    succeed("the Python packages cannot be installed", pip)?;
    fs::write(&stamp, wanted).map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(Environment { folder })
}

fn succeed(otherwise: &str, ran: std::io::Result<std::process::Output>) -> Prepared<()> {
    let output = ran.map_err(|error| format!("{otherwise}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    Err(format!("{otherwise}: {last}"))
}
