//! What Query and Scan have in common: a request for what stands in clear, answered in pages whose items are decrypted.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Select};

use super::answered::{ItemStream, Shape, chained, only, paged};
use super::{ClientError, EncryptedClient, Item};
use crate::search::Asked;
use crate::soundness::{Unsound, check_old_parameters};

/// A request of the SDK that is answered in pages.
pub trait PageRequest: Clone + Send + Sync + 'static {
    /// One page, as the SDK answers it.
    type Page: Page;

    /// The table that it names.
    fn table(&self) -> Option<&str>;
    /// Its parameters from before expressions, and whether they are there.
    fn old_parameters(&self) -> Vec<(&'static str, bool)>;
    /// What it asks.
    fn asked(&self) -> Asked<AttributeValue>;
    /// What of the items it asks for.
    fn projection(&self) -> Option<&str>;
    /// Which attributes, or how many items, it asks for.
    fn select(&self) -> Option<&Select>;
    /// Whether it begins behind a key.
    fn has_start(&self) -> bool;
    /// The same for whole items, under another selection.
    fn whole(self, select: Option<Select>) -> Self;
    /// The same that asks this.
    fn asking(self, asked: Asked<AttributeValue>) -> Self;
    /// The same behind a key.
    fn after(self, key: Item) -> Self;
    /// What DynamoDB answers.
    fn send(self, client: &Client) -> impl Future<Output = Result<Self::Page, ClientError>> + Send;
}

/// A page as the SDK answers it.
pub trait Page: Send {
    /// Its items; `None` where they are counted only.
    fn items(&mut self) -> &mut Option<Vec<Item>>;
    /// How many they are.
    fn set_count(&mut self, count: usize);
    /// Behind which key the next page begins.
    fn last_key(&mut self) -> Option<Item>;
}

/// Both for a builder and an output of the SDK, which name alike what is alike. `key_condition` reads and writes what
/// only queries have.
macro_rules! page_request {
    ($builder:ty, $page:ty, old: [$($old:literal $get_old:ident),*], key_condition: $get:expr, $set:expr) => {
        impl $crate::sdk::pages::PageRequest for $builder {
            type Page = $page;

            fn table(&self) -> Option<&str> {
                self.get_table_name().as_deref()
            }

            fn old_parameters(&self) -> Vec<(&'static str, bool)> {
                vec![$(($old, self.$get_old().is_some())),*]
            }

            fn asked(&self) -> Asked<AttributeValue> {
                Asked {
                    index: self.get_index_name().clone(),
                    key_condition: $get(self),
                    filter: self.get_filter_expression().clone(),
                    names: self.get_expression_attribute_names().clone().unwrap_or_default(),
                    values: self.get_expression_attribute_values().clone().unwrap_or_default(),
                }
            }

            fn projection(&self) -> Option<&str> {
                self.get_projection_expression().as_deref()
            }

            fn select(&self) -> Option<&Select> {
                self.get_select().as_ref()
            }

            fn has_start(&self) -> bool {
                self.get_exclusive_start_key().is_some()
            }

            fn whole(self, select: Option<Select>) -> Self {
                self.set_select(select).set_projection_expression(None)
            }

            fn asking(self, asked: Asked<AttributeValue>) -> Self {
                $set(self, asked.key_condition)
                    .set_index_name(asked.index)
                    .set_filter_expression(asked.filter)
                    .set_expression_attribute_names(Some(asked.names).filter(|names| !names.is_empty()))
                    .set_expression_attribute_values(Some(asked.values).filter(|values| !values.is_empty()))
            }

            fn after(self, key: Item) -> Self {
                self.set_exclusive_start_key(Some(key))
            }

            async fn send(self, client: &Client) -> Result<$page, ClientError> {
                Ok(self.send_with(client).await?)
            }
        }

        impl $crate::sdk::pages::Page for $page {
            fn items(&mut self) -> &mut Option<Vec<Item>> {
                &mut self.items
            }

            fn set_count(&mut self, count: usize) {
                self.count = i32::try_from(count).unwrap_or(i32::MAX);
            }

            fn last_key(&mut self) -> Option<Item> {
                self.last_evaluated_key.take()
            }
        }
    };
}
pub(super) use page_request;

impl EncryptedClient {
    /// The items of all pages.
    pub(super) fn item_stream<R: PageRequest>(&self, request: R) -> Result<ItemStream, ClientError> {
        let Sound { requests, shape, .. } = self.sound(request)?;
        let client = self.clone();
        Ok(chained(requests, move |request| client.clone().pages(request, shape.clone())))
    }

    fn pages<R: PageRequest>(self, request: R, shape: Shape) -> ItemStream {
        paged(request, move |request: R| {
            let (client, shape) = (self.clone(), shape.clone());
            async move {
                let (mut page, items) = client.page(request.clone(), &shape).await?;
                Ok((items, page.last_key().map(|key| request.after(key))))
            }
        })
    }

    /// One page as the SDK answers it.
    pub(super) async fn one_page<R: PageRequest>(&self, request: R) -> Result<R::Page, ClientError> {
        let Sound { requests, shape, counted } = self.sound(request)?;
        let (mut page, items) = self.page(only(requests)?, &shape).await?;
        if page.items().is_some() {
            let items = items.into_iter().collect::<Result<Vec<Item>, _>>()?;
            page.set_count(items.len());
            *page.items() = (!counted).then_some(items);
        }
        Ok(page)
    }

    async fn page<R: PageRequest>(
        &self,
        request: R,
        shape: &Shape,
    ) -> Result<(R::Page, Vec<Result<Item, ClientError>>), ClientError> {
        let table = self.known(request.table())?;
        let mut page = request.send(&self.client).await?;
        let stored = page.items().as_mut().map(std::mem::take).unwrap_or_default();
        let items = self.opened_all(table, stored, shape).await;
        Ok((page, items))
    }

    /// The requests as DynamoDB is to be asked.
    fn sound<R: PageRequest>(&self, request: R) -> Result<Sound<R>, ClientError> {
        let table = self.known(request.table())?;
        check_old_parameters(&request.old_parameters())?;
        let (asked, shape) = table.sound(request.asked(), request.projection())?;
        if asked.len() > 1 && request.has_start() {
            let told = "it takes several requests, so it cannot begin behind a key; read it as a stream from the beginning";
            return Err(Unsound::Search(told.to_owned()).into());
        }
        // What DynamoDB counts may not fit, where items are found by beacons: they are fetched, and counted here.
        let counted = shape.fits.is_some() && request.select() == Some(&Select::Count);
        let taken = |select: &Select| *select != Select::SpecificAttributes && !counted;
        let select = request.select().cloned().filter(taken);
        let whole = request.whole(select);
        let requests = asked.into_iter().map(|asked| whole.clone().asking(asked)).collect();
        Ok(Sound { requests, shape, counted })
    }
}

/// What is asked of DynamoDB, and what becomes of its answers.
struct Sound<R> {
    requests: Vec<R>,
    shape: Shape,
    /// Whether items are only counted, though they are fetched.
    counted: bool,
}
