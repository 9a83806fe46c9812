//! TransactWriteItems.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::update_item::of_existing;
use super::{ClientError, EncryptedClient};
use crate::soundness::{check_condition, check_update};

impl EncryptedClient {
    /// Writes to one or more tables all or nothing: items that are put are encrypted, updates change unsigned
    /// attributes of items that exist, conditions compare what stands in clear.
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
        Ok(input.set_transact_items(Some(sealed)).send_with(&self.client).await?)
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
