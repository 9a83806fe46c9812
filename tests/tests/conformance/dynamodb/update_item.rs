use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeAction, AttributeValue, AttributeValueUpdate, ReturnValue};

use crate::world::{World, invalid, item, item_of, key, n, refused, s};

fn list(values: &[AttributeValue]) -> AttributeValue {
    AttributeValue::L(values.to_vec())
}

fn strings(values: &[&str]) -> AttributeValue {
    AttributeValue::Ss(values.iter().map(|&value| value.to_owned()).collect())
}

fn update(world: &World, expression: &str) -> UpdateItemFluentBuilder {
    world.dynamodb.update_item().table_name("Tasks").set_key(Some(key("a", 1))).update_expression(expression)
}

#[tokio::test]
async fn an_absent_item_is_made() {
    let world = World::with_table().await;
    update(&world, "SET v = :v").expression_attribute_values(":v", n(1)).send().await.unwrap();
    assert_eq!(world.get("a", 1).await, Some(item_of("a", 1, [("v", n(1))])));
    world.dynamodb.update_item().table_name("Tasks").set_key(Some(key("bare", 1))).send().await.unwrap();
    assert_eq!(world.get("bare", 1).await, Some(key("bare", 1)));
}

#[tokio::test]
async fn set_computes_from_the_old_item() {
    let world = World::with_table().await;
    world
        .put(item_of(
            "a",
            1,
            [("n", n(10)), ("l", list(&[n(1)])), ("m", AttributeValue::M(item([("x", n(1))])))],
        ))
        .await;
    update(&world, "SET n = n + :one, former = n, l = list_append(l, :more), l[5] = :end, m.y = :one, fresh = if_not_exists(fresh, :one), n2 = :one - n")
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":more", list(&[n(2)]))
        .expression_attribute_values(":end", s("end"))
        .send()
        .await
        .map(|_| ())
        .expect_err("l is named twice, by itself and by one of its elements");
    update(&world, "SET n = n + :one, former = n, l = list_append(l, :more), m.y = :one, fresh = if_not_exists(fresh, :one), n2 = :one - n")
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":more", list(&[n(2)]))
        .send()
        .await
        .unwrap();
    let expected = [
        ("n", n(11)),
        ("former", n(10)),
        ("l", list(&[n(1), n(2)])),
        ("m", AttributeValue::M(item([("x", n(1)), ("y", n(1))]))),
        ("fresh", n(1)),
        ("n2", n(-9)),
    ];
    assert_eq!(world.get("a", 1).await, Some(item_of("a", 1, expected)));
    update(&world, "SET l[9] = :end").expression_attribute_values(":end", s("end")).send().await.unwrap();
    assert_eq!(
        world.get("a", 1).await.unwrap()["l"],
        list(&[n(1), n(2), s("end")]),
        "beyond the end is at the end"
    );
}

#[tokio::test]
async fn remove_add_and_delete_do_their_parts() {
    let world = World::with_table().await;
    world
        .put(item_of(
            "a",
            1,
            [("n", n(1)), ("ss", strings(&["x", "y"])), ("l", list(&[n(0), n(1), n(2)])), ("gone", n(1))],
        ))
        .await;
    update(&world, "REMOVE gone, l[0], l[2] ADD n :ten, fresh :ten, more :set DELETE ss :set")
        .expression_attribute_values(":ten", n(10))
        .expression_attribute_values(":set", strings(&["y", "z"]))
        .send()
        .await
        .unwrap();
    let expected = [
        ("n", n(11)),
        ("ss", strings(&["x"])),
        ("l", list(&[n(1)])),
        ("fresh", n(10)),
        ("more", strings(&["y", "z"])),
    ];
    assert_eq!(world.get("a", 1).await, Some(item_of("a", 1, expected)));
    update(&world, "DELETE ss :set")
        .expression_attribute_values(":set", strings(&["x"]))
        .send()
        .await
        .unwrap();
    assert!(!world.get("a", 1).await.unwrap().contains_key("ss"), "an emptied set is gone");
}

