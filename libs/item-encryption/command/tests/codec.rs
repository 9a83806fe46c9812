//! Items in, items out, and explanations, under configuration files.

#![allow(clippy::unwrap_used, reason = "the helpers of a test fail it")]
#![allow(clippy::disallowed_methods, reason = "configurations are files")]

use futures::executor::block_on;
use item_encryption_command::json::{Item, read_item, write_item};
use item_encryption_command::{Codec, Config, ConfigError, Offline};

const NOTE: &str = r#"{"body":{"L":[{"S":"é"},{"NULL":true}]},"id":{"S":"n1"},"number":{"N":"7.5"},"tags":{"SS":["a","b"]},"tenant":{"S":"t"},"ttl":{"N":"1"}}"#;

const CURRENT: &str = r#"
format = "dbesdk"
suite = "0x6700"
logical-table-name = "Notes"
partition-key = "id"
sort-key = "number"
unsigned-attributes = ["ttl"]
[attribute-actions]
body = "ENCRYPT_AND_SIGN"
tags = "ENCRYPT_AND_SIGN"
tenant = "SIGN_ONLY"
[[keyrings]]
type = "raw-aes"
namespace = "ours"
name = "2026"
key = { hex = "000102030405060708090a0b0c0d0e0f" }
[[keyrings]]
type = "branch-key"
id = "b"
version = "e9ce18a3-edb5-4272-9f86-1cacb7997ff6"
key = { base64 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }
"#;

const LEGACY: &str = r#"
format = "legacy"
write-legacy = true
logical-table-name = "Notes"
partition-key = "id"
sort-key = "number"
unsigned-attributes = ["ttl"]
[attribute-actions]
tenant = "SIGN_ONLY"
[legacy-provider]
type = "wrapped"
key = { base64 = "AAECAwQFBgcICQoLDA0ODw==" }
signing-key = { base64 = "AAECAwQFBgc=" }
"#;

fn codec(text: &str) -> Result<Codec, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path).and_then(|config| Codec::new(config, &Offline))
}

fn sealed(config: &str) -> Item {
    block_on(codec(config).unwrap().encrypt(read_item(NOTE).unwrap())).unwrap()
}

fn findings(config: &str, item: &Item, also: &[&str]) -> String {
    let also: Vec<String> = also.iter().map(|name| (*name).to_owned()).collect();
    let explanation = block_on(codec(config).unwrap().explain(item, &also));
    assert!(!explanation.opens, "{explanation:?}");
    explanation.findings.first().cloned().unwrap()
}

#[test]
fn items_come_back_in_both_formats() {
    for config in [CURRENT, LEGACY] {
        let sealed = sealed(config);
        assert!(!write_item(&sealed).contains('é'));
        assert_eq!(write_item(&block_on(codec(config).unwrap().decrypt(sealed)).unwrap()), NOTE);
    }
}

#[test]
fn restored_under_another_name_opens_with_read_as() {
    for config in [CURRENT, LEGACY] {
        let restored = config.replace("\"Notes\"", "\"Notes-Restored\"");
        let sealed = sealed(config);
        assert!(block_on(codec(&restored).unwrap().decrypt(sealed.clone())).is_err());
        let finding = findings(&restored, &sealed, &["Notes"]);
        assert!(finding.contains("bound to the table name \"Notes\""), "{finding}");
        let both = restored.replace("partition-key", "read-as = [\"Notes\"]\npartition-key");
        assert_eq!(write_item(&block_on(codec(&both).unwrap().decrypt(sealed)).unwrap()), NOTE);
    }
}

#[test]
fn an_attribute_that_moved_over_the_border_of_the_signature_is_named() {
    let moved = CURRENT.replace("tenant = \"SIGN_ONLY\"", "tenant = \"DO_NOTHING\"");
    let finding = findings(&moved, &sealed(CURRENT), &[]);
    assert!(finding.contains("\"tenant\" was signed when the item was written"), "{finding}");
    let exchanged = moved.replace("unsigned-attributes = [\"ttl\"]", "");
    let finding = findings(&exchanged, &sealed(CURRENT), &[]);
    assert!(finding.contains("\"tenant\"") || finding.contains("\"ttl\""), "{finding}");
}

