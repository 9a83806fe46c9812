//! Keys that stand in a running server's tables: branch keys, and the legacy format's provider table.

use serde_json::{Value, json};

use crate::configs::{current, legacy};
use crate::fixture::{Place, Running};
use crate::kms::{key, kms};
use crate::run::{NOTE, Said, command, item, said};
use crate::wire::call;

struct World {
    place: Place,
    server: Running,
    arn: String,
}

impl World {
    fn new() -> Self {
        let place = Place::new();
        let server = place.start_known(&["--memory"]);
        let arn = key(&server);
        Self { place, server, arn }
    }

    fn hierarchical(&self, branch_key: &str) -> String {
        let (arn, url) = (&self.arn, self.server.url());
        let keyring = format!(
            "[[keyrings]]\ntype = \"hierarchical\"\ntable = \"KeyStore\"\nkms-key-arn = \"{arn}\"\n{branch_key}\n\
             endpoint = \"{url}\"\n"
        );
        current(&keyring).replace("SIGN_ONLY", "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT")
    }

    fn most_recent(&self) -> String {
        let (arn, url) = (&self.arn, self.server.url());
        legacy(&format!(
            r#"
[legacy-provider]
type = "most-recent"
material-name = "notes"
table = "Provider"
endpoint = "{url}"
region = "us-east-1"
[legacy-provider.rows]
type = "direct-kms"
key-id = "{arn}"
endpoint = "{url}"
"#
        ))
    }

    fn item(&self, what: &str, config: &str, input: &str) -> Said {
        item(&self.place, &[what], config, input)
    }

    fn key_store(&self, config: &str, arguments: &[&str]) -> Said {
        let (what, rest) = arguments.split_first().unwrap();
        let mut command = command(&self.place, &["key-store", what], config);
        command.args(rest);
        said(command, Vec::new())
    }

    fn dynamodb(&self, operation: &str, body: &Value) -> Value {
        call(&self.server, "dynamodb", &format!("DynamoDB_20120810.{operation}"), body)
    }
}

const ONE: &str = "branch-key-id = \"t\"";

