//! TransactWriteItems.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::update_item::of_existing;
use super::{ClientError, EncryptedClient};
use crate::soundness::{check_condition, check_update};

impl EncryptedClient {
    /// Writes to one or more tables all or nothing: items that are put are encrypted, updates change unsigned
    /// attributes of items that exist, conditions compare what stands in clear. The items in the reasons of a cancelled
    /// transaction are decrypted, and left out where they do not open.
    ///
    /// The SDK makes a token for each call and sends the same bytes again where an answer does not come, so a call is done
    /// once. A token that the application gives makes it once over several calls too; but an item that is put is encrypted
    /// anew by each, so when an earlier call was done, DynamoDB says `IdempotentParameterMismatchException`
    /// ([`ClientError::is_token_used`]) and not that all is well.
    ///
    /// # Errors
    /// [`ClientError`]; nothing is sent where a part is refused.
    pub async fn transact_write_items(
        &self,
        input: TransactWriteItemsInputBuilder,
    ) -> Result<TransactWriteItemsOutput, ClientError> {
        let mut sealed = Vec::new();
        for part in input.get_transact_items().clone().unwrap_or_default() {
            sealed.push(self.sealed_part(part).await?);
        }
        let tables: Vec<Option<String>> = sealed.iter().map(table_of).collect();
        match input.set_transact_items(Some(sealed)).send_with(&self.client).await {
            Ok(output) => Ok(output),
            Err(error) => Err(self.told(error.into(), &tables).await),
        }
    }

    /// An error as it is told, the items of its reasons decrypted.
    async fn told(&self, mut error: ClientError, tables: &[Option<String>]) -> ClientError {
        if let ClientError::DynamoDb(refused) = &mut error
            && let aws_sdk_dynamodb::Error::TransactionCanceledException(cancelled) = &mut **refused
        {
            let reasons = cancelled.cancellation_reasons.iter_mut().flatten();
            for (reason, table) in reasons.zip(tables) {
                match self.known(table.as_deref()) {
                    Ok(table) => table.met_item(&mut reason.item).await,
                    Err(_) => reason.item = None,
                }
            }
        }
        error
    }

    /// A part of a transaction as it is sent.
    async fn sealed_part(&self, mut part: TransactWriteItem) -> Result<TransactWriteItem, ClientError> {
        if let Some(put) = &mut part.put {
            let table = self.known(Some(&put.table_name))?;
            let names = put.expression_attribute_names.clone().unwrap_or_default();
            check_condition(put.condition_expression.as_deref(), &names, table.config())?;
            put.item = table.codec.encrypt(std::mem::take(&mut put.item)).await?;
        }
        if let Some(update) = &mut part.update {
            let table = self.known(Some(&update.table_name))?.config();
            let names = update.expression_attribute_names.take().unwrap_or_default();
            check_condition(update.condition_expression.as_deref(), &names, table)?;
            check_update(Some(&update.update_expression), &names, table)?;
            let (condition, names) = of_existing(update.condition_expression.as_deref(), names, table);
            update.condition_expression = Some(condition);
            update.expression_attribute_names = Some(names);
        }
        if let Some(delete) = &part.delete {
            let names = delete.expression_attribute_names.clone().unwrap_or_default();
            let table = self.known(Some(&delete.table_name))?.config();
            check_condition(delete.condition_expression.as_deref(), &names, table)?;
        }
        if let Some(check) = &part.condition_check {
            let names = check.expression_attribute_names.clone().unwrap_or_default();
            let table = self.known(Some(&check.table_name))?.config();
            check_condition(Some(&check.condition_expression), &names, table)?;
        }
        Ok(part)
    }
}

/// The table of a part.
fn table_of(part: &TransactWriteItem) -> Option<String> {
    let put = part.put.as_ref().map(|put| &put.table_name);
    let update = || part.update.as_ref().map(|update| &update.table_name);
    let delete = || part.delete.as_ref().map(|delete| &delete.table_name);
    let check = || part.condition_check.as_ref().map(|check| &check.table_name);
    put.or_else(update).or_else(delete).or_else(check).cloned()
}
