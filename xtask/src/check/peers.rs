//! Proofs against AWS's own libraries that encrypt items and wrap their keys.

use std::process::Command;

use super::step::{Kind, Step, Work};
use crate::{python, root, target_dir};

/// The steps.
pub fn steps() -> Vec<Step> {
    vec![
        Step::new(
            "item peers",
            "items of AWS's Python encryption client, both ways, and data keys for AWS's material providers",
            Work::Client(Kind::Unittest, Box::new(python_client)),
        ),
        Step::new(
            "java item peers",
            "items of AWS's two Java encryption clients, both ways",
            Work::Client(Kind::Unittest, Box::new(java_clients)),
        ),
    ]
}

fn python_client() -> python::Prepared<Command> {
    let environment = python::item_encryption()?;
    let mut command = Command::new(environment.folder().join("bin/python"));
    command.args(["-B", "-m", "unittest", "discover"]);
    command.current_dir(root().join("libs/item-encryption/interop"));
    command.env("STRONGROOM_BIN", target_dir().join("debug/strongroom"));
    Ok(command)
}

fn java_clients() -> python::Prepared<Command> {
    let (environment, jars) = python::java_item_encryption()?;
    let mut command = Command::new(environment.folder().join("bin/python"));
    command.args(["-B", "-m", "unittest", "discover"]);
    command.current_dir(root().join("libs/item-encryption/interop/java"));
    command.env("STRONGROOM_BIN", target_dir().join("debug/strongroom")).env("JARS", jars);
    Ok(command)
}
