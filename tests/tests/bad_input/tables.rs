//! Operations on tables: names, schemas, throughput, keys, limits.

use serde_json::{Value, json};

use crate::row::{Open, Row, dynamodb};
use crate::world::{self, TABLE, table};

const INVALID: &str = "ValidationException";
const PARAMETERS: &str = "One or more parameter values were invalid: ";

#[test]
fn tables_that_cannot_be_are_refused() {
    world::run(&rows());
}

pub fn rows() -> Vec<Row> {
    let mut rows = names();
    rows.extend(schemas());
    rows.extend(capacities());
    rows.extend(encryption());
    rows.extend(not_yet());
    rows.extend(others());
    rows
}

/// A CreateTable of a right table with this member put in its place; `null` takes it away.
fn create(name: &str, member: &str, value: Value) -> Open {
    let mut body = table("Another");
    body[member] = value;
    dynamodb(name, "CreateTable", &body)
}

fn constraint(value: &str, member: &str, constraint: &str) -> String {
    format!(
        "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: Member must {constraint}"
    )
}

fn names() -> Vec<Row> {
    let mut rows = Vec::new();
    for operation in [
        "DescribeTable",
        "DeleteTable",
        "GetItem",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "Scan",
        "Query",
        "UpdateTable",
    ] {
        rows.push(dynamodb(format!("{operation} without a table"), operation, &json!({})).is(INVALID));
        for name in ["", "ab", "has blank", "ha/sh", "☃☃☃", &"x".repeat(256), "a\u{0}b"] {
            let body = with_required(operation, name);
            rows.push(dynamodb(format!("{operation} of `{name:.20}`"), operation, &body).is(INVALID));
        }
        let body = with_required(operation, "Nowhere");
        rows.push(
            dynamodb(format!("{operation} of a table that is not there"), operation, &body)
                .is("ResourceNotFoundException"),
        );
    }
    rows.push(create("a name of two letters", "TableName", json!("ab")).is(INVALID));
    rows.push(create("a name with a slash", "TableName", json!("a/b/c")).is(INVALID));
    rows.push(create("no name", "TableName", Value::Null).is(INVALID));
    rows.push(
        create("a name that is taken", "TableName", json!(TABLE))
            .says("ResourceInUseException", format!("Table already exists: {TABLE}")),
    );
    rows
}

/// A body that is right in all but the table's name.
fn with_required(operation: &str, name: &str) -> Value {
    let key = json!({"pk": {"S": "a"}, "sk": {"N": "1"}});
    match operation {
        "GetItem" | "DeleteItem" | "UpdateItem" => json!({"TableName": name, "Key": key}),
        "PutItem" => json!({"TableName": name, "Item": key}),
        "Query" => {
            json!({"TableName": name, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}})
        }
        "UpdateTable" => json!({"TableName": name, "DeletionProtectionEnabled": false}),
        _ => json!({ "TableName": name }),
    }
}

