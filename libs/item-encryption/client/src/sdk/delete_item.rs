//! DeleteItem.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;

use super::{ClientError, EncryptedClient};
use crate::soundness::{check_condition, check_old_parameters};

impl EncryptedClient {
    /// Deletes an item; the old one comes back decrypted where it is asked for.
    ///
    /// # Errors
    /// [`ClientError`]. An old item that does not open is deleted nevertheless.
    pub async fn delete_item(&self, input: DeleteItemInputBuilder) -> Result<DeleteItemOutput, ClientError> {
        let table = self.known(input.get_table_name().as_deref())?;
        check_old_parameters(&[
            ("Expected", input.get_expected().is_some()),
            ("ConditionalOperator", input.get_conditional_operator().is_some()),
        ])?;
        let names = input.get_expression_attribute_names().clone().unwrap_or_default();
        check_condition(input.get_condition_expression().as_deref(), &names, table.config())?;
        let mut output = table.met(input.send_with(&self.client).await).await?;
        output.attributes = table.opened_in(output.attributes.take()).await?;
        Ok(output)
    }
}
