//! Keys that a running server's KMS keeps.

use serde_json::{Value, json};

use crate::configs::{self, direct_kms, legacy};
use crate::fixture::{Place, Running};
use crate::run::{NOTE, command, item, said};
use crate::wire::call;

/// A call of the KMS.
pub fn kms(server: &Running, operation: &str, body: &Value) -> Value {
    call(server, "kms", &format!("TrentService.{operation}"), body)
}

fn current(server: &Running, arn: &str) -> String {
    configs::current(&configs::kms(server, arn))
}

pub fn key(server: &Running) -> String {
    kms(server, "CreateKey", &json!({}))["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
}

#[test]
fn items_come_back_in_both_formats() {
    let place = Place::new();
    let server = place.start_known(&["--memory"]);
    let arn = key(&server);
    for config in [current(&server, &arn), legacy(&direct_kms(&server, &arn))] {
        let sealed = item(&place, &["encrypt"], &config, NOTE).one();
        assert_eq!(item(&place, &["decrypt"], &config, &sealed).one(), NOTE);
    }
}

#[test]
fn a_disabled_key_is_told_by_name() {
    let place = Place::new();
    let server = place.start_known(&["--memory"]);
    let arn = key(&server);
    for config in [current(&server, &arn), legacy(&direct_kms(&server, &arn))] {
        let sealed = item(&place, &["encrypt"], &config, NOTE).one();
        kms(&server, "DisableKey", &json!({ "KeyId": arn }));
        let run = item(&place, &["explain"], &config, &sealed);
        let told: Value = serde_json::from_str(&run.lines[0]).unwrap();
        let finding = told["Findings"][0].as_str().unwrap();
        assert!(finding.contains(&arn) && finding.contains("DisabledException"), "{told}");
        kms(&server, "EnableKey", &json!({ "KeyId": arn }));
        assert_eq!(item(&place, &["decrypt"], &config, &sealed).one(), NOTE);
    }
}

#[test]
fn a_restored_tables_items_name_their_old_table() {
    let place = Place::new();
    let server = place.start_known(&["--memory"]);
    let arn = key(&server);
    for config in [current(&server, &arn), legacy(&direct_kms(&server, &arn))] {
        let sealed = item(&place, &["encrypt"], &config, NOTE).one();
        let restored = config.replace("\"Notes\"", "\"Notes-Restored\"");
        assert_eq!(item(&place, &["decrypt"], &restored, &sealed).status, Some(1));
        let mut explain = command(&place, &["explain"], &restored);
        explain.args(["--also", "Notes"]);
        let told = said(explain, sealed.clone().into_bytes()).lines.remove(0);
        assert!(told.contains(r#"bound to the table name \"Notes\""#), "{told}");
    }
}

#[test]
fn what_a_kms_needs_is_asked_for() {
    let place = Place::new();
    let server = place.start_known(&["--memory"]);
    let config = current(&server, &key(&server));
    let mut unsigned = command(&place, &["encrypt"], &config);
    unsigned.env_remove("AWS_SECRET_ACCESS_KEY");
    assert!(said(unsigned, Vec::new()).stderr.contains("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
    let mut temporary = command(&place, &["encrypt"], &config);
    temporary.env("AWS_SESSION_TOKEN", "token");
    assert!(said(temporary, Vec::new()).stderr.contains("temporary credentials"));
    let over_tls = config.replace("http://", "https://");
    assert!(item(&place, &["encrypt"], &over_tls, NOTE).stderr.contains("--ca-cert"));
    let near_its_key = config.replace("region = \"us-east-1\"\n", "");
    item(&place, &["encrypt"], &near_its_key, NOTE).one();
    let homeless = legacy(&direct_kms(&server, "alias/a")).replace("region = \"us-east-1\"\n", "");
    assert!(item(&place, &["encrypt"], &homeless, NOTE).stderr.contains("AWS_REGION"));
}

#[test]
fn discovery_opens_what_an_admitted_accounts_key_wrote() {
    let place = Place::new();
    let server = place.start_known(&["--memory"]);
    let arn = key(&server);
    let account = arn.split(':').nth(4).unwrap();
    let written = current(&server, &arn);
    let sealed = item(&place, &["encrypt"], &written, NOTE).one();
    let (head, _) = written.split_once("[[keyrings]]").unwrap();
    let discovery = |account: &str| {
        let url = server.url();
        format!(
            "{head}[[keyrings]]\ntype = \"kms-discovery\"\naccounts = [\"{account}\"]\n\
             regions = [\"us-east-1\"]\nendpoint = \"{url}\"\n"
        )
    };
    assert_eq!(item(&place, &["decrypt"], &discovery(account), &sealed).one(), NOTE);
    let stranger = item(&place, &["decrypt"], &discovery("999999999999"), &sealed);
    assert!(stranger.lines[0].contains("no key of the keyring"), "{:?}", stranger.lines);
    assert!(item(&place, &["encrypt"], &discovery(account), NOTE).lines[0].contains("name a key by its ARN"));
}
