//! GetItem.

use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;

use super::answered::Shape;
use super::{ClientError, EncryptedClient};
use crate::soundness::check_old_parameters;

impl EncryptedClient {
    /// Gets an item and decrypts it. It is fetched whole, so that its signature can be checked; a projection is
    /// applied afterwards, and costs no more read capacity than without.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get_item(&self, input: GetItemInputBuilder) -> Result<GetItemOutput, ClientError> {
        let table = self.known(input.get_table_name().as_deref())?;
        check_old_parameters(&[("AttributesToGet", input.get_attributes_to_get().is_some())])?;
        let names = input.get_expression_attribute_names();
        let shape = Shape::projected(input.get_projection_expression().as_deref(), names.as_ref())?;
        let whole = input.set_projection_expression(None).set_expression_attribute_names(None);
        let mut output = whole.send_with(&self.client).await?;
        let opened = table.opened_in(output.item.take()).await?;
        output.item = opened.map(|item| shape.cut(item));
        Ok(output)
    }
}
