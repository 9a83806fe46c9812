use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use crate::world::{World, invalid, item_of, key, n, refused, s};

#[tokio::test]
async fn a_deleted_item_is_gone_and_deleting_it_again_is_fine() {
    let world = World::with_table().await;
    world.put(item_of("a", 1, [("v", s("x"))])).await;
    let delete = || world.dynamodb.delete_item().table_name("Tasks").set_key(Some(key("a", 1)));
    let answer = delete().return_values(ReturnValue::AllOld).send().await.unwrap();
    assert_eq!(answer.attributes, Some(item_of("a", 1, [("v", s("x"))])));
    assert_eq!(world.get("a", 1).await, None);
    let answer = delete().return_values(ReturnValue::AllOld).send().await.unwrap();
    assert_eq!(answer.attributes, None);
}

#[tokio::test]
async fn a_condition_protects() {
    let world = World::with_table().await;
    world.put(item_of("a", 1, [("v", n(5))])).await;
    let delete = |value: i64| {
        world
            .dynamodb
            .delete_item()
            .table_name("Tasks")
            .set_key(Some(key("a", 1)))
            .condition_expression("v > :v")
            .expression_attribute_values(":v", n(value))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    };
    let failed = delete(5).send().await;
    let item = match failed.as_ref().unwrap_err().as_service_error().unwrap() {
        aws_sdk_dynamodb::operation::delete_item::DeleteItemError::ConditionalCheckFailedException(
            failure,
        ) => failure.item.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(item, Some(item_of("a", 1, [("v", n(5))])));
    let expected =
        ("ConditionalCheckFailedException".to_owned(), "The conditional request failed".to_owned());
    assert_eq!(refused(failed), expected);
    assert!(world.get("a", 1).await.is_some());
    delete(4).send().await.unwrap();
    assert_eq!(world.get("a", 1).await, None);
}

#[tokio::test]
async fn a_key_must_fit_the_schema() {
    let world = World::with_table().await;
    let wrong = world.dynamodb.delete_item().table_name("Tasks").key("pk", s("a"));
    assert_eq!(invalid(wrong.send().await), "The provided key element does not match the schema");
}
