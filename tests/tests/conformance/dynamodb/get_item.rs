use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use crate::world::{Item, World, invalid, item, item_of, key, n, refused, s};

/// An item with every type.
fn every_type() -> Item {
    let nested = AttributeValue::M(item([("deep", AttributeValue::L(vec![n(1), s("two")]))]));
    item_of(
        "a",
        1,
        [
            ("s", s("text with \"quotes\", é and 🦀")),
            ("empty", s("")),
            ("n", n("-12345678901234567890.123456789012345678")),
            ("b", AttributeValue::B(Blob::new([0, 1, 255]))),
            ("bool", AttributeValue::Bool(false)),
            ("null", AttributeValue::Null(true)),
            ("m", nested),
            ("l", AttributeValue::L(vec![AttributeValue::L(vec![]), AttributeValue::M(Item::new())])),
            ("ss", AttributeValue::Ss(vec!["x".into(), "y".into()])),
            ("ns", AttributeValue::Ns(vec!["1".into(), "2.5".into()])),
            ("bs", AttributeValue::Bs(vec![Blob::new([1]), Blob::new([2])])),
        ],
    )
}

#[tokio::test]
async fn every_type_comes_back_as_it_went_in() {
    let mut world = World::with_table().await;
    world.put(every_type()).await;
    assert_eq!(world.get("a", 1).await, Some(every_type()));
    world.restart();
    assert_eq!(world.get("a", 1).await, Some(every_type()));
}

#[tokio::test]
async fn an_absent_item_is_no_error() {
    let world = World::with_table().await;
    assert_eq!(world.get("absent", 1).await, None);
}

#[tokio::test]
async fn a_projection_takes_paths_out() {
    let world = World::with_table().await;
    world.put(every_type()).await;
    let answer = world
        .dynamodb
        .get_item()
        .table_name("Tasks")
        .set_key(Some(key("a", 1)))
        .projection_expression("#s, m.deep[1], l[7], absent.part")
        .expression_attribute_names("#s", "s")
        .send()
        .await
        .unwrap();
    let deep = AttributeValue::M(item([("deep", AttributeValue::L(vec![s("two")]))]));
    assert_eq!(answer.item.unwrap(), item([("s", s("text with \"quotes\", é and 🦀")), ("m", deep)]));
}

#[tokio::test]
async fn capacity_is_counted_in_steps_of_4_kb() {
    let world = World::with_table().await;
    world.put(item_of("small", 1, [])).await;
    world.put(item_of("large", 1, [("v", s(&"x".repeat(9000)))])).await;
    let units = async |pk: &str, consistent: bool| {
        let get = world
            .dynamodb
            .get_item()
            .table_name("Tasks")
            .set_key(Some(key(pk, 1)))
            .consistent_read(consistent);
        let answer = get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
        answer.consumed_capacity.unwrap().capacity_units.unwrap()
    };
    let told = [
        units("small", false).await,
        units("small", true).await,
        units("large", false).await,
        units("large", true).await,
    ];
    assert_eq!(told, [0.5, 1.0, 1.5, 3.0]);
    assert!((units("absent", true).await - 1.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn attributes_to_get_is_the_projection_of_before() {
    let world = World::with_table().await;
    world.put(every_type()).await;
    let get = world.dynamodb.get_item().table_name("Tasks").set_key(Some(key("a", 1)));
    let answer = get.attributes_to_get("bool").attributes_to_get("absent").send().await.unwrap();
    assert_eq!(answer.item.unwrap(), item([("bool", AttributeValue::Bool(false))]));
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::with_table().await;
    let get = |table: &str, key| world.dynamodb.get_item().table_name(table).set_key(Some(key)).send();
    let absent = refused(get("Nowhere", key("a", 1)).await);
    assert_eq!(absent, ("ResourceNotFoundException".into(), "Requested resource not found".into()));
    for wrong in [item([("pk", s("a"))]), item([("pk", n(1)), ("sk", n(1))]), item_of("a", 1, [("x", n(1))])]
    {
        assert_eq!(invalid(get("Tasks", wrong).await), "The provided key element does not match the schema");
    }
}
