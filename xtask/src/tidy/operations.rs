//! Every operation has its file, its conformance test, and its row in the table of differences.

use super::{Complaint, Repository};

const TABLE: &str = "docs/differences-from-aws.md";

pub fn check(repository: &Repository) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (path, text) in repository.iter() {
        let Some(room) = path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/src/service.rs"))
        else {
            continue;
        };
        let operations = routed_in(text);
        complaints.extend(operations.iter().flat_map(|name| incomplete(repository, room, name)));
        complaints.extend(unrouted(repository, room, &operations));
    }
    complaints
}

/// The operations a room lists: `Route::to::<put_item::PutItem>()`.
fn routed_in(text: &str) -> Vec<String> {
    let arguments = text.split("Route::to::<").skip(1).filter_map(|rest| rest.split('>').next());
    arguments.filter_map(|path| path.rsplit("::").next()).map(|name| name.trim().to_owned()).collect()
}

fn incomplete(repository: &Repository, room: &str, name: &str) -> Vec<Complaint> {
    let file = snake(name);
    let mut complaints = Vec::new();
    let mut need = |place: String, is_there: bool, advice: String| {
        if !is_there {
            complaints.push(Complaint::new(place, advice));
        }
    };
    let source = format!("crates/{room}/src/operations/{file}.rs");
    need(source.clone(), repository.exists(&source), format!("is missing: {name} lives there"));
    let test = format!("tests/tests/conformance/{room}/{file}.rs");
    need(test.clone(), repository.exists(&test), format!("is missing: test {name} there as AWS behaves"));
    let list = format!("tests/tests/conformance/{room}.rs");
    let listed = repository.text(&list).is_some_and(|text| text.contains(&format!("mod {file};")));
    need(list, listed, format!("add `mod {file};`, or its tests never run"));
    let row = repository.text(TABLE).is_some_and(|text| text.contains(&format!("| {name} | ")));
    need(TABLE.to_owned(), row, format!("add a row `| {name} | works | … |`"));
    complaints
}

/// Files of operations that no client can reach.
fn unrouted(repository: &Repository, room: &str, operations: &[String]) -> Vec<Complaint> {
    let folder = format!("crates/{room}/src/operations/");
    let known: Vec<String> = operations.iter().map(|name| format!("{folder}{}.rs", snake(name))).collect();
    let files = repository.iter().map(|(path, _)| path).filter(|path| {
        path.strip_prefix(&folder).is_some_and(|file| !file.contains('/') && file != "mod.rs")
    });
    let lost = files.filter(|path| !known.iter().any(|file| file == path));
    let advice = format!("is not in crates/{room}/src/service.rs: list the operation, or move the file out");
    lost.map(|path| Complaint::new(path, advice.clone())).collect()
}

/// `GetItem` -> `get_item`
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::{check, snake};
    use crate::tidy::Repository;

    const SERVICE: (&str, &str) =
        ("crates/kms/src/service.rs", "&[Route::to::<re_encrypt::ReEncrypt>(), Route::to::<Decrypt>()]");
    const RE_ENCRYPT: (&str, &str) = ("crates/kms/src/operations/re_encrypt.rs", "");
    const DECRYPT: (&str, &str) = ("crates/kms/src/operations/decrypt.rs", "");
    const TESTS: [(&str, &str); 3] = [
        ("tests/tests/conformance/kms.rs", "mod re_encrypt;\nmod decrypt;"),
        ("tests/tests/conformance/kms/re_encrypt.rs", ""),
        ("tests/tests/conformance/kms/decrypt.rs", ""),
    ];
    const TABLE: (&str, &str) =
        ("docs/differences-from-aws.md", "| ReEncrypt | works | |\n| Decrypt | works | |");

    #[test]
    fn complete_operations_are_fine() {
        let [list, one, two] = TESTS;
        assert_eq!(check(&Repository::of(&[SERVICE, RE_ENCRYPT, DECRYPT, list, one, two, TABLE])), []);
    }

    #[test]
    fn each_missing_piece_is_told() {
        assert_eq!(check(&Repository::of(&[SERVICE])).len(), 8);
        let [list, one, two] = TESTS;
        assert_eq!(check(&Repository::of(&[SERVICE, RE_ENCRYPT, DECRYPT, list, one, two])).len(), 2);
        assert_eq!(check(&Repository::of(&[SERVICE, DECRYPT, list, one, two, TABLE])).len(), 1);
    }

    #[test]
    fn an_operation_nobody_can_call_is_told() {
        let lost = ("crates/kms/src/operations/sign.rs", "");
        assert_eq!(check(&Repository::of(&[("crates/kms/src/service.rs", ""), lost])).len(), 1);
    }

    #[test]
    fn names_of_files_follow_names_of_operations() {
        assert_eq!(snake("ReEncrypt"), "re_encrypt");
        assert_eq!(snake("GenerateDataKeyWithoutPlaintext"), "generate_data_key_without_plaintext");
    }
}
