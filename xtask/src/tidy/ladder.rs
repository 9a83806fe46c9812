//! A crate depends only on crates above its own line in the root `Cargo.toml`.

use toml::{Table, Value};

use super::{Complaint, Repository};

const ROOT: &str = "Cargo.toml";

pub fn check(repository: &Repository) -> Vec<Complaint> {
    let Some(manifest) = repository.text(ROOT) else { return Vec::new() };
    let ladder = match read_ladder(repository, manifest) {
        Ok(ladder) => ladder,
        Err(complaint) => return vec![complaint],
    };
    let mut complaints = strangers(repository, &ladder);
    for (at, rung) in ladder.iter().enumerate() {
        complaints.extend(looks_upstairs(&ladder, at, rung));
    }
    complaints
}

/// A member: its folder, its crate's name, the names of what it depends on.
struct Rung {
    folder: String,
    name: String,
    dependencies: Vec<String>,
}

fn read_ladder(repository: &Repository, manifest: &str) -> Result<Vec<Rung>, Complaint> {
    let root = parse(ROOT, manifest)?;
    let members = root.get("workspace").and_then(|workspace| workspace.get("members"));
    let folders = members.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    folders.map(|folder| read_rung(repository, folder)).collect()
}

fn read_rung(repository: &Repository, folder: &str) -> Result<Rung, Complaint> {
    let path = format!("{folder}/Cargo.toml");
    let missing = || Complaint::new(ROOT, format!("member `{folder}` has no Cargo.toml: remove the line"));
    let manifest = parse(&path, repository.text(&path).ok_or_else(missing)?)?;
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    Ok(Rung {
        folder: folder.to_owned(),
        name: name.unwrap_or(folder).to_owned(),
        dependencies: dependencies_of(&manifest),
    })
}

fn parse(path: &str, text: &str) -> Result<Table, Complaint> {
    text.parse().map_err(|error| Complaint::new(path, format!("is not TOML: {error}")))
}

/// The names under every `[…dependencies]` table, also those of `[target.…]`.
fn dependencies_of(manifest: &Table) -> Vec<String> {
    let mut names = Vec::new();
    for (key, value) in manifest {
        let Some(table) = value.as_table() else { continue };
        match key.as_str() {
            "dependencies" | "dev-dependencies" | "build-dependencies" => {
                names.extend(table.iter().map(|(name, value)| real_name(name, value)));
            }
            "target" => {
                names.extend(table.values().filter_map(Value::as_table).flat_map(dependencies_of));
            }
            _ => {}
        }
    }
    names
}

fn real_name(name: &str, value: &Value) -> String {
    value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned()
}

fn looks_upstairs(ladder: &[Rung], at: usize, rung: &Rung) -> Vec<Complaint> {
    let below = &ladder[at + 1..];
    let is_below = |name: &&String| below.iter().any(|other| other.name == **name);
    let advice = |name: &String| {
        format!(
            "`{}` depends on `{name}`, which stands below it in the root Cargo.toml; ask for what you need \
             with a small trait, and let crates/server/src/wiring.rs bring it down",
            rung.name
        )
    };
    let place = format!("{}/Cargo.toml", rung.folder);
    rung.dependencies.iter().filter(is_below).map(|name| Complaint::new(&place, advice(name))).collect()
}

/// Crates that lie in the checkout without a line in `members`. One with a `[workspace]` of its own is another
/// house: what it depends on stays out of this one's lock file.
fn strangers(repository: &Repository, ladder: &[Rung]) -> Vec<Complaint> {
    let manifests = repository.iter().filter(|(_, text)| !text.lines().any(|line| line == "[workspace]"));
    let folders = manifests.filter_map(|(path, _)| path.strip_suffix("/Cargo.toml"));
    let unknown = folders.filter(|folder| !ladder.iter().any(|rung| rung.folder == *folder));
    let advice = "is not among the members of the root Cargo.toml: give it its line on the ladder";
    unknown.map(|folder| Complaint::new(format!("{folder}/Cargo.toml"), advice)).collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::Repository;

    #[test]
    fn a_house_of_its_own_needs_no_line() {
        let files = |own| [("Cargo.toml", "[workspace]\nmembers = []"), ("benches/a/Cargo.toml", own)];
        assert_eq!(check(&Repository::of(&files("[package]\nname = \"a\"\n[workspace]"))), []);
        assert_eq!(check(&Repository::of(&files("[package]\nname = \"a\""))).len(), 1);
    }

    const ROOT: &str = "[workspace]\nmembers = [\"crates/env\", \"crates/engine\", \"tests\"]";

    fn complaints(env: &str, engine: &str) -> usize {
        let env = format!("[package]\nname = \"env\"\n{env}");
        let engine = format!("[package]\nname = \"engine\"\n{engine}");
        check(&Repository::of(&[
            ("Cargo.toml", ROOT),
            ("crates/env/Cargo.toml", &env),
            ("crates/engine/Cargo.toml", &engine),
            ("tests/Cargo.toml", "[package]\nname = \"tests\""),
        ]))
        .len()
    }

    #[test]
    fn looking_downstairs_is_fine() {
        assert_eq!(complaints("", "[dependencies]\nenv.workspace = true\nserde = \"1\""), 0);
    }

    #[test]
    fn looking_upstairs_is_told_for_every_kind_of_dependency() {
        assert_eq!(complaints("[dependencies]\nengine.workspace = true", ""), 1);
        assert_eq!(complaints("[dev-dependencies]\nengine = { path = \"../engine\" }", ""), 1);
        assert_eq!(complaints("[target.'cfg(unix)'.dependencies]\nengine.workspace = true", ""), 1);
        assert_eq!(complaints("[dependencies]\nstore = { package = \"engine\", path = \"x\" }", ""), 1);
    }

    #[test]
    fn a_crate_without_a_line_is_told() {
        let repository = Repository::of(&[("Cargo.toml", "[workspace]\nmembers = []"), ("x/Cargo.toml", "")]);
        assert_eq!(check(&repository).len(), 1);
    }

    #[test]
    fn a_line_without_a_crate_is_told() {
        assert_eq!(check(&Repository::of(&[("Cargo.toml", ROOT)])).len(), 1);
    }
}
