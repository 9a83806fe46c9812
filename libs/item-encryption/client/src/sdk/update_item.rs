//! UpdateItem.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use item_encryption_format::TableConfig;

use super::{ClientError, EncryptedClient};
use crate::soundness::{check_condition, check_old_parameters, check_update};

/// The placeholder of the partition key in the condition that an update gets.
const KEY: &str = "#item_encryption_key";

impl EncryptedClient {
    /// Updates unsigned attributes of an item that exists; for others there is [`EncryptedClient::modify`]. Whole
    /// items come back decrypted where they are asked for.
    ///
    /// DynamoDB would make an item of the key and the unsigned attributes where there is none, and nobody could
    /// read it, since nobody signed it; so an update's condition also asks that the item exists.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn update_item(&self, input: UpdateItemInputBuilder) -> Result<UpdateItemOutput, ClientError> {
        let table = self.known(input.get_table_name().as_deref())?;
        check_old_parameters(&[
            ("AttributeUpdates", input.get_attribute_updates().is_some()),
            ("Expected", input.get_expected().is_some()),
            ("ConditionalOperator", input.get_conditional_operator().is_some()),
        ])?;
        let names = input.get_expression_attribute_names().clone().unwrap_or_default();
        check_condition(input.get_condition_expression().as_deref(), &names, table.config())?;
        check_update(input.get_update_expression().as_deref(), &names, table.config())?;
        let (condition, names) =
            of_existing(input.get_condition_expression().as_deref(), names, table.config());
        let whole = matches!(input.get_return_values(), Some(ReturnValue::AllOld | ReturnValue::AllNew));
        let guarded =
            input.set_condition_expression(Some(condition)).set_expression_attribute_names(Some(names));
        let mut output = table.met(guarded.send_with(&self.client).await).await?;
        if whole {
            output.attributes = table.opened_in(output.attributes.take()).await?;
        }
        Ok(output)
    }
}

/// The condition that also asks whether the item exists.
pub fn of_existing(
    condition: Option<&str>,
    mut names: HashMap<String, String>,
    table: &TableConfig,
) -> (String, HashMap<String, String>) {
    names.insert(KEY.to_owned(), table.partition_key.clone());
    let exists = format!("attribute_exists({KEY})");
    let condition = match condition {
        Some(condition) => format!("({condition}) AND {exists}"),
        None => exists,
    };
    (condition, names)
}
