//! KMS and DynamoDB through the AWS SDK's clients, at any endpoint they were made for. Behind the feature `aws-sdk`.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue as SdkValue, BillingMode, CancellationReason, KeySchemaElement,
    KeyType, Put as PutAction, ScalarAttributeType, TableDescription, TableStatus, TransactWriteItem,
};
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::KeyAgreementAlgorithmSpec;
use item_encryption_format::dbesdk::EncryptionContext;
use item_encryption_format::{AttributeValue, Parts, View};
use zeroize::Zeroizing;

use crate::kms::{KmsAnswer, KmsClient};
use crate::tables::{
    ConditionalPut, Item, Put, PutCondition, TableAnswer, TableClient, TableShape, TableState,
};

/// A KMS.
#[derive(Debug, Clone)]
pub struct SdkKms(pub aws_sdk_kms::Client);

/// DynamoDB.
#[derive(Debug, Clone)]
pub struct SdkTables(pub aws_sdk_dynamodb::Client);

impl KmsClient for SdkKms {
    fn generate_data_key<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, (Zeroizing<Vec<u8>>, Vec<u8>)> {
        Box::pin(async move {
            let call = self.0.generate_data_key().key_id(key).number_of_bytes(32);
            let answer = call.set_encryption_context(Some(pairs(context))).send().await.map_err(told)?;
            Ok((secret(answer.plaintext)?, bytes(answer.ciphertext_blob)?))
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let call = self.0.decrypt().key_id(key).ciphertext_blob(Blob::new(blob));
            let answer = call.set_encryption_context(Some(pairs(context))).send().await.map_err(told)?;
            secret(answer.plaintext)
        })
    }

    fn generate_data_key_without_plaintext<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        Box::pin(async move {
            let call = self.0.generate_data_key_without_plaintext().key_id(key).number_of_bytes(32);
            let answer = call.set_encryption_context(Some(pairs(context))).send().await.map_err(told)?;
            bytes(answer.ciphertext_blob)
        })
    }

    fn re_encrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        from: &'a EncryptionContext,
        to: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        Box::pin(async move {
            let call = self.0.re_encrypt().ciphertext_blob(Blob::new(blob));
            let call = call.source_key_id(key).set_source_encryption_context(Some(pairs(from)));
            let call = call.destination_key_id(key).set_destination_encryption_context(Some(pairs(to)));
            bytes(call.send().await.map_err(told)?.ciphertext_blob)
        })
    }

    fn derive_shared_secret<'a>(
        &'a self,
        key: &'a str,
        public_key: &'a [u8],
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let call = self.0.derive_shared_secret().key_id(key).public_key(Blob::new(public_key));
            let call = call.key_agreement_algorithm(KeyAgreementAlgorithmSpec::Ecdh);
            secret(call.send().await.map_err(told)?.shared_secret)
        })
    }
}

impl SdkTables {
    async fn put_one(&self, table: &str, (item, condition): ConditionalPut<'_>) -> Result<Put, String> {
        let Condition { expression, names, values } = worded(condition)?;
        let call = self.0.put_item().table_name(table).set_item(Some(converted(&item)?));
        let call = call.condition_expression(expression).set_expression_attribute_names(Some(names));
        match call.set_expression_attribute_values(values).send().await {
            Ok(_) => Ok(Put::Done),
            Err(error) if is_named(&error, "ConditionalCheckFailedException") => Ok(Put::Refused),
            Err(error) => Err(told(error)),
        }
    }

    /// The SDK sends it under a token, so that an answer that is lost on the way does not make a refusal of the next try.
    async fn put_together(&self, table: &str, puts: Vec<ConditionalPut<'_>>) -> Result<Put, String> {
        let mut call = self.0.transact_write_items();
        for (item, condition) in puts {
            let Condition { expression, names, values } = worded(condition)?;
            let put = PutAction::builder().table_name(table).set_item(Some(converted(&item)?));
            let put = put.condition_expression(expression).set_expression_attribute_names(Some(names));
            let put =
                put.set_expression_attribute_values(values).build().map_err(|error| error.to_string())?;
            call = call.transact_items(TransactWriteItem::builder().put(put).build());
        }
        match call.send().await {
            Ok(_) => Ok(Put::Done),
            Err(error) if is_refused(&error) => Ok(Put::Refused),
            Err(error) => Err(told(error)),
        }
    }
}

impl TableClient for SdkTables {
    fn get<'a>(&'a self, table: &'a str, key: Item) -> TableAnswer<'a, Option<Item>> {
        Box::pin(async move {
            let call = self.0.get_item().table_name(table).set_key(Some(converted(&key)?));
            let answer = call.consistent_read(true).send().await.map_err(told)?;
            answer.item.as_ref().map(converted).transpose()
        })
    }

