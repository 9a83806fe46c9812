//! What AWS's framework calls the structures of a request; told where something else stands in their place.

macro_rules! classes {
    ($($name:ident = $class:literal;)*) => {
        $(#[doc = concat!("`", $class, "`.")]
        pub const $name: &str = concat!("com.amazonaws.dynamodb.v20120810.", $class);)*
    };
}

classes! {
    ATTRIBUTE_DEFINITION = "AttributeDefinition";
    ATTRIBUTE_VALUE = "AttributeValue";
    ATTRIBUTE_VALUE_UPDATE = "AttributeValueUpdate";
    CONDITION = "Condition";
    CONDITION_CHECK = "ConditionCheck";
    DELETE = "Delete";
    DELETE_REQUEST = "DeleteRequest";
    EXPECTED_ATTRIBUTE_VALUE = "ExpectedAttributeValue";
    GET = "Get";
    KEY_SCHEMA_ELEMENT = "KeySchemaElement";
    KEYS_AND_ATTRIBUTES = "KeysAndAttributes";
    PROVISIONED_THROUGHPUT = "ProvisionedThroughput";
    PUT = "Put";
    PUT_REQUEST = "PutRequest";
    SSE_SPECIFICATION = "SSESpecification";
    TRANSACT_GET_ITEM = "TransactGetItem";
    TRANSACT_WRITE_ITEM = "TransactWriteItem";
    UPDATE = "Update";
    WRITE_REQUEST = "WriteRequest";
}