fn schemas() -> Vec<Row> {
    let definition = |name: &str, kind: &str| json!({"AttributeName": name, "AttributeType": kind});
    let element = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let schema = |name: &str, elements: Value| create(name, "KeySchema", elements);
    let definitions = |name: &str, list: Value| create(name, "AttributeDefinitions", list);
    vec![
        schema("no key", Value::Null).is(INVALID),
        schema("an empty key", json!([])).is(INVALID),
        schema(
            "three key attributes",
            json!([element("pk", "HASH"), element("sk", "RANGE"), element("x", "RANGE")]),
        )
        .is(INVALID),
        schema("two partition keys", json!([element("pk", "HASH"), element("sk", "HASH")])).is(INVALID),
        schema("sort key first", json!([element("sk", "RANGE"), element("pk", "HASH")])).is(INVALID),
        schema("a sort key alone", json!([element("sk", "RANGE")])).is(INVALID),
        schema("one attribute twice", json!([element("pk", "HASH"), element("pk", "RANGE")])).is(INVALID),
        schema("an attribute without a definition", json!([element("pk", "HASH"), element("zz", "RANGE")]))
            .is(INVALID),
        schema("an unknown kind of key", json!([element("pk", "HASHED")])).is(INVALID),
        schema("an element without a name", json!([{"KeyType": "HASH"}])).is(INVALID),
        schema("an element without a kind", json!([{"AttributeName": "pk"}])).is(INVALID),
        schema("an element that is a string", json!(["pk"])).is("SerializationException"),
        definitions("no definitions", Value::Null).is(INVALID),
        definitions("empty definitions", json!([])).is(INVALID),
        definitions("a definition too few", json!([definition("pk", "S")])).is(INVALID),
        definitions(
            "a definition too many",
            json!([definition("pk", "S"), definition("sk", "N"), definition("x", "S")]),
        )
        .is(INVALID),
        definitions(
            "a definition twice",
            json!([definition("pk", "S"), definition("pk", "S"), definition("sk", "N")]),
        )
        .is(INVALID),
        definitions("a key of lists", json!([definition("pk", "L"), definition("sk", "N")])).is(INVALID),
        definitions("a key of flags", json!([definition("pk", "BOOL"), definition("sk", "N")])).is(INVALID),
        definitions("a definition without a type", json!([{"AttributeName": "pk"}])).is(INVALID),
        definitions("an attribute without a name", json!([definition("", "S"), definition("sk", "N")]))
            .is(INVALID),
        definitions(
            "an attribute of 256 letters",
            json!([definition(&"a".repeat(256), "S"), definition("sk", "N")]),
        )
        .is(INVALID),
    ]
}

fn capacities() -> Vec<Row> {
    let throughput = |read: i64, write: i64| json!({"ReadCapacityUnits": read, "WriteCapacityUnits": write});
    let provisioned = |name: &str, value: Value| {
        let mut body = table("Another");
        body["BillingMode"] = json!("PROVISIONED");
        body["ProvisionedThroughput"] = value;
        dynamodb(name, "CreateTable", &body)
    };
    vec![
        create("an unknown billing mode", "BillingMode", json!("FREE")).invalid(constraint(
            "'FREE'",
            "billingMode",
            "satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]",
        )),
        create("both billing modes", "ProvisionedThroughput", throughput(1, 1)).is(INVALID),
        create("no billing mode and no throughput", "BillingMode", Value::Null).is(INVALID),
        provisioned("provisioned without numbers", Value::Null).is(INVALID),
        provisioned("no reads", throughput(0, 1)).is(INVALID),
        provisioned("no writes", throughput(1, 0)).is(INVALID),
        provisioned("negative reads", throughput(-1, 1)).is(INVALID),
        provisioned("reads without writes", json!({"ReadCapacityUnits": 1})).is(INVALID),
        provisioned("a number of words", json!({"ReadCapacityUnits": "1", "WriteCapacityUnits": 1}))
            .is("SerializationException"),
    ]
}