    fn last<'a>(
        &'a self,
        table: &'a str,
        partition_key: &'a str,
        value: &'a str,
    ) -> TableAnswer<'a, Option<Item>> {
        Box::pin(async move {
            let call = self.0.query().table_name(table).key_condition_expression("#p = :p");
            let call = call.expression_attribute_names("#p", partition_key);
            let call = call.expression_attribute_values(":p", SdkValue::S(value.to_owned()));
            let call = call.scan_index_forward(false).limit(1).consistent_read(true);
            call.send().await.map_err(told)?.items().first().map(converted).transpose()
        })
    }

    fn put<'a>(&'a self, table: &'a str, mut puts: Vec<ConditionalPut<'a>>) -> TableAnswer<'a, Put> {
        Box::pin(async move {
            match (puts.pop(), puts.is_empty()) {
                (None, _) => Ok(Put::Done),
                (Some(only), true) => self.put_one(table, only).await,
                (Some(last), false) => {
                    puts.push(last);
                    self.put_together(table, puts).await
                }
            }
        })
    }

    fn describe<'a>(&'a self, table: &'a str) -> TableAnswer<'a, Option<TableState>> {
        Box::pin(async move {
            let described = match self.0.describe_table().table_name(table).send().await {
                Ok(answer) => answer.table.ok_or("the table's description is empty")?,
                Err(error) if is_named(&error, "ResourceNotFoundException") => return Ok(None),
                Err(error) => return Err(told(error)),
            };
            let active = described.table_status() == Some(&TableStatus::Active);
            Ok(Some(TableState { shape: shape(&described), active }))
        })
    }

    fn create<'a>(&'a self, table: &'a str, shape: &'a TableShape) -> TableAnswer<'a, ()> {
        Box::pin(async move {
            let sort_type =
                if shape.sort_key_is_number { ScalarAttributeType::N } else { ScalarAttributeType::S };
            let keys = [
                (&shape.partition_key, KeyType::Hash, ScalarAttributeType::S),
                (&shape.sort_key, KeyType::Range, sort_type),
            ];
            let mut call = self.0.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
            for (name, place, kind) in keys {
                let element = KeySchemaElement::builder().attribute_name(name).key_type(place).build();
                let definition =
                    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build();
                call = call.key_schema(element.map_err(|error| error.to_string())?);
                call = call.attribute_definitions(definition.map_err(|error| error.to_string())?);
            }
            call.send().await.map(drop).map_err(told)
        })
    }
}

/// A condition in DynamoDB's words.
struct Condition {
    expression: &'static str,
    names: HashMap<String, String>,
    values: Option<HashMap<String, SdkValue>>,
}

fn worded(condition: PutCondition<'_>) -> Result<Condition, String> {
    let names = |name: &str| [("#n".to_owned(), name.to_owned())].into();
    Ok(match condition {
        PutCondition::Absent(name) => {
            Condition { expression: "attribute_not_exists(#n)", names: names(name), values: None }
        }
        PutCondition::Has(name, value) => {
            let value = scalar(&value).ok_or_else(|| no_scalar(name))?;
            let values = Some([(":v".to_owned(), value)].into());
            Condition { expression: "#n = :v", names: names(name), values }
        }
    })
}

/// Whether a transaction was cancelled because a condition did not hold.
fn is_refused(error: &SdkError<TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return false;
    };
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    cancelled.cancellation_reasons().iter().any(failed)
}

/// The keys of a described table; `None` where they are not a string and a string or number.
fn shape(table: &TableDescription) -> Option<TableShape> {
    let key = |place: KeyType| {
        let element = table.key_schema().iter().find(|element| *element.key_type() == place)?;
        let name = element.attribute_name();
        let definition = table.attribute_definitions().iter().find(|known| known.attribute_name() == name)?;
        Some((name.to_owned(), definition.attribute_type().clone()))
    };
    let ((partition_key, partition_type), (sort_key, sort_type)) =
        (key(KeyType::Hash)?, key(KeyType::Range)?);
    let known = partition_type == ScalarAttributeType::S && sort_type != ScalarAttributeType::B;
    let sort_key_is_number = sort_type == ScalarAttributeType::N;
    known.then_some(TableShape { partition_key, sort_key, sort_key_is_number })
}

fn pairs(context: &EncryptionContext) -> HashMap<String, String> {
    context.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn bytes(blob: Option<Blob>) -> Result<Vec<u8>, String> {
    blob.map(Blob::into_inner).ok_or_else(|| "the KMS's answer lacks its bytes".to_owned())
}

fn secret(blob: Option<Blob>) -> Result<Zeroizing<Vec<u8>>, String> {
    bytes(blob).map(Zeroizing::new)
}

/// Tables of keys hold strings, numbers and binary values, and nothing else.
fn converted<A: AttributeValue, B: AttributeValue>(
    item: &HashMap<String, A>,
) -> Result<HashMap<String, B>, String> {
    let pair =
        |(name, value): (&String, &A)| Ok((name.clone(), scalar(value).ok_or_else(|| no_scalar(name))?));
    item.iter().map(pair).collect()
}

fn scalar<A: AttributeValue, B: AttributeValue>(value: &A) -> Option<B> {
    match value.view() {
        View::S(text) => Some(B::from_parts(Parts::S(text.to_owned()))),
        View::N(number) => Some(B::from_parts(Parts::N(number.to_owned()))),
        View::B(bytes) => Some(B::from_parts(Parts::B(bytes.to_vec()))),
        _ => None,
    }
}

fn no_scalar(name: &str) -> String {
    format!("the attribute {name:?} is neither a string nor a number nor binary; no table of keys has such")
}

fn is_named<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, name: &str) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some(name)
}

/// The service's own words, else how it was not reached.
fn told<E, R>(error: SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match error.as_service_error().map(|error| (error.code(), error.message())) {
        Some((Some(code), Some(message))) => format!("{code}: {message}"),
        Some((Some(code), None)) => code.to_owned(),
        _ => DisplayErrorContext(&error).to_string(),
    }
}