#[test]
fn an_action_that_changed_in_the_legacy_format_is_named() {
    let changed = LEGACY.replace("tenant = \"SIGN_ONLY\"", "tenant = \"ENCRYPT_AND_SIGN\"");
    let finding = findings(&changed, &sealed(LEGACY), &[]);
    assert!(finding.contains("\"tenant\" was written with the action SIGN_ONLY"), "{finding}");
}

#[test]
fn a_projection_plaintext_and_the_other_format_are_told() {
    let mut projected = sealed(CURRENT);
    projected.remove("body");
    assert!(findings(CURRENT, &projected, &[]).contains("1 signed attributes are gone"));
    projected.remove("aws_dbe_foot");
    assert!(findings(CURRENT, &projected, &[]).contains("a projection left the others out"));
    assert!(findings(CURRENT, &read_item(NOTE).unwrap(), &[]).contains("plaintext"));
    assert!(findings(CURRENT, &sealed(LEGACY), &[]).contains("legacy format"));
    assert!(findings(LEGACY, &sealed(CURRENT), &[]).contains("current format"));
}

#[test]
fn a_changed_item_is_told_from_a_changed_configuration() {
    let mut changed = sealed(CURRENT);
    changed.insert("tenant".to_owned(), item_encryption_format::Value::S("u".to_owned()));
    assert!(findings(CURRENT, &changed, &[]).contains("was changed after it was signed"));
}

#[test]
fn configurations_that_make_no_sense_are_refused_with_a_reason() {
    let wrong = [
        ("suite = \"0x6700\"", "suite = \"0x1234\"", "0x6701"),
        ("partition-key", "partitionkey", "partitionkey"),
        ("000102030405060708090a0b0c0d0e0f", "0001", "16, 24 or 32 bytes"),
        ("e9ce18a3-edb5-4272-9f86-1cacb7997ff6", "one", "UUID"),
        ("ENCRYPT_AND_SIGN", "ENCRYPT", "ENCRYPT_AND_SIGN"),
    ];
    for (from, to, told) in wrong {
        let error = codec(&CURRENT.replace(from, to)).err().unwrap().to_string();
        assert!(error.contains(told), "{error}");
    }
    for (config, line, told) in [
        (CURRENT, "default-action = \"SIGN_ONLY\"", "default-action is for legacy items"),
        (LEGACY, "unsigned-prefix = \":\"", "no unsigned-prefix"),
        (
            LEGACY,
            "keyrings = [{ type = \"raw-aes\", namespace = \"n\", name = \"n\", key = { hex = \"00\" } }]",
            "no [[keyrings]]",
        ),
    ] {
        let config = config.replace("partition-key", &format!("{line}\npartition-key"));
        let error = codec(&config).err().unwrap().to_string();
        assert!(error.contains(told), "{error}");
    }
    let idle = format!("{CURRENT}[legacy-provider]\ntype = \"static\"\nkey = {{ hex = \"00\" }}\n");
    assert!(codec(&idle).err().unwrap().to_string().contains("to read-policy"));
    let keyless = CURRENT.split("[[keyrings]]").next().unwrap();
    assert!(codec(keyless).err().unwrap().to_string().contains("[[keyrings]]"));
}

#[test]
fn errors_name_the_line_or_the_key_and_never_what_a_key_is() {
    let secret = "000102030405060708090a0b0c0d0e0f";
    let line = CURRENT.lines().position(|line| line.contains(secret)).unwrap() + 1;
    let key = format!("{{ hex = \"{secret}\" }}");
    for (to, told) in [
        (format!("\"{secret}\""), "a bare string"),
        (format!("{{ hax = \"{secret}\" }}"), "`hax`"),
        (format!("{{ hex = \"{secret}\", base64 = \"{secret}\" }}"), "several"),
        (format!("{{ hex = [\"{secret}\"] }}"), "a string"),
        (format!("{{ hex = \"{secret} }}"), &format!("line {}:", line + 1)),
        (
            format!("{{ hex = \"{secret}x\" }}"),
            "[[keyrings]] number 1: key: the key is not valid hexadecimal",
        ),
        (format!("{{ base64 = \"{secret}AAAA\" }}"), "[[keyrings]] number 1: a raw AES key has"),
        (format!("{{ pem = \"{secret}\" }}"), "[[keyrings]] number 1: key: the key is not valid PEM"),
        ("{ file = \"missing.key\" }".to_owned(), "missing.key"),
    ] {
        let error = codec(&CURRENT.replace(&key, &to)).err().unwrap().to_string();
        assert!(error.contains(told) && !error.contains(&secret[..16]), "{told}: {error}");
    }
    let missing = codec(&CURRENT.replace("sort-key", "sort-kee")).err().unwrap().to_string();
    assert!(missing.contains("line 6") && missing.contains("`sort-kee`"), "{missing}");
}

