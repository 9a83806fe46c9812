//! PutItem.

use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;

use super::{ClientError, EncryptedClient};
use crate::soundness::{check_condition, check_old_parameters};

impl EncryptedClient {
    /// Encrypts an item and puts it. Its condition may compare what stands in clear, and ask whether what is
    /// encrypted exists. The old item comes back decrypted where it is asked for.
    ///
    /// # Errors
    /// [`ClientError`]. Where an old item that is asked for does not open, the new one is put nevertheless.
    pub async fn put_item(&self, input: PutItemInputBuilder) -> Result<PutItemOutput, ClientError> {
        let table = self.known(input.get_table_name().as_deref())?;
        check_old_parameters(&[
            ("Expected", input.get_expected().is_some()),
            ("ConditionalOperator", input.get_conditional_operator().is_some()),
        ])?;
        let names = input.get_expression_attribute_names().clone().unwrap_or_default();
        check_condition(input.get_condition_expression().as_deref(), &names, table.config())?;
        let sealed = table.codec.encrypt(input.get_item().clone().unwrap_or_default()).await?;
        let mut output = table.met(input.set_item(Some(sealed)).send_with(&self.client).await).await?;
        output.attributes = table.opened_in(output.attributes.take()).await?;
        Ok(output)
    }
}
