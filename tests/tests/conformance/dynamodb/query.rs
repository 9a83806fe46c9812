use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ComparisonOperator, Condition, ReturnConsumedCapacity, Select,
};

use crate::world::{Item, World, invalid, item_of, key, n, s};

/// Partition `a` with sort keys -2 to 10, partition `b` with one item.
async fn world() -> World {
    let world = World::with_table().await;
    for sk in -2..=10 {
        world.put(item_of("a", sk, [("even", AttributeValue::Bool(sk % 2 == 0)), ("v", n(sk * 10))])).await;
    }
    world.put(item_of("b", 1, [])).await;
    world
}

fn query(world: &World, condition: &str) -> QueryFluentBuilder {
    let query = world.dynamodb.query().table_name("Tasks").key_condition_expression(condition);
    query.expression_attribute_values(":p", s("a"))
}

fn sort_keys(items: &[Item]) -> Vec<i64> {
    items.iter().map(|item| item["sk"].as_n().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn a_partition_comes_in_the_order_of_its_sort_keys() {
    let world = world().await;
    let answer = query(&world, "pk = :p").send().await.unwrap();
    assert_eq!(sort_keys(answer.items()), (-2..=10).collect::<Vec<_>>());
    assert_eq!((answer.count, answer.scanned_count), (13, 13));
    assert_eq!(answer.last_evaluated_key, None);
    let answer = query(&world, "pk = :p").scan_index_forward(false).limit(2).send().await.unwrap();
    assert_eq!(sort_keys(answer.items()), [10, 9]);
    assert_eq!(answer.last_evaluated_key, Some(key("a", 9)));
}

#[tokio::test]
async fn every_condition_on_the_sort_key_selects_its_range() {
    let world = world().await;
    let cases: [(&str, &[i64]); 6] = [
        ("pk = :p AND sk = :x", &[3]),
        ("pk = :p AND sk < :x", &[-2, -1, 0, 1, 2]),
        ("pk = :p AND sk <= :x", &[-2, -1, 0, 1, 2, 3]),
        ("pk = :p AND sk > :x", &[4, 5, 6, 7, 8, 9, 10]),
        ("(pk = :p) AND (sk >= :x)", &[3, 4, 5, 6, 7, 8, 9, 10]),
        ("sk BETWEEN :x AND :x AND pk = :p", &[3]),
    ];
    for (condition, expected) in cases {
        let answer = query(&world, condition).expression_attribute_values(":x", n(3)).send().await.unwrap();
        assert_eq!(sort_keys(answer.items()), expected, "{condition}");
    }
}

#[tokio::test]
async fn pages_fit_together() {
    let world = world().await;
    let mut all = Vec::new();
    let mut start = None;
    loop {
        let page = query(&world, "pk = :p").limit(4).set_exclusive_start_key(start).send().await.unwrap();
        all.extend(sort_keys(page.items()));
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    assert_eq!(all, (-2..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_filter_counts_what_it_leaves_out() {
    let world = world().await;
    let answer = query(&world, "pk = :p")
        .filter_expression("even = :yes AND v > :v")
        .expression_attribute_values(":yes", AttributeValue::Bool(true))
        .expression_attribute_values(":v", n(25))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await
        .unwrap();
    assert_eq!(sort_keys(answer.items()), [4, 6, 8, 10]);
    assert_eq!((answer.count, answer.scanned_count), (4, 13));
    assert!((answer.consumed_capacity.unwrap().capacity_units.unwrap() - 0.5).abs() < f64::EPSILON);
}

#[tokio::test]
async fn select_counts_or_projects() {
    let world = world().await;
    let counted = query(&world, "pk = :p").select(Select::Count).send().await.unwrap();
    assert_eq!((counted.count, counted.items), (13, None));
    let projected = query(&world, "pk = :p").projection_expression("v").limit(1).send().await.unwrap();
    assert_eq!(projected.items(), [crate::world::item([("v", n(-20))])]);
}

#[tokio::test]
async fn a_page_ends_at_1_mb() {
    let world = World::with_table().await;
    for sk in 0..6 {
        world.put(item_of("a", sk, [("v", s(&"x".repeat(300_000)))])).await;
    }
    let first = query(&world, "pk = :p").send().await.unwrap();
    assert_eq!(sort_keys(first.items()), [0, 1, 2, 3]);
    let rest =
        query(&world, "pk = :p").set_exclusive_start_key(first.last_evaluated_key).send().await.unwrap();
    assert_eq!(sort_keys(rest.items()), [4, 5]);
    assert_eq!(rest.last_evaluated_key, None);
}

#[tokio::test]
async fn the_conditions_of_before_still_count() {
    let world = world().await;
    let condition = |operator, values: Vec<AttributeValue>| {
        Condition::builder()
            .comparison_operator(operator)
            .set_attribute_value_list(Some(values))
            .build()
            .unwrap()
    };
    let answer = world
        .dynamodb
        .query()
        .table_name("Tasks")
        .key_conditions("pk", condition(ComparisonOperator::Eq, vec![s("a")]))
        .key_conditions("sk", condition(ComparisonOperator::Between, vec![n(2), n(5)]))
        .query_filter("v", condition(ComparisonOperator::Ne, vec![n(30)]))
        .send()
        .await
        .unwrap();
    assert_eq!(sort_keys(answer.items()), [2, 4, 5]);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = world().await;
    let value = |condition: &str| query(&world, condition).expression_attribute_values(":x", n(3)).send();
    assert_eq!(invalid(value("pk < :p AND sk = :x").await), "Query key condition not supported");
    let missed = world.dynamodb.query().table_name("Tasks").key_condition_expression("sk = :x");
    let missed = missed.expression_attribute_values(":x", n(3)).send().await;
    assert_eq!(invalid(missed), "Query condition missed key schema element: pk");
    let filter =
        query(&world, "pk = :p").filter_expression("sk > :x").expression_attribute_values(":x", n(1));
    assert_eq!(
        invalid(filter.send().await),
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"
    );
}