#[test]
fn items_stay_readable_when_their_branch_key_is_rotated() {
    let world = World::new();
    let config = world.hierarchical(ONE);
    assert_eq!(world.key_store(&config, &["create-table"]).one(), r#"{"Active":true}"#);
    assert_eq!(world.key_store(&config, &["create-table"]).one(), r#"{"Active":true}"#);
    let made = world.key_store(&config, &["create-key", "--id", "t", "--context", "department=x"]);
    assert_eq!(made.one(), r#"{"BranchKeyId":"t"}"#);
    let first = world.key_store(&config, &["show", "--id", "t"]).one();
    let old = world.item("encrypt", &config, NOTE).one();
    let rotated = world.key_store(&config, &["rotate-key", "--id", "t"]).one();
    assert_ne!(first, rotated);
    assert_eq!(world.key_store(&config, &["show", "--id", "t"]).one(), rotated);
    let new = world.item("encrypt", &config, NOTE).one();
    for sealed in [old, new] {
        assert_eq!(world.item("decrypt", &config, &sealed).one(), NOTE);
    }
    let again = world.key_store(&config, &["create-key", "--id", "t"]);
    assert!(again.stderr.contains("exists already"), "{}", again.stderr);
}

#[test]
fn the_table_has_the_layout_that_awss_clients_read() {
    let world = World::new();
    let config = world.hierarchical(ONE);
    world.key_store(&config, &["create-table"]).one();
    world.key_store(&config, &["create-key", "--id", "t", "--context", "department=x"]).one();
    let scanned = world.dynamodb("Scan", &json!({ "TableName": "KeyStore" }));
    let items = scanned["Items"].as_array().unwrap();
    let of =
        |kind: &str| items.iter().find(|item| item["type"]["S"].as_str().unwrap().starts_with(kind)).unwrap();
    let (active, version, beacon) = (of("branch:ACTIVE"), of("branch:version:"), of("beacon:ACTIVE"));
    assert_eq!((items.len(), &active["version"], &version["version"]), (3, &version["type"], &Value::Null));
    for item in [active, version, beacon] {
        assert_eq!(item["aws-crypto-ec:department"]["S"], "x");
        assert_eq!(item["hierarchy-version"]["N"], "1");
        assert_eq!(item["kms-arn"]["S"], world.arn.as_str());
        // As AWS's clients would ask the KMS.
        let mut context = json!({ "tablename": "KeyStore" });
        for (name, typed) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "enc") {
            context[name] = typed.as_object().unwrap().values().next().unwrap().clone();
        }
        let asked = json!({ "CiphertextBlob": item["enc"]["B"], "EncryptionContext": context });
        assert!(kms(&world.server, "Decrypt", &asked)["Plaintext"].is_string(), "{item}");
    }
}

#[test]
fn an_attribute_names_the_branch_key() {
    let world = World::new();
    let config = world.hierarchical("branch-key-id-from = { attribute = \"tenant\", prefix = \"tenant-\" }");
    world.key_store(&config, &["create-table"]).one();
    let missing = world.item("encrypt", &config, NOTE);
    assert!(missing.lines[0].contains(r#"the branch key \"tenant-t\""#), "{:?}", missing.lines);
    world.key_store(&config, &["create-key", "--id", "tenant-t"]).one();
    let sealed = world.item("encrypt", &config, NOTE).one();
    assert_eq!(world.item("decrypt", &config, &sealed).one(), NOTE);
    let numbered = world
        .hierarchical("branch-key-id-from = { attribute = \"number\", ids = { \"7.5\" = \"tenant-t\" } }");
    assert_eq!(world.item("decrypt", &numbered, &sealed).one(), NOTE);
}

#[test]
fn one_call_of_the_kms_serves_many_items() {
    let world = World::new();
    let config = world.hierarchical(ONE);
    world.key_store(&config, &["create-table"]).one();
    world.key_store(&config, &["create-key", "--id", "t"]).one();
    let sealed = world.item("encrypt", &config, NOTE).one();
    let decrypts = || {
        let page = world.server.page("/metrics");
        let of_decrypt = page.lines().filter(|line| line.contains("Decrypt") && line.contains("total"));
        of_decrypt.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>()
    };
    let before = decrypts();
    let many = format!("{sealed}\n").repeat(200);
    assert_eq!(world.item("decrypt", &config, &many).lines, vec![NOTE; 200]);
    assert!(before > 0.0 && decrypts() - before <= 2.0, "{before} {}", decrypts());
}

#[test]
fn the_legacy_formats_provider_table_is_read_and_written_on_demand() {
    let world = World::new();
    world.dynamodb(
        "CreateTable",
        &json!({
            "TableName": "Provider",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                { "AttributeName": "N", "AttributeType": "S" },
                { "AttributeName": "V", "AttributeType": "N" },
            ],
            "KeySchema": [
                { "AttributeName": "N", "KeyType": "HASH" },
                { "AttributeName": "V", "KeyType": "RANGE" },
            ],
        }),
    );
    while world.dynamodb("DescribeTable", &json!({ "TableName": "Provider" }))["Table"]["TableStatus"]
        != "ACTIVE"
    {}
    let sealed = world.item("encrypt", &world.most_recent(), NOTE).one();
    let reading = world.most_recent().replace("write-legacy = true", "");
    assert_eq!(world.item("decrypt", &reading, &sealed).one(), NOTE);
    let rows = world.dynamodb("Scan", &json!({ "TableName": "Provider" }));
    assert_eq!(rows["Count"], 1);
    world.place.write("provider.jsonl", &rows["Items"][0].to_string());
    let exported =
        reading.replace("table = \"Provider\"", "table = \"Provider\"\nrows-file = \"provider.jsonl\"");
    assert_eq!(world.item("decrypt", &exported, &sealed).one(), NOTE);
}