#[test]
fn the_legacy_format_is_signed_with_every_digest_and_wrapped_by_every_length() {
    for algorithm in ["HmacSHA256", "HmacSHA384", "HmacSHA512"] {
        for key in ["AAECAwQFBgcICQoLDA0ODw==", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"] {
            let config = LEGACY.replace("AAECAwQFBgcICQoLDA0ODw==", key);
            let config =
                config.replace("signing-key", &format!("signing-algorithm = \"{algorithm}\"\nsigning-key"));
            let sealed = sealed(&config);
            assert_eq!(write_item(&block_on(codec(&config).unwrap().decrypt(sealed.clone())).unwrap()), NOTE);
            let other = if algorithm == "HmacSHA256" { "HmacSHA512" } else { "HmacSHA256" };
            let other = config.replace(algorithm, other);
            assert!(block_on(codec(&other).unwrap().decrypt(sealed)).is_err());
        }
    }
    let misfit = LEGACY.replace("signing-key", "signing-algorithm = \"SHA256withRSA\"\nsigning-key");
    assert!(codec(&misfit).err().unwrap().to_string().contains("HmacSHA384"));
}

#[test]
fn all_recipients_whose_keys_are_at_hand_must_fit() {
    let mut sealed = sealed(CURRENT);
    let Some(item_encryption_format::Value::B(footer)) = sealed.get_mut("aws_dbe_foot") else { panic!() };
    // A recipient's tag has 48 bytes, and this is in the second's.
    footer[50] ^= 1;
    assert!(block_on(codec(CURRENT).unwrap().decrypt(sealed.clone())).is_err());
    let alone = CURRENT.split("[[keyrings]]\ntype = \"branch-key\"").next().unwrap();
    assert!(block_on(codec(alone).unwrap().decrypt(sealed)).is_ok(), "who cannot verify it opens the item");
}

/// Refused configurations with one keyring of these lines, by what is said of it.
fn refused(keyring: &str) -> String {
    let head = CURRENT.split("[[keyrings]]").next().unwrap();
    codec(&format!("{head}\n[[keyrings]]\n{keyring}")).err().unwrap().to_string()
}