#[tokio::test]
async fn return_values_tell_what_was_and_what_is() {
    let world = World::with_table().await;
    world.put(item_of("a", 1, [("v", n(1)), ("w", n(1))])).await;
    let told = async |values: ReturnValue| {
        let update = update(&world, "ADD v :one").expression_attribute_values(":one", n(1));
        update.return_values(values).send().await.unwrap().attributes
    };
    assert_eq!(told(ReturnValue::None).await, None);
    assert_eq!(told(ReturnValue::UpdatedOld).await, Some(item([("v", n(2))])));
    assert_eq!(told(ReturnValue::UpdatedNew).await, Some(item([("v", n(4))])));
    assert_eq!(told(ReturnValue::AllOld).await, Some(item_of("a", 1, [("v", n(4)), ("w", n(1))])));
    assert_eq!(told(ReturnValue::AllNew).await, Some(item_of("a", 1, [("v", n(6)), ("w", n(1))])));
}

#[tokio::test]
async fn a_condition_and_its_update_are_one_step() {
    let world = World::with_table().await;
    world.put(item_of("a", 1, [("v", n(0))])).await;
    let attempts = (0..8).map(|_| {
        let update = update(&world, "SET v = :new").condition_expression("v = :old");
        update.expression_attribute_values(":new", n(1)).expression_attribute_values(":old", n(0)).send()
    });
    let mut won = 0;
    for attempt in attempts.map(tokio::spawn).collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(_) => won += 1,
            failed => assert_eq!(refused(failed).0, "ConditionalCheckFailedException"),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn concurrent_additions_are_all_counted() {
    let world = World::with_table().await;
    let additions = (0..50).map(|_| {
        let update = update(&world, "ADD v :one").expression_attribute_values(":one", n(1));
        tokio::spawn(update.send())
    });
    for addition in additions.collect::<Vec<_>>() {
        addition.await.unwrap().unwrap();
    }
    assert_eq!(world.get("a", 1).await.unwrap()["v"], n(50));
}

#[tokio::test]
async fn the_updates_of_before_still_count() {
    let world = World::with_table().await;
    let old = [("n", n(1)), ("ss", strings(&["x", "y"])), ("gone", n(1)), ("l", list(&[n(1)]))];
    world.put(item_of("a", 1, old)).await;
    let change = |action, value| AttributeValueUpdate::builder().action(action).set_value(value).build();
    world
        .dynamodb
        .update_item()
        .table_name("Tasks")
        .set_key(Some(key("a", 1)))
        .attribute_updates("n", change(AttributeAction::Add, Some(n(4))))
        .attribute_updates("ss", change(AttributeAction::Delete, Some(strings(&["x"]))))
        .attribute_updates("gone", change(AttributeAction::Delete, None))
        .attribute_updates("new", change(AttributeAction::Put, Some(s("v"))))
        .attribute_updates("l", change(AttributeAction::Add, Some(list(&[n(2)]))))
        .send()
        .await
        .unwrap();
    let expected = [("n", n(5)), ("ss", strings(&["y"])), ("new", s("v")), ("l", list(&[n(1), n(2)]))];
    assert_eq!(world.get("a", 1).await, Some(item_of("a", 1, expected)));
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::with_table().await;
    world.put(item_of("a", 1, [("note", s("x"))])).await;
    let of = |expression: &str| update(&world, expression).expression_attribute_values(":v", n(1)).send();
    assert_eq!(
        invalid(of("SET sk = :v").await),
        "One or more parameter values were invalid: Cannot update attribute sk. This attribute is part of the key"
    );
    assert_eq!(
        invalid(of("SET a.b = :v").await),
        "The document path provided in the update expression is invalid for update"
    );
    assert_eq!(
        invalid(of("ADD note :v").await),
        "An operand in the update expression has an incorrect data type"
    );
    assert_eq!(
        invalid(of("SET v = absent + :v").await),
        "The provided expression refers to an attribute that does not exist in the item"
    );
    let overlap = invalid(of("SET a = :v, a.b = :v").await);
    assert_eq!(
        overlap,
        "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these \
         paths; path one: [a], path two: [a, b]"
    );
}
