//! Query and Scan: streams over pages, filters, and the seam for searches on encrypted attributes.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use futures::{StreamExt, TryStreamExt};
use item_encryption_beacons::config::{SearchConfig, StandardBeacon};
use item_encryption_beacons::{Beacons, Search as Declared};
use item_encryption_client::search::{Asked, Fits, Rewritten, Search};
use item_encryption_client::soundness::Unsound;
use item_encryption_client::{ClientError, EncryptedClient, Searchable, TableCodec};

use crate::fixture::{client, codec, config, key, note};
use crate::world::{Item, World, n, s};

async fn table_of(count: i64) -> (World, EncryptedClient) {
    let world = World::with_table().await;
    let db = client(&world, codec());
    for number in 0..count {
        let put = PutItemInput::builder().table_name("Tasks").set_item(Some(note(number)));
        db.put_item(put).await.unwrap();
    }
    (world, db)
}

fn query() -> QueryInputBuilder {
    QueryInput::builder()
        .table_name("Tasks")
        .key_condition_expression("pk = :p AND sk < :s")
        .expression_attribute_values(":p", s("n"))
        .expression_attribute_values(":s", n(100))
}

#[tokio::test]
async fn a_query_is_a_stream_over_all_pages_in_order() {
    let (_world, db) = table_of(7).await;
    let items: Vec<Item> = db.query(query().limit(2)).unwrap().try_collect().await.unwrap();
    assert_eq!(items, (0..7).map(note).collect::<Vec<_>>());
    let page = db.query_once(query().limit(2)).await.unwrap();
    assert_eq!((page.count, page.items.unwrap()[1].clone()), (2, note(1)));
    assert!(page.last_evaluated_key.is_some());
}

#[tokio::test]
async fn a_scan_is_a_stream_over_all_pages() {
    let (_world, db) = table_of(5).await;
    let scan = ScanInput::builder().table_name("Tasks").limit(2);
    let items: Vec<Item> = db.scan(scan.clone()).unwrap().try_collect().await.unwrap();
    assert_eq!(items.len(), 5);
    assert!(items.iter().all(|item| item["body"] == s("canary")));
    let projected = scan.projection_expression("#b").expression_attribute_names("#b", "body");
    let bodies: Vec<Item> = db.scan(projected).unwrap().try_collect().await.unwrap();
    assert!(bodies.iter().all(|item| item.len() == 1), "{bodies:?}");
}

#[tokio::test]
async fn filters_on_what_stands_in_clear_are_sent() {
    let (_world, db) = table_of(3).await;
    let filtered = query()
        .filter_expression("#l = :l AND seen < :v AND attribute_exists(body)")
        .projection_expression("#k")
        .expression_attribute_names("#l", "link")
        .expression_attribute_names("#k", "sk")
        .expression_attribute_values(":l", s("l"))
        .expression_attribute_values(":v", n(2));
    let items: Vec<Item> = db.query(filtered).unwrap().try_collect().await.unwrap();
    assert_eq!(items, (0..3).map(|number| [("sk".to_owned(), n(number))].into()).collect::<Vec<Item>>());
    let counted = db.query_once(query().select(Select::Count)).await.unwrap();
    assert_eq!((counted.count, counted.items), (3, None));
}

#[tokio::test]
async fn searches_on_encrypted_attributes_are_refused_with_the_reason() {
    let (_world, db) = table_of(0).await;
    let filtered = query().filter_expression("contains(body, :p)");
    let Err(refused) = db.query(filtered) else { panic!("the query is refused") };
    assert!(matches!(&refused, ClientError::Unsound(Unsound::EncryptedSearch(name)) if name == "body"));
    assert!(refused.to_string().contains("beacon"), "{refused}");
    let scan = ScanInput::builder().table_name("Tasks").filter_expression("tags = :t");
    assert!(matches!(db.scan(scan), Err(ClientError::Unsound(Unsound::EncryptedSearch(_)))));
}

#[tokio::test]
async fn a_refused_item_is_an_error_in_its_place_and_the_others_go_on() {
    let (world, db) = table_of(3).await;
    let mut changed = crate::fixture::stored(&world, 1).await;
    changed.insert("link".to_owned(), s("elsewhere"));
    world.put(changed).await;
    let found: Vec<_> = db.query(query()).unwrap().collect().await;
    let opened: Vec<bool> = found.iter().map(Result::is_ok).collect();
    assert_eq!(opened, [true, false, true]);
    assert!(db.query_once(query()).await.is_err());
}

