//! A table to be swept, through the SDK's client, which tries again by itself where the table does not answer.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use super::{ClientError, Item};
use crate::change::Change;
use crate::migration::store::{ItemStore, Page, Replaced, Segment, StoreAnswer, StoreError};

/// One table of DynamoDB.
#[derive(Debug, Clone)]
pub struct SdkStore {
    client: Client,
    table: String,
}

impl SdkStore {
    /// The table of this name or ARN.
    #[must_use]
    pub fn new(client: Client, table: &str) -> Self {
        Self { client, table: table.to_owned() }
    }

    pub(super) async fn read(&self, key: &Item) -> Result<Option<Item>, ClientError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key.clone()));
        Ok(get.consistent_read(true).send().await?.item)
    }

    pub(super) async fn write(&self, change: Change<AttributeValue>) -> Result<Replaced, ClientError> {
        match self.update(change).await.map_err(ClientError::from) {
            Ok(()) => Ok(Replaced::Done),
            Err(error) if error.is_condition_failed() => Ok(Replaced::Changed),
            Err(error) => Err(error),
        }
    }

    async fn update(
        &self,
        change: Change<AttributeValue>,
    ) -> Result<(), SdkError<aws_sdk_dynamodb::operation::update_item::UpdateItemError>> {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(change.key));
        let update = update.update_expression(change.update).condition_expression(change.condition);
        let update = update
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values));
        update.send().await.map(drop)
    }
}

impl ItemStore<AttributeValue> for SdkStore {
    fn page<'a>(
        &'a self,
        segment: Segment,
        behind: Option<&'a Item>,
        limit: Option<u32>,
    ) -> StoreAnswer<'a, Page<AttributeValue>> {
        Box::pin(async move {
            let limit = limit.and_then(|limit| i32::try_from(limit).ok());
            let scan = self.client.scan().table_name(&self.table).set_limit(limit);
            let [number, of] = [segment.number, segment.of].map(|count| i32::try_from(count).ok());
            let scan =
                scan.set_exclusive_start_key(behind.cloned()).set_segment(number).set_total_segments(of);
            let output = scan.send().await.map_err(|error| told(&error))?;
            Ok(Page { items: output.items.unwrap_or_default(), last: output.last_evaluated_key })
        })
    }

    fn get<'a>(&'a self, key: &'a Item) -> StoreAnswer<'a, Option<Item>> {
        Box::pin(async move {
            let get = self.client.get_item().table_name(&self.table).set_key(Some(key.clone()));
            Ok(get.consistent_read(true).send().await.map_err(|error| told(&error))?.item)
        })
    }

    fn replace<'a>(&'a self, change: Change<AttributeValue>) -> StoreAnswer<'a, Replaced> {
        Box::pin(async move {
            match self.update(change).await {
                Ok(()) => Ok(Replaced::Done),
                Err(error) if error.code() == Some("ConditionalCheckFailedException") => {
                    Ok(Replaced::Changed)
                }
                Err(error) if error.code() == Some("ValidationException") => {
                    Err(StoreError::Item(error.message().unwrap_or_default().to_owned()))
                }
                Err(error) => Err(told(&error)),
            }
        })
    }
}

/// The SDK has tried again already where that may help.
fn told<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E>) -> StoreError {
    StoreError::Table(DisplayErrorContext(error).to_string())
}
