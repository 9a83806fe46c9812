//! Tables rewritten in place while others read and write.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::AttributeValue;
use item_encryption_client::change::Change;
use item_encryption_client::migration::store::StoreAnswer;
use item_encryption_client::migration::treatment::Recoding;
use item_encryption_client::migration::{
    Event, Goal, ItemStore, Page, Position, Replaced, Report, Segment, StoreError, Sweep,
};
use item_encryption_client::sdk::SdkStore;
use item_encryption_client::{EncryptedClient, LegacyReader, ReadPolicy, TableCodec};
use item_encryption_format::legacy::{
    LegacyConfig, LegacyWriting, Materials, SigningKey, VerifyingKey, WrappingKey, encrypt,
};
use item_encryption_keyrings::legacy::{LegacyProvider, SignatureKeys};

use crate::fixture::{Codec, assert_encrypted, client, codec, config, key, note, stored};
use crate::world::{Item, World, key as item_key, n, s};

struct Swept {
    report: Report,
    refused: Vec<(Item, String)>,
    pages: Vec<Option<Item>>,
}

async fn swept(
    sweep: &Sweep,
    store: &dyn ItemStore<AttributeValue>,
    recoding: &Recoding<AttributeValue>,
) -> Swept {
    let (mut refused, mut pages) = (Vec::new(), Vec::new());
    let report = sweep.run(store, recoding, beginning(1), |event| {
        match event {
            Event::Refused { key, reason } => refused.push((key.clone(), reason.to_owned())),
            Event::Page { positions, .. } => pages.push(positions[0].behind.clone()),
        }
        Ok(())
    });
    Swept { report: report.await.unwrap(), refused, pages }
}

fn beginning(segments: u32) -> Vec<Position<AttributeValue>> {
    Position::beginning(NonZero::new(segments).unwrap())
}

fn recoding(goal: Goal, to: TableCodec, from: Option<TableCodec>) -> Recoding<AttributeValue> {
    let shared = |codec: TableCodec| -> Codec { Arc::new(codec) };
    Recoding::new(goal, shared(to), from.map(shared))
}

fn store(world: &World) -> SdkStore {
    SdkStore::new(world.dynamodb.clone(), "Tasks")
}

/// A table with so many plaintext notes.
async fn plaintext(count: i64) -> World {
    let world = World::with_table().await;
    for number in 0..count {
        world.put(note(number)).await;
    }
    world
}

/// A table with so many notes, written with a codec.
async fn encrypted(count: i64, codec: TableCodec) -> World {
    let world = World::with_table().await;
    let db = client(&world, codec);
    for number in 0..count {
        let put = PutItemInput::builder().table_name("Tasks").set_item(Some(note(number)));
        db.put_item(put).await.unwrap();
    }
    world
}

async fn read(db: &EncryptedClient, number: i64) -> Item {
    let get = aws_sdk_dynamodb::operation::get_item::GetItemInput::builder().table_name("Tasks");
    db.get_item(get.set_key(Some(item_key("n", number)))).await.unwrap().item.unwrap()
}

async fn assert_all_read(world: &World, codec: TableCodec, count: i64) {
    let db = client(world, codec);
    for number in 0..count {
        assert_eq!(read(&db, number).await, note(number));
    }
}

