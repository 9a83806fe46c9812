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
    DELETE_REQUEST = "DeleteRequest";
    EXPECTED_ATTRIBUTE_VALUE = "ExpectedAttributeValue";
    KEY_SCHEMA_ELEMENT = "KeySchemaElement";
    KEYS_AND_ATTRIBUTES = "KeysAndAttributes";
    PROVISIONED_THROUGHPUT = "ProvisionedThroughput";
    PUT_REQUEST = "PutRequest";
    SSE_SPECIFICATION = "SSESpecification";
    WRITE_REQUEST = "WriteRequest";
}
