//! A table, a codec, and a client over both.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use item_encryption_client::{EncryptedClient, ItemCodec, TableCodec};
use item_encryption_format::wrapping::RawAes;
use item_encryption_format::{Action, Suite, TableConfig};
use item_encryption_keyrings::KmsKeyring;
use item_encryption_keyrings::sdk::SdkKms;

use crate::world::{Item, World, item, n, s};

/// A codec as the client takes it.
pub type Codec = Arc<dyn ItemCodec<AttributeValue>>;

/// The table of every test: `body` and `tags` encrypted, `link` signed, `seen` and `:...` unsigned.
pub fn config(name: &str) -> TableConfig {
    let mut table = TableConfig::new(name, "pk", Some("sk"))
        .action("body", Action::EncryptAndSign)
        .action("tags", Action::EncryptAndSign)
        .action("link", Action::SignOnly)
        .action("seen", Action::DoNothing);
    table.unsigned_prefix = Some(":".to_owned());
    table.suite = Suite::NoEcdsa;
    table
}

/// A key by its name.
pub fn key(name: &str) -> RawAes {
    let byte = name.bytes().fold(7, u8::wrapping_add);
    RawAes::new("ours", name, vec![byte; 32].into()).unwrap()
}

/// The table's codec, bound to `Tasks`.
pub fn codec() -> TableCodec {
    TableCodec::new(config("Tasks"), key("2026"))
}

/// A client of the table `Tasks`.
pub fn client(world: &World, codec: TableCodec) -> EncryptedClient {
    EncryptedClient::new(world.dynamodb.clone()).table("Tasks", codec)
}

/// The note of every test.
pub fn note(number: i64) -> Item {
    let tags = AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()]);
    item([
        ("pk", s("n")),
        ("sk", n(number)),
        ("body", s("canary")),
        ("tags", tags),
        ("link", s("l")),
        ("seen", n(1)),
    ])
}

/// What stands in the table.
pub async fn stored(world: &World, number: i64) -> Item {
    world.get("n", number).await.unwrap()
}

/// Asserts that an item in the table is encrypted.
#[track_caller]
pub fn assert_encrypted(stored: &Item) {
    assert!(matches!(stored["body"], AttributeValue::B(_)), "{stored:?}");
    assert!(stored.contains_key("aws_dbe_head") && stored.contains_key("aws_dbe_foot"));
    assert!(!format!("{stored:?}").contains("canary"));
    assert_eq!((&stored["link"], &stored["sk"]), (&s("l"), &stored["sk"]));
}

/// A codec under a key of the server's KMS.
pub async fn kms_codec(world: &World) -> TableCodec {
    TableCodec::new(config("Tasks"), KmsKeyring::new(SdkKms(world.kms.clone()), &world.create_key().await))
}