#[tokio::test]
async fn a_plaintext_table_becomes_encrypted_and_verifies() {
    let world = plaintext(25).await;
    let verified = swept(&Sweep::default(), &store(&world), &recoding(Goal::Verify, codec(), None)).await;
    assert_eq!((verified.report.refused, verified.refused.len()), (25, 25));
    let sweep = Sweep { page_items: Some(10), ..Sweep::default() };
    let done = swept(&sweep, &store(&world), &recoding(Goal::Encrypt, codec(), None)).await;
    assert_eq!(done.report, Report { scanned: 25, written: 25, ..Report::default() });
    assert_eq!((done.pages.len(), done.pages[2].clone()), (3, None));
    assert_encrypted(&stored(&world, 7).await);
    assert_all_read(&world, codec(), 25).await;
    let again = swept(&sweep, &store(&world), &recoding(Goal::Encrypt, codec(), None)).await;
    assert_eq!(again.report, Report { scanned: 25, done: 25, ..Report::default() });
    let verified = swept(&Sweep::default(), &store(&world), &recoding(Goal::Verify, codec(), None)).await;
    assert_eq!(verified.report, Report { scanned: 25, done: 25, ..Report::default() });
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_and_changes_nothing() {
    let world = plaintext(3).await;
    let mut unknown = note(9);
    unknown.insert("other".to_owned(), s("x"));
    world.put(unknown).await;
    let sweep = Sweep { dry_run: true, items_per_second: NonZero::new(1000), ..Sweep::default() };
    let done = swept(&sweep, &store(&world), &recoding(Goal::Encrypt, codec(), None)).await;
    assert_eq!(done.report, Report { scanned: 4, written: 3, refused: 1, ..Report::default() });
    let (refused, reason) = &done.refused[0];
    assert_eq!(refused, &item_key("n", 9));
    assert!(reason.contains("\"other\" has no action"), "{reason}");
    assert_eq!(stored(&world, 1).await, note(1));
}

#[tokio::test]
async fn an_item_that_is_too_large_when_it_is_encrypted_is_refused_and_stays() {
    let world = plaintext(1).await;
    let mut large = note(5);
    large.insert("body".to_owned(), s(&"x".repeat(409_400)));
    world.put(large.clone()).await;
    let done = swept(&Sweep::default(), &store(&world), &recoding(Goal::Encrypt, codec(), None)).await;
    assert_eq!(done.report, Report { scanned: 2, written: 1, refused: 1, ..Report::default() });
    assert!(done.refused[0].1.contains("size"), "{:?}", done.refused);
    assert_eq!(stored(&world, 5).await, large);
}

#[tokio::test]
async fn a_sweep_goes_on_where_another_stopped() {
    let world = plaintext(12).await;
    let sweep = Sweep { page_items: Some(5), ..Sweep::default() };
    let (store, recoding) = (store(&world), recoding(Goal::Encrypt, codec(), None));
    let mut checkpoint = None;
    let stopped = sweep.run(&store, &recoding, beginning(1), |event| match (event, &checkpoint) {
        (Event::Page { positions, .. }, None) => {
            checkpoint = Some(positions.to_vec());
            Ok(())
        }
        (Event::Page { .. }, Some(_)) => Err(StoreError::Table("stopped".to_owned())),
        (Event::Refused { .. }, _) => Ok(()),
    });
    assert!(stopped.await.is_err());
    let report = sweep.run(&store, &recoding, checkpoint.unwrap(), |_| Ok(())).await.unwrap();
    // The page that was stopped had been written already.
    assert_eq!(report, Report { scanned: 12, written: 7, done: 5, ..Report::default() });
    assert_all_read(&world, codec(), 12).await;
}

#[tokio::test]
async fn segments_are_swept_side_by_side_and_each_goes_on_where_it_stopped() {
    let world = World::with_table().await;
    for number in 0..60 {
        let mut item = note(number);
        item.insert("pk".to_owned(), s(&format!("n{number}")));
        world.put(item).await;
    }
    let sweep = Sweep { page_items: Some(3), ..Sweep::default() };
    let (store, recoding) = (store(&world), recoding(Goal::Encrypt, codec(), None));
    let (mut checkpoint, mut pages) = (beginning(4), 0);
    let stopped = sweep.run(&store, &recoding, checkpoint.clone(), |event| match event {
        Event::Page { .. } if pages == 8 => Err(StoreError::Table("stopped".to_owned())),
        Event::Page { positions, report } => {
            pages += 1;
            checkpoint = positions.to_vec();
            let told: u64 = positions.iter().map(|position| position.report.scanned).sum();
            assert!(report.scanned >= told, "pages under way are counted");
            Ok(())
        }
        Event::Refused { .. } => Ok(()),
    });
    assert!(stopped.await.is_err());
    assert!(checkpoint.iter().all(|position| position.report.scanned > 0), "no segment waits for another");
    let kept: u64 = checkpoint.iter().map(|position| position.report.written).sum();
    let report = sweep.run(&store, &recoding, checkpoint, |_| Ok(())).await.unwrap();
    assert_eq!((report.scanned, report.written + report.done), (60, 60));
    assert!(report.written >= kept && report.written < 60, "{report:?}");
    let verifying = self::recoding(Goal::Verify, codec(), None);
    let verified = sweep.run(&store, &verifying, beginning(3), |_| Ok(()));
    assert_eq!(verified.await.unwrap(), Report { scanned: 60, done: 60, ..Report::default() });
}

/// A table in which somebody else comes first: before each replacement one of these is done, as long as there are.
struct Contended {
    store: SdkStore,
    world: World,
    turns: Mutex<VecDeque<Turn>>,
}

enum Turn {
    Update(&'static str, AttributeValue),
    Delete,
}

impl Contended {
    fn new(world: World, turns: impl IntoIterator<Item = Turn>) -> Self {
        Self { store: store(&world), world, turns: Mutex::new(turns.into_iter().collect()) }
    }

    async fn somebody_else(&self, key: Item) {
        let (client, turn) = (&self.world.dynamodb, self.turns.lock().unwrap().pop_front());
        match turn {
            None => {}
            Some(Turn::Delete) => {
                client.delete_item().table_name("Tasks").set_key(Some(key)).send().await.unwrap();
            }
            Some(Turn::Update(expression, value)) => {
                let update = client.update_item().table_name("Tasks").set_key(Some(key));
                let update = update.update_expression(expression).expression_attribute_values(":v", value);
                update.send().await.unwrap();
            }
        }
    }
}

impl ItemStore<AttributeValue> for Contended {
    fn page<'a>(
        &'a self,
        segment: Segment,
        behind: Option<&'a Item>,
        limit: Option<u32>,
    ) -> StoreAnswer<'a, Page<AttributeValue>> {
        self.store.page(segment, behind, limit)
    }

    fn get<'a>(&'a self, key: &'a Item) -> StoreAnswer<'a, Option<Item>> {
        self.store.get(key)
    }

    fn replace<'a>(&'a self, change: Change<AttributeValue>) -> StoreAnswer<'a, Replaced> {
        Box::pin(async move {
            self.somebody_else(change.key.clone()).await;
            self.store.replace(change).await
        })
    }
}

