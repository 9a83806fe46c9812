use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{
    AttributeValue, ComparisonOperator, Condition, ReturnConsumedCapacity, Select,
};

use crate::world::{Item, World, invalid, item_of, n, s};

const PARTITIONS: i64 = 40;

async fn world() -> World {
    let world = World::with_table().await;
    for number in 0..PARTITIONS {
        world.put(item_of(&format!("p{number}"), number, [("v", n(number))])).await;
    }
    world
}

fn numbers(items: &[Item]) -> BTreeSet<i64> {
    let numbers: Vec<i64> = items.iter().map(|item| item["sk"].as_n().unwrap().parse().unwrap()).collect();
    let set: BTreeSet<i64> = numbers.iter().copied().collect();
    assert_eq!(set.len(), numbers.len(), "an item came twice");
    set
}

fn all() -> BTreeSet<i64> {
    (0..PARTITIONS).collect()
}

#[tokio::test]
async fn a_scan_finds_every_item_once() {
    let world = world().await;
    let answer = world.dynamodb.scan().table_name("Tasks").send().await.unwrap();
    assert_eq!(numbers(answer.items()), all());
    assert_eq!((answer.count, answer.scanned_count), (40, 40));
    assert_eq!(answer.last_evaluated_key, None);
}

#[tokio::test]
async fn pages_fit_together() {
    let world = world().await;
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let page = world
            .dynamodb
            .scan()
            .table_name("Tasks")
            .limit(7)
            .set_exclusive_start_key(start)
            .send()
            .await
            .unwrap();
        assert!(page.items().len() <= 7);
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    assert_eq!(numbers(&items), all());
}

#[tokio::test]
async fn segments_share_the_table() {
    let world = world().await;
    let mut items = Vec::new();
    for segment in 0..5 {
        let scan = world.dynamodb.scan().table_name("Tasks").segment(segment).total_segments(5);
        items.extend(scan.send().await.unwrap().items.unwrap_or_default());
    }
    assert_eq!(numbers(&items), all());
}

#[tokio::test]
async fn a_filter_counts_what_it_leaves_out() {
    let world = world().await;
    let answer = world
        .dynamodb
        .scan()
        .table_name("Tasks")
        .filter_expression("v >= :v OR contains(pk, :p)")
        .expression_attribute_values(":v", n(35))
        .expression_attribute_values(":p", s("p0"))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await
        .unwrap();
    assert_eq!(numbers(answer.items()), BTreeSet::from([0, 35, 36, 37, 38, 39]));
    assert_eq!((answer.count, answer.scanned_count), (6, 40));
    assert!((answer.consumed_capacity.unwrap().capacity_units.unwrap() - 0.5).abs() < f64::EPSILON);
}

#[tokio::test]
async fn select_counts() {
    let world = world().await;
    let answer = world.dynamodb.scan().table_name("Tasks").select(Select::Count).send().await.unwrap();
    assert_eq!((answer.count, answer.items), (40, None));
}

#[tokio::test]
async fn the_filters_of_before_still_count() {
    let world = world().await;
    let operands: Vec<AttributeValue> = vec![n(3), n(4), n(99)];
    let any_of = Condition::builder()
        .comparison_operator(ComparisonOperator::In)
        .set_attribute_value_list(Some(operands));
    let answer = world
        .dynamodb
        .scan()
        .table_name("Tasks")
        .scan_filter("v", any_of.build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(numbers(answer.items()), BTreeSet::from([3, 4]));
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::with_table().await;
    let text = invalid(world.dynamodb.scan().table_name("Tasks").segment(3).total_segments(3).send().await);
    assert_eq!(
        text,
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 3 is not \
         less than TotalSegments: 3"
    );
    let text = invalid(world.dynamodb.scan().table_name("Tasks").total_segments(3).send().await);
    assert_eq!(
        text,
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
    );
}