fn encryption() -> Vec<Row> {
    let sse = |name: &str, value: Value| create(name, "SSESpecification", value);
    let nobody = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";
    vec![
        sse("a key without its type", json!({"KMSMasterKeyId": "alias/mine"}))
            .invalid(format!("{PARAMETERS}SSEType KMS is required if KMSMasterKeyId is specified")),
        sse("off, with a type", json!({"Enabled": false, "SSEType": "KMS"}))
            .invalid(format!("{PARAMETERS}SSEType can not be specified if Enabled is false")),
        sse("off, with a key", json!({"Enabled": false, "KMSMasterKeyId": "alias/mine"}))
            .invalid(format!("{PARAMETERS}KMSMasterKeyId can not be specified if Enabled is false")),
        sse("AES256", json!({"Enabled": true, "SSEType": "AES256"})).invalid(format!("{PARAMETERS}SSEType AES256 is not supported")),
        sse("a type in lower case", json!({"SSEType": "kms"}))
            .invalid(constraint("'kms'", "sSESpecification.sSEType", "satisfy enum value set: [AES256, KMS]")),
        sse("an empty key", json!({"SSEType": "KMS", "KMSMasterKeyId": ""}))
            .invalid(constraint("''", "sSESpecification.kMSMasterKeyId", "have length greater than or equal to 1")),
        sse("an unknown key", json!({"SSEType": "KMS", "KMSMasterKeyId": nobody}))
            .begins(INVALID, format!("KMS validation error: com.amazonaws.services.kms.model.NotFoundException: Key '{nobody}' does not exist")),
        sse("an unknown alias", json!({"SSEType": "KMS", "KMSMasterKeyId": "alias/nobody"}))
            .begins(INVALID, "KMS validation error: com.amazonaws.services.kms.model.NotFoundException: Alias arn:aws:kms:us-east-1:000000000000:alias/nobody is not found."),
        sse("a key of another Region", json!({"SSEType": "KMS", "KMSMasterKeyId": nobody.replace("us-east-1", "eu-west-1")}))
            .begins(INVALID, "KMS validation error: com.amazonaws.services.kms.model.NotFoundException: Invalid arn eu-west-1"),
        sse("a word for a flag", json!({"Enabled": "yes"})).is("SerializationException"),
        sse("a specification that is a string", json!("KMS")).is("SerializationException"),
    ]
}

/// What the server cannot do yet is refused, not taken and forgotten.
fn not_yet() -> Vec<Row> {
    let key = json!([{"AttributeName": "pk", "KeyType": "HASH"}]);
    let index = json!([{"IndexName": "byPk", "KeySchema": key, "Projection": {"ProjectionType": "ALL"}}]);
    vec![
        create("a global index", "GlobalSecondaryIndexes", index.clone()).is(INVALID),
        create("a local index", "LocalSecondaryIndexes", index).is(INVALID),
        create(
            "a stream",
            "StreamSpecification",
            json!({"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}),
        )
        .is(INVALID),
        create("tags", "Tags", json!([{"Key": "a", "Value": "b"}])).is(INVALID),
        create("a resource policy", "ResourcePolicy", json!("{}")).is(INVALID),
        dynamodb(
            "a query of an index",
            "Query",
            &json!({"TableName": TABLE, "IndexName": "byPk",
            "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}),
        )
        .is(INVALID),
        dynamodb("a scan of an index", "Scan", &json!({"TableName": TABLE, "IndexName": "byPk"})).is(INVALID),
    ]
}

fn others() -> Vec<Row> {
    let update = |name: &str, body: Value| {
        let mut whole = json!({ "TableName": TABLE });
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        dynamodb(name, "UpdateTable", &whole)
    };
    vec![
        dynamodb("a limit of 0 tables", "ListTables", &json!({"Limit": 0})).invalid(constraint(
            "'0'",
            "limit",
            "have value greater than or equal to 1",
        )),
        dynamodb("a limit of 101 tables", "ListTables", &json!({"Limit": 101})).invalid(constraint(
            "'101'",
            "limit",
            "have value less than or equal to 100",
        )),
        dynamodb("a start of two letters", "ListTables", &json!({"ExclusiveStartTableName": "ab"}))
            .is(INVALID),
        update("an update of nothing", json!({})).is(INVALID),
        update(
            "throughput of a table on demand",
            json!({"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}),
        )
        .is(INVALID),
        update(
            "encryption and more",
            json!({"SSESpecification": {"Enabled": true}, "BillingMode": "PAY_PER_REQUEST"}),
        )
        .invalid(format!(
            "{PARAMETERS}Server-Side Encryption modification must be the only operation in the request"
        )),
        update("encryption as it is", json!({"SSESpecification": {"Enabled": false}}))
            .invalid(format!("{PARAMETERS}Table is already encrypted by default")),
    ]
}