#[tokio::test]
async fn a_concurrent_change_is_never_overwritten() {
    let world = plaintext(1).await;
    let mut known = note(0);
    known.remove("link");
    world.put(known).await;
    let turns = [
        Turn::Update("SET seen = :v", n(7)),
        Turn::Update("SET body = :v", s("canary two")),
        // It was not there when the item was read.
        Turn::Update("SET link = :v", s("new")),
    ];
    let store = Contended::new(world, turns);
    let done = swept(&Sweep::default(), &store, &recoding(Goal::Encrypt, codec(), None)).await;
    assert_eq!(done.report, Report { scanned: 1, written: 1, conflicts: 3, ..Report::default() });
    let item = read(&client(&store.world, codec()), 0).await;
    assert_eq!((&item["seen"], &item["link"], &item["body"]), (&n(7), &s("new"), &s("canary two")));
}

#[tokio::test]
async fn an_attribute_that_nobody_knows_survives_and_is_found() {
    let store = Contended::new(plaintext(1).await, [Turn::Update("SET surprise = :v", s("kept"))]);
    swept(&Sweep::default(), &store, &recoding(Goal::Encrypt, codec(), None)).await;
    assert_eq!(stored(&store.world, 0).await["surprise"], s("kept"));
    let verified = swept(&Sweep::default(), &store, &recoding(Goal::Verify, codec(), None)).await;
    assert_eq!(verified.report.refused, 1);
}

#[tokio::test]
async fn a_deleted_item_does_not_come_back() {
    let store = Contended::new(plaintext(1).await, [Turn::Delete]);
    let done = swept(&Sweep::default(), &store, &recoding(Goal::Encrypt, codec(), None)).await;
    assert_eq!(done.report, Report { scanned: 1, gone: 1, conflicts: 1, ..Report::default() });
    assert_eq!(store.world.get("n", 0).await, None);
}

#[tokio::test]
async fn a_table_moves_to_new_keys_and_is_read_throughout() {
    let world = encrypted(8, TableCodec::new(config("Tasks"), key("2025"))).await;
    let old = || TableCodec::new(config("Tasks"), key("2025"));
    let sweep = Sweep { page_items: Some(3), ..Sweep::default() };
    let done = swept(&sweep, &store(&world), &recoding(Goal::Rewrap, codec(), Some(old()))).await;
    assert_eq!(done.report, Report { scanned: 8, written: 8, ..Report::default() });
    assert_all_read(&world, codec(), 8).await;
    let failed = swept(&sweep, &store(&world), &recoding(Goal::Verify, old(), None)).await;
    assert_eq!(failed.report.refused, 8);
}

