//! Scan.

use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::types::Select;

use super::answered::{ItemStream, Shape, chained, only, paged};
use super::{ClientError, EncryptedClient, Item};
use crate::search::Asked;
use crate::soundness::check_old_parameters;

impl EncryptedClient {
    /// Scans, and decrypts the items page by page as the stream is read. A limit is that of a page.
    ///
    /// # Errors
    /// [`ClientError`] where the request is not sound; what happens later comes with the stream.
    pub fn scan(&self, input: ScanInputBuilder) -> Result<ItemStream, ClientError> {
        let (requests, shape) = self.sound_scan(input)?;
        let client = self.clone();
        Ok(chained(requests, move |request| client.clone().scan_pages(request, shape.clone())))
    }

    fn scan_pages(self, request: ScanInputBuilder, shape: Shape) -> ItemStream {
        paged(request, move |input: ScanInputBuilder| {
            let (client, shape) = (self.clone(), shape.clone());
            async move {
                let (output, items) = client.scan_page(input.clone(), &shape).await?;
                let next = output.last_evaluated_key.map(|key| input.set_exclusive_start_key(Some(key)));
                Ok((items, next))
            }
        })
    }

    /// One page of a scan as the SDK answers it, its items decrypted. Unlike the stream it fails as a whole where
    /// an item is refused.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn scan_once(&self, input: ScanInputBuilder) -> Result<ScanOutput, ClientError> {
        let (requests, shape) = self.sound_scan(input)?;
        let (mut output, items) = self.scan_page(only(requests)?, &shape).await?;
        if output.items.is_some() {
            let items = items.into_iter().collect::<Result<Vec<Item>, _>>()?;
            output.count = i32::try_from(items.len()).unwrap_or(i32::MAX);
            output.items = Some(items);
        }
        Ok(output)
    }

    async fn scan_page(
        &self,
        input: ScanInputBuilder,
        shape: &Shape,
    ) -> Result<(ScanOutput, Vec<Result<Item, ClientError>>), ClientError> {
        let table = self.known(input.get_table_name().as_deref())?;
        let mut output = input.send_with(&self.client).await?;
        let stored = output.items.as_mut().map(std::mem::take).unwrap_or_default();
        let items = self.opened_all(table, stored, shape).await;
        Ok((output, items))
    }

    /// The requests as DynamoDB is to be asked.
    fn sound_scan(&self, input: ScanInputBuilder) -> Result<(Vec<ScanInputBuilder>, Shape), ClientError> {
        let table = self.known(input.get_table_name().as_deref())?;
        check_old_parameters(&[
            ("ScanFilter", input.get_scan_filter().is_some()),
            ("ConditionalOperator", input.get_conditional_operator().is_some()),
            ("AttributesToGet", input.get_attributes_to_get().is_some()),
        ])?;
        let asked = Asked {
            index: input.get_index_name().clone(),
            key_condition: None,
            filter: input.get_filter_expression().clone(),
            names: input.get_expression_attribute_names().clone().unwrap_or_default(),
            values: input.get_expression_attribute_values().clone().unwrap_or_default(),
        };
        let (requests, shape) = table.sound(asked, input.get_projection_expression().as_deref())?;
        let select = input.get_select().clone().filter(|select| *select != Select::SpecificAttributes);
        let whole = input.set_select(select).set_projection_expression(None);
        let requests = requests.into_iter().map(|asked| {
            let request = whole.clone().set_index_name(asked.index);
            request
                .set_filter_expression(asked.filter)
                .set_expression_attribute_names(Some(asked.names).filter(|names| !names.is_empty()))
                .set_expression_attribute_values(Some(asked.values).filter(|values| !values.is_empty()))
        });
        Ok((requests.collect(), shape))
    }
}