/// Asks for all, and drops what does not fit.
struct ByBody(Arc<Mutex<Vec<Option<String>>>>);

impl Search<AttributeValue> for ByBody {
    fn rewrite(&self, mut asked: Asked<AttributeValue>) -> Result<Rewritten<AttributeValue>, Unsound> {
        self.0.lock().unwrap().push(asked.filter.take());
        let body = asked.values.remove(":b");
        let fits: Fits<AttributeValue> = Box::new(move |item| Ok(item.get("body") == body.as_ref()));
        Ok(Rewritten { requests: vec![asked], fits: Some(fits) })
    }
}

#[tokio::test]
async fn a_search_rewrites_what_is_asked_and_drops_what_does_not_fit() {
    let (world, db) = table_of(2).await;
    let mut other = note(2);
    other.insert("body".to_owned(), s("wanted"));
    db.put_item(PutItemInput::builder().table_name("Tasks").set_item(Some(other.clone()))).await.unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let db = client(&world, codec()).search("Tasks", ByBody(Arc::clone(&asked))).unwrap();
    let wanted = query().filter_expression("body = :b").expression_attribute_values(":b", s("wanted"));
    let items: Vec<Item> = db.query(wanted).unwrap().try_collect().await.unwrap();
    assert_eq!((items, &*asked.lock().unwrap()), (vec![other], &vec![Some("body = :b".to_owned())]));
}

/// A client that finds notes by their body, whose beacons have so many bits, in so many partitions.
pub fn by_beacons(world: &World, bits: u8, partitions: u8) -> EncryptedClient {
    let standard = vec![StandardBeacon::new("body", bits)];
    let beacons = SearchConfig { standard, partitions: Some(partitions), ..SearchConfig::default() };
    let declared = Arc::new(Declared::new(&beacons, &config("Tasks")).unwrap());
    let beacons = Arc::new(Beacons::new(Arc::clone(&declared), &[7; 32]).unwrap());
    let codec = TableCodec::new(declared.table().clone(), key("2026"));
    EncryptedClient::new(world.dynamodb.clone())
        .searchable_table("Tasks", Searchable::new(codec, declared, beacons))
}

#[tokio::test]
async fn encrypted_attributes_are_found_by_beacons_in_every_partition_and_once_only() {
    for (bits, partitions) in [(24, 1), (1, 1), (1, 5)] {
        let world = World::with_table().await;
        let db = by_beacons(&world, bits, partitions);
        for number in 0..12 {
            let mut item = note(number);
            item.insert("body".to_owned(), s(if number % 3 == 0 { "wanted" } else { "other" }));
            db.put_item(PutItemInput::builder().table_name("Tasks").set_item(Some(item))).await.unwrap();
        }
        let body = |text| query().filter_expression("body = :b").expression_attribute_values(":b", s(text));
        let found: Vec<Item> =
            db.query(body("wanted").projection_expression("sk")).unwrap().try_collect().await.unwrap();
        let mut found: Vec<&str> = found.iter().map(|item| item["sk"].as_n().unwrap().as_str()).collect();
        found.sort_by_key(|number| number.parse::<u8>().unwrap());
        assert_eq!(found, ["0", "3", "6", "9"]);
        let counted = db.query_once(body("wanted").select(Select::Count)).await;
        let behind = body("wanted").set_exclusive_start_key(Some(crate::world::key("n", 3)));
        if partitions == 1 {
            let counted = counted.unwrap();
            assert_eq!((counted.count, counted.items), (4, None));
            assert_eq!(db.query(behind).unwrap().try_collect::<Vec<_>>().await.unwrap().len(), 2);
        } else {
            assert!(matches!(counted, Err(ClientError::Unsound(Unsound::Search(_)))));
            assert!(matches!(db.query(behind), Err(ClientError::Unsound(Unsound::Search(_)))));
        }
        let unanswered =
            query().filter_expression("begins_with(body, :b)").expression_attribute_values(":b", s("w"));
        assert!(matches!(db.query(unanswered), Err(ClientError::Unsound(Unsound::Search(_)))));
    }
}