#[tokio::test]
async fn changed_actions_reach_every_item() {
    let world = encrypted(3, codec()).await;
    let mut changed = config("Tasks");
    changed.actions.insert("link".to_owned(), item_encryption_format::Action::EncryptAndSign);
    changed.actions.insert("tags".to_owned(), item_encryption_format::Action::DoNothing);
    let changed = || TableCodec::new(changed.clone(), key("2026"));
    let done =
        swept(&Sweep::default(), &store(&world), &recoding(Goal::Rewrap, changed(), Some(codec()))).await;
    assert_eq!(done.report.written, 3);
    let item = stored(&world, 1).await;
    assert!(matches!(item["link"], AttributeValue::B(_)) && matches!(item["tags"], AttributeValue::Ss(_)));
    assert_all_read(&world, changed(), 3).await;
}

#[tokio::test]
async fn a_restored_table_is_bound_to_its_stable_name() {
    let world = encrypted(4, codec()).await;
    let renamed = || TableCodec::new(config("notes"), key("2026"));
    let goal = recoding(Goal::Rebind, renamed().read_as(["Tasks"]), None);
    let done = swept(&Sweep::default(), &store(&world), &goal).await;
    assert_eq!(done.report, Report { scanned: 4, written: 4, ..Report::default() });
    assert_all_read(&world, renamed(), 4).await;
    let again = swept(&Sweep::default(), &store(&world), &goal).await;
    assert_eq!(again.report.done, 4);
}

fn wrapping() -> WrappingKey {
    WrappingKey::Aes(vec![5; 32].into())
}

/// The same notes as AWS's older clients write them.
fn legacy_note(number: i64) -> Item {
    let actions = config("Tasks").actions;
    let default = item_encryption_format::Action::EncryptAndSign;
    let keys = vec!["pk".to_owned(), "sk".to_owned()];
    let config =
        LegacyConfig { table: Some("Tasks".to_owned()), keys, default, actions, order: Default::default() };
    let (content, description) = wrapping().generate().unwrap();
    let signature = SigningKey::hmac_sha256(b"signing");
    let writing = LegacyWriting::for_readers_of_the_old_clients();
    encrypt(note(number), &config, &Materials { content, signature, description }, writing).unwrap()
}

fn reads_legacy() -> TableCodec {
    let verifying = Arc::new(VerifyingKey::hmac_sha256(b"signing"));
    let signature = SignatureKeys { signing: None, verifying };
    let provider = LegacyProvider::Wrapped { wrap: None, unwrap: Some(wrapping()), signature };
    let policy = ReadPolicy::current().or_legacy(LegacyReader::new(provider)).or_plaintext();
    codec().read_policy(policy)
}

#[tokio::test]
async fn a_mixed_table_is_read_throughout_and_becomes_one_of_the_current_format() {
    let world = encrypted(1, codec()).await;
    world.put(legacy_note(1)).await;
    world.put(note(2)).await;
    assert_all_read(&world, reads_legacy(), 3).await;
    let migrated =
        swept(&Sweep::default(), &store(&world), &recoding(Goal::Migrate, reads_legacy(), None)).await;
    assert_eq!(
        migrated.report,
        Report { scanned: 3, written: 1, done: 1, left_plaintext: 1, ..Report::default() }
    );
    assert_all_read(&world, reads_legacy(), 3).await;
    assert!(!stored(&world, 1).await.contains_key("*amzn-ddb-map-sig*"));
    swept(&Sweep::default(), &store(&world), &recoding(Goal::Encrypt, codec(), None)).await;
    assert_all_read(&world, codec(), 3).await;
}

#[tokio::test]
async fn unsigned_attributes_are_counted_on_while_the_table_is_swept() {
    let world = encrypted(5, TableCodec::new(config("Tasks"), key("2025"))).await;
    let writer = {
        let db = client(&world, codec());
        tokio::spawn(async move {
            for at in 0..40 {
                let update =
                    UpdateItemInput::builder().table_name("Tasks").set_key(Some(item_key("n", at % 5)));
                let update =
                    update.update_expression("ADD seen :one").expression_attribute_values(":one", n(1));
                db.update_item(update).await.unwrap();
            }
        })
    };
    let old = TableCodec::new(config("Tasks"), key("2025"));
    let done = swept(&Sweep::default(), &store(&world), &recoding(Goal::Rewrap, codec(), Some(old))).await;
    writer.await.unwrap();
    assert_eq!((done.report.written, done.report.refused), (5, 0));
    let db = client(&world, codec());
    for number in 0..5 {
        assert_eq!(read(&db, number).await["seen"], n(9));
    }
}