#[test]
fn keyrings_that_make_no_sense_are_refused_with_a_reason() {
    let arn = "arn:aws:kms:us-east-1:000000000000:key/mrk-1";
    let hierarchical = "type = \"hierarchical\"\ntable = \"Keys\"\n";
    let wrong = [
        ("type = \"kms\"\nkey-arn = \"alias/notes\"".to_owned(), "neither an id nor an alias"),
        (format!("type = \"kms\"\nkey-arn = \"{arn}\""), "there is no KMS here"),
        ("type = \"kms-discovery\"\nregions = []".to_owned(), "one or more regions"),
        ("type = \"kms-discovery\"\nregions = [\"a\", \"b\"]\nmulti-region = true".to_owned(), "into one"),
        ("type = \"kms-discovery\"\nregions = [\"a\"]\naccounts = [\"1\"]".to_owned(), "twelve digits"),
        (
            "type = \"kms-discovery\"\nregions = [\"a\"]\npartition = \"aws\"".to_owned(),
            "together with accounts",
        ),
        (format!("{hierarchical}branch-key-id = \"a\"\nttl-seconds = 0"), "at least 1"),
        (format!("{hierarchical}branch-key-id = \"a\"\nkms-key-arn = \"1\""), "neither an id nor an alias"),
        (hierarchical.to_owned(), "branch-key-id or branch-key-id-from"),
        (
            format!("{hierarchical}branch-key-id-from = {{ attribute = \"tenant\" }}"),
            "give it SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT",
        ),
        (format!("{hierarchical}multi-region = true\nbranch-key-id = \"a\""), "needs a region"),
        (
            "type = \"raw-ecdh\"\nschema = \"static\"\ncurve = \"P-256\"".to_owned(),
            "recipient-public-key alone with ephemeral",
        ),
        (
            "type = \"raw-ecdh\"\nschema = \"discovery\"\ncurve = \"P-256\"\nprivate-key = { hex = \"00\" }"
                .to_owned(),
            "of the curve P256",
        ),
        ("type = \"raw-ecdh\"\nschema = \"static\"\ncurve = \"P-257\"".to_owned(), "P-384"),
        (
            "type = \"raw-rsa\"\nnamespace = \"n\"\nname = \"r\"\npadding = \"PKCS1\"".to_owned(),
            "public-key (to write)",
        ),
    ];
    for (keyring, told) in wrong {
        let error = refused(&keyring);
        assert!(error.contains(told), "{keyring}: {error}");
    }
    let replica = arn.replace("us-east-1", "eu-west-1");
    let both = format!(
        "type = \"kms\"\nkey-arn = \"{arn}\"\nmulti-region = true\n[[keyrings]]\ntype = \"kms\"\nkey-arn = \"{replica}\"\nmulti-region = true"
    );
    assert!(refused(&both).contains("the same multi-Region key"));
}

/// A key pair as PKCS#8 and SubjectPublicKeyInfo, base64: made for this test with OpenSSL.
const OWN: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghZEMnDP/z5b8Wg3OH/BuGNOBNjwCWF1ZZzy1a9Iu6hShRANCAARAC3m8DGtkiIr22qf+BWebVCpu2oyGAKSeKUJygcVxDCQ+xGjuDDcyFwPVk4rvxWkLjfKKrNrxr6lHC5h7JBkc";
const OWN_PUBLIC: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQAt5vAxrZIiK9tqn/gVnm1QqbtqMhgCknilCcoHFcQwkPsRo7gw3MhcD1ZOK78VpC43yiqza8a+pRwuYeyQZHA==";

#[test]
fn items_come_back_by_key_agreement() {
    let head = CURRENT.split("[[keyrings]]").next().unwrap();
    let config = |schema: &str, keys: &str| {
        format!("{head}[[keyrings]]\ntype = \"raw-ecdh\"\nschema = \"{schema}\"\ncurve = \"P-256\"\n{keys}")
    };
    let to = format!("recipient-public-key = {{ base64 = \"{OWN_PUBLIC}\" }}");
    let sealed = sealed(&config("ephemeral", &to));
    let reader = config("discovery", &format!("private-key = {{ base64 = \"{OWN}\" }}"));
    assert_eq!(write_item(&block_on(codec(&reader).unwrap().decrypt(sealed)).unwrap()), NOTE);
}

#[test]
fn materials_are_shared_where_that_is_configured_and_their_limits_checked() {
    let cached = format!("{CURRENT}\n[materials-cache]\nmax-age-seconds = 60\n");
    let codec_of = codec(&cached).unwrap();
    let write = || block_on(codec_of.encrypt(read_item(NOTE).unwrap())).unwrap();
    let (one, two) = (write(), write());
    assert_ne!(one["body"], two["body"]);
    for item in [one, two] {
        assert_eq!(write_item(&block_on(codec(CURRENT).unwrap().decrypt(item)).unwrap()), NOTE);
    }
    let none = format!("{CURRENT}\n[materials-cache]\nmax-age-seconds = 60\nmax-uses = 0\n");
    assert!(codec(&none).err().unwrap().to_string().contains("at least 1"));
    let legacy = format!("{LEGACY}\n[materials-cache]\nmax-age-seconds = 60\n");
    assert!(codec(&legacy).err().unwrap().to_string().contains("no [materials-cache]"));
}
