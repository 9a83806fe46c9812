//! BatchWriteItem.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::types::WriteRequest;

use super::{ClientError, EncryptedClient, Item, Table};
use crate::change::key_of;
use crate::many::encrypt_many;

impl EncryptedClient {
    /// Encrypts items and puts them, and deletes others, in one or more tables. Requests that DynamoDB did not come to
    /// are in the answer as they were given, not encrypted, ready to be sent again.
    ///
    /// # Errors
    /// [`ClientError`]; nothing is sent where an item is refused.
    pub async fn batch_write_item(
        &self,
        input: BatchWriteItemInputBuilder,
    ) -> Result<BatchWriteItemOutput, ClientError> {
        let given = input.get_request_items().clone().unwrap_or_default();
        let mut sealed = HashMap::with_capacity(given.len());
        for (name, requests) in &given {
            sealed.insert(name.clone(), self.sealed(self.known(Some(name))?, requests.clone()).await?);
        }
        let mut output = input.set_request_items(Some(sealed)).send_with(&self.client).await?;
        for (name, requests) in output.unprocessed_items.iter_mut().flatten() {
            let given = given.get(name).map(Vec::as_slice).unwrap_or_default();
            as_given(requests, given, self.known(Some(name))?)?;
        }
        Ok(output)
    }

    async fn sealed(
        &self,
        table: &Table,
        mut requests: Vec<WriteRequest>,
    ) -> Result<Vec<WriteRequest>, ClientError> {
        let items = |request: &mut WriteRequest| {
            request.put_request.as_mut().map(|put| std::mem::take(&mut put.item))
        };
        let plain: Vec<Item> = requests.iter_mut().filter_map(items).collect();
        let mut sealed = encrypt_many(&table.codec, plain, self.tasks).await.into_iter();
        for put in requests.iter_mut().filter_map(|request| request.put_request.as_mut()) {
            put.item = sealed.next().transpose()?.unwrap_or_default();
        }
        Ok(requests)
    }
}

/// Puts in the place of encrypted items those that they were made of; within a batch, keys are unique.
fn as_given(left: &mut [WriteRequest], given: &[WriteRequest], table: &Table) -> Result<(), ClientError> {
    for put in left.iter_mut().filter_map(|request| request.put_request.as_mut()) {
        let key = key_of(&put.item, table.config())?;
        let is_it = |item: &&Item| key_of(item, table.config()).is_ok_and(|other| other == key);
        let items = given.iter().filter_map(|request| request.put_request.as_ref()).map(|put| &put.item);
        if let Some(item) = items.into_iter().find(is_it) {
            put.item.clone_from(item);
        }
    }
    Ok(())
}
