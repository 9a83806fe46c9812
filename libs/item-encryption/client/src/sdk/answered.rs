//! Items of answers, decrypted.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{self, Stream, StreamExt};

use super::{ClientError, EncryptedClient, Item, Table};
use crate::expression::used_names;
use crate::many::decrypt_stream;
use crate::search::{Asked, Fits};
use crate::soundness::{self, check_search};

/// Items as they come. A refused item is an error in its place, the others go on; where a page does not come, the
/// stream ends with the error.
pub type ItemStream = Pin<Box<dyn Stream<Item = Result<Item, ClientError>> + Send>>;

/// What was asked of an item beyond being decrypted.
#[derive(Clone, Default)]
pub struct Shape {
    /// The attributes that were asked for.
    pub projection: Option<Vec<String>>,
    /// What it must fit.
    pub fits: Option<Arc<Fits<AttributeValue>>>,
}

impl Shape {
    /// Of a projection.
    pub fn projected(
        expression: Option<&str>,
        names: Option<&HashMap<String, String>>,
    ) -> Result<Self, ClientError> {
        let none = HashMap::new();
        let projection = soundness::projection(expression, names.unwrap_or(&none))?;
        Ok(Self { projection, fits: None })
    }

    /// The item as asked for; `None` where it does not fit.
    pub fn cut(&self, mut item: Item) -> Option<Item> {
        if self.fits.as_ref().is_some_and(|fits| !fits(&item)) {
            return None;
        }
        if let Some(projection) = &self.projection {
            item.retain(|name, _| projection.contains(name));
        }
        Some(item)
    }
}

/// The items of pages: `fetch` answers a request with its items and the request for the next page.
pub fn paged<I, F, A>(first: I, fetch: F) -> ItemStream
where
    I: Send + 'static,
    F: Fn(I) -> A + Send + 'static,
    A: Future<Output = Result<(Vec<Result<Item, ClientError>>, Option<I>), ClientError>> + Send + 'static,
{
    let pages = stream::unfold((Some(first), fetch), async |(request, fetch)| match fetch(request?).await {
        Ok((items, next)) => Some((items, (next, fetch))),
        Err(error) => Some((vec![Err(error)], (None, fetch))),
    });
    pages.flat_map(stream::iter).boxed()
}

impl Table {
    /// What a query or a scan may ask of the stored items, and the shape of what is answered.
    pub fn sound(
        &self,
        mut asked: Asked<AttributeValue>,
        projection: Option<&str>,
    ) -> Result<(Asked<AttributeValue>, Shape), ClientError> {
        let mut shape = Shape::projected(projection, Some(&asked.names))?;
        if let Some(search) = &self.search {
            let (rewritten, fits) = search.rewrite(asked)?;
            (asked, shape.fits) = (rewritten, fits.map(Arc::new));
        }
        let expressions = [asked.key_condition.as_deref(), asked.filter.as_deref()];
        for expression in expressions {
            check_search(expression, &asked.names, self.config())?;
        }
        asked.names = used_names(&expressions, &asked.names);
        Ok((asked, shape))
    }

    /// An item as it is.
    pub async fn opened(&self, item: Item) -> Result<Item, ClientError> {
        Ok(self.codec.decrypt(item).await?.item)
    }

    /// An item that an answer may have.
    pub async fn opened_in(&self, item: Option<Item>) -> Result<Option<Item>, ClientError> {
        match item {
            Some(item) => Ok(Some(self.opened(item).await?)),
            None => Ok(None),
        }
    }
}

impl EncryptedClient {
    /// Decrypts the items of an answer, over the cores; what does not fit is dropped.
    pub(super) async fn opened_all(
        &self,
        table: &Table,
        items: Vec<Item>,
        shape: &Shape,
    ) -> Vec<Result<Item, ClientError>> {
        let opened = decrypt_stream(Arc::clone(&table.codec), stream::iter(items), self.tasks);
        let shaped = opened.filter_map(async |opened| match opened {
            Ok(opened) => shape.cut(opened.item).map(Ok),
            Err(error) => Some(Err(error.into())),
        });
        shaped.collect().await
    }
}
