use aws_sdk_dynamodb::types::{
    ComparisonOperator, ExpectedAttributeValue, ReturnConsumedCapacity, ReturnValue,
    ReturnValuesOnConditionCheckFailure,
};

use crate::world::{World, invalid, item, item_of, n, refused, s};

#[tokio::test]
async fn a_put_replaces_the_whole_item() {
    let world = World::with_table().await;
    let put = |item| {
        world.dynamodb.put_item().table_name("Tasks").set_item(Some(item)).return_values(ReturnValue::AllOld)
    };
    let first = put(item_of("a", 1, [("v", s("one")), ("w", s("x"))])).send().await.unwrap();
    assert_eq!(first.attributes, None);
    let second = put(item_of("a", 1, [("v", s("two"))])).send().await.unwrap();
    assert_eq!(second.attributes, Some(item_of("a", 1, [("v", s("one")), ("w", s("x"))])));
    assert_eq!(world.get("a", 1).await, Some(item_of("a", 1, [("v", s("two"))])));
}

#[tokio::test]
async fn conditions_are_checked_against_the_item_that_is_there() {
    let world = World::with_table().await;
    let put = |value: i64, condition: &str| {
        world
            .dynamodb
            .put_item()
            .table_name("Tasks")
            .set_item(Some(item_of("a", 1, [("v", n(value))])))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    };
    put(1, "attribute_not_exists(pk)").send().await.unwrap();
    let again = put(2, "attribute_not_exists(pk)").send().await;
    let expected =
        ("ConditionalCheckFailedException".to_owned(), "The conditional request failed".to_owned());
    assert_eq!(refused(again), expected);
    put(2, "v = :one").expression_attribute_values(":one", n(1)).send().await.unwrap();
    put(3, "#v BETWEEN :one AND :two AND NOT begins_with(pk, :b) AND size(pk) = :one AND pk IN (:a, :b)")
        .expression_attribute_names("#v", "v")
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":two", n(2))
        .expression_attribute_values(":a", s("a"))
        .expression_attribute_values(":b", s("b"))
        .send()
        .await
        .unwrap();
    assert_eq!(world.get("a", 1).await.unwrap()["v"], n(3));
}

#[tokio::test]
async fn the_conditions_of_before_still_count() {
    let world = World::with_table().await;
    let put = |expected: ExpectedAttributeValue| {
        let put =
            world.dynamodb.put_item().table_name("Tasks").set_item(Some(item_of("a", 1, [("v", n(1))])));
        put.expected("v", expected).send()
    };
    let absent = || ExpectedAttributeValue::builder().exists(false).build();
    put(absent()).await.unwrap();
    assert_eq!(refused(put(absent()).await).0, "ConditionalCheckFailedException");
    put(ExpectedAttributeValue::builder().value(n(1)).build()).await.unwrap();
    let greater = ExpectedAttributeValue::builder()
        .comparison_operator(ComparisonOperator::Gt)
        .attribute_value_list(n(1));
    assert_eq!(refused(put(greater.build()).await).0, "ConditionalCheckFailedException");
}

#[tokio::test]
async fn capacity_is_counted_in_steps_of_1_kb() {
    let world = World::with_table().await;
    let units = async |length: usize| {
        let put = world.dynamodb.put_item().table_name("Tasks").set_item(Some(item_of(
            "a",
            1,
            [("v", s(&"x".repeat(length)))],
        )));
        let answer = put.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
        let capacity = answer.consumed_capacity.unwrap();
        assert_eq!(capacity.table_name.as_deref(), Some("Tasks"));
        capacity.capacity_units.unwrap()
    };
    assert_eq!([units(10).await, units(2000).await, units(10).await], [1.0, 2.0, 2.0]);
}

#[tokio::test]
async fn an_item_has_at_most_400_kb_with_its_names() {
    let world = World::with_table().await;
    // "pk" + "a" + "sk" + number 1 (2 bytes) + "v" + the value.
    let around = 2 + 1 + 2 + 2 + 1;
    let put = |length: usize| {
        let item = item_of("a", 1, [("v", s(&"x".repeat(length)))]);
        world.dynamodb.put_item().table_name("Tasks").set_item(Some(item)).send()
    };
    put(400 * 1024 - around).await.unwrap();
    assert_eq!(
        invalid(put(400 * 1024 - around + 1).await),
        "Item size has exceeded the maximum allowed size"
    );
}

#[tokio::test]
async fn numbers_keep_38_digits_and_their_canonical_form() {
    let world = World::with_table().await;
    for (given, kept) in [
        ("1.0", "1"),
        ("-0", "0"),
        ("0010", "10"),
        ("1e3", "1000"),
        ("1.5E-2", "0.015"),
        ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
    ] {
        world.put(item_of("a", 1, [("v", n(given))])).await;
        assert_eq!(world.get("a", 1).await.unwrap()["v"], n(kept), "{given}");
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::with_table().await;
    let put = |item| world.dynamodb.put_item().table_name("Tasks").set_item(Some(item)).send();
    let prefix = "One or more parameter values were invalid: ";
    let missing = invalid(put(item([("pk", s("a"))])).await);
    assert_eq!(missing, format!("{prefix}Missing the key sk in the item"));
    let mistyped = invalid(put(item([("pk", s("a")), ("sk", s("1"))])).await);
    assert_eq!(mistyped, format!("{prefix}Type mismatch for key sk expected: N actual: S"));
    let bad_number = invalid(put(item_of("a", 1, [("v", n("1.2.3"))])).await);
    assert_eq!(bad_number, "The parameter cannot be converted to a numeric value: 1.2.3");
}
