//! The configurations of the guide, as they stand there.

use std::path::Path;

use rcgen::KeyPair;

use crate::fixture::Place;
use crate::run::{command, said};

/// What a part of a configuration needs around it.
const CURRENT: &str = "format = \"dbesdk\"\nsuite = \"0x6700\"\n";
const LEGACY: &str = "format = \"legacy\"\nwrite-legacy = true\n";
const TABLE: &str = r#"
logical-table-name = "Notes"
partition-key = "author"
sort-key = "number"
unsigned-attributes = ["ttl"]
[attribute-actions]
text = "ENCRYPT_AND_SIGN"
link = "SIGN_ONLY"
"#;
const KEYRING: &str = r#"
[[keyrings]]
type = "raw-aes"
namespace = "ours"
name = "2026"
key = { file = "notes.key" }
"#;
const NOTE: &str = r#"{"author":{"S":"a"},"link":{"S":"tenant-1"},"number":{"N":"7"},"text":{"S":"canary"},"ttl":{"N":"1"}}"#;

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let guide = std::fs::read_to_string(repository.join("docs/item-encryption.md")).unwrap();
    let fence = format!("\n```{language}\n");
    guide.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// A place with the files that the guide's configurations name.
fn place() -> Place {
    let place = Place::new();
    place.write("notes.key", &"k".repeat(32));
    let own = KeyPair::generate().unwrap();
    place.write("own-private.pem", &own.serialize_pem());
    place.write("other-public.pem", &KeyPair::generate().unwrap().public_key_pem());
    for name in ["rsa", "signing"] {
        let pair = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        place.write(&format!("{name}-private.pem"), &pair.serialize_pem());
        place.write(&format!("{name}-public.pem"), &pair.public_key_pem());
    }
    place
}

/// A part of a configuration in a whole one that has nothing else of its kind.
fn whole(block: &str) -> String {
    let table = match block.contains("attribute = \"tenant\"") {
        true => format!("{TABLE}tenant = \"SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT\"\n"),
        false => TABLE.to_owned(),
    };
    match block.lines().next().unwrap() {
        "format = \"dbesdk\"" => block.to_owned(),
        "format = \"legacy\"" => block.replace("= \"legacy\"\n", "= \"legacy\"\nwrite-legacy = true\n"),
        "[[keyrings]]" => format!("{CURRENT}{table}{block}"),
        "[search]" | "[materials-cache]" => format!("{CURRENT}{table}{KEYRING}{block}"),
        "[legacy-provider]" => format!("{LEGACY}{table}{block}"),
        first if first.starts_with("logical-table-name") => {
            format!("{CURRENT}{block}{}{KEYRING}", TABLE.replace("logical-table-name = \"Notes\"\n", ""))
        }
        first => panic!("no configuration begins with {first}"),
    }
}

/// Whether its keys stand in it, and open what they close.
fn is_at_hand(block: &str) -> bool {
    let asks = ["kms", "hierarchical", "most-recent", "key-store", "discovery"];
    !asks.iter().any(|word| block.contains(word))
}

#[test]
fn every_configuration_is_taken_and_those_with_keys_at_hand_work() {
    let place = place();
    let (mut asked, mut worked) = (0, 0);
    for block in blocks("toml") {
        let run = |what: &str, input: &str| {
            let mut command = command(&place, &[what], &whole(&block));
            // Nobody answers there.
            command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("AWS_REGION", "us-east-1");
            said(command, input.as_bytes().to_vec())
        };
        if !is_at_hand(&block) {
            // The configuration is taken; what it names cannot be reached, or writes nothing.
            let refused = run("encrypt", NOTE);
            assert!(
                refused.lines.len() == 1 && refused.lines[0].contains("Error"),
                "{block}{}",
                refused.stderr
            );
            asked += 1;
            continue;
        }
        let sealed = run("encrypt", NOTE).one();
        assert!(!sealed.contains("canary"), "{sealed}");
        let opened = run("decrypt", &sealed);
        // Whoever has only the public half writes what others open.
        let reads =
            block.contains("private-key") || !block.contains("public-key") || block.contains("raw-aes");
        assert_eq!(opened.status, Some(i32::from(!reads)), "{block}{:?}{}", opened.lines, opened.stderr);
        assert!(opened.lines[0].contains("canary") || !reads, "{block}");
        worked += 1;
    }
    assert!(asked >= 7 && worked >= 11, "{asked} {worked}");
}

#[test]
fn the_json_form_says_the_same() {
    let place = place();
    let [json] = &blocks("json")[..] else { panic!("the guide has one configuration in JSON") };
    let file = place.write("items.json", json);
    let sealed = said(place.command(&["item", "encrypt", "--config", &file]), NOTE.into()).one();
    let toml = &blocks("toml")[0];
    assert_eq!(said(command(&place, &["decrypt"], toml), sealed.into()).one(), NOTE);
}
