//! The five steps of every call: parse -> authorize -> run -> audit -> answer.
//!
//! There is no other way into an operation: HTTP, the console and calls between services all come here.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::operation::{Operation, OperationKind, Route};
use crate::wire::Wire;
use crate::{ApiError, CallContext, Fields, Node};

/// An API, as the router sees it.
pub trait Service: Send + Sync {
    /// The envelope its answers travel in.
    fn wire(&self) -> &Wire;

    /// Calls an operation by name.
    ///
    /// # Errors
    /// The exception to answer with.
    fn call<'a>(
        &'a self,
        context: &'a CallContext,
        operation: &'a str,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, ApiError>>;
}

/// A room with the list of its operations: what makes a service of it.
pub struct Room<S: 'static> {
    /// The room itself.
    pub room: Arc<S>,
    /// Its operations.
    pub routes: &'static [Route<S>],
    /// Operations of the API that are refused by name until they work.
    pub not_yet: &'static [&'static str],
    /// Its envelope.
    pub wire: Wire,
}

impl<S: Send + Sync + 'static> Service for Room<S> {
    fn wire(&self) -> &Wire {
        &self.wire
    }

    fn call<'a>(
        &'a self,
        context: &'a CallContext,
        operation: &'a str,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, ApiError>> {
        match self.routes.iter().find(|route| route.name == operation) {
            Some(route) => Box::pin(self.steps(route, context, body)),
            None => Box::pin(std::future::ready(Err(self.refusal(operation)))),
        }
    }
}

impl<S: Send + Sync + 'static> Room<S> {
    async fn steps(&self, route: &Route<S>, context: &CallContext, body: &[u8]) -> Result<Vec<u8>, ApiError> {
        let result = (route.steps)(&self.room, context, body).await;
        audit(self.wire.event_source, route, context, result.as_ref().err());
        result
    }

    fn refusal(&self, operation: &str) -> ApiError {
        if self.not_yet.contains(&operation) {
            let message = format!("{operation} is not supported by this server yet.");
            return ApiError::framework("UnknownOperationException", message);
        }
        ApiError::unknown_operation()
    }
}

/// The steps whose types only the operation knows.
pub(crate) async fn parse_and_run<S: Sync + 'static, O: Operation<S>>(
    room: &S,
    context: &CallContext,
    body: &[u8],
) -> Result<Vec<u8>, ApiError> {
    let input = O::parse(Fields::of(Node::parse_object(body)?))?;
    authorize(context);
    let output = O::run(room, context, input).await?;
    answer(&output)
}

/// Whether the principal may call. The one kind there is, the account's root user, may do everything;
/// whoever adds another kind meets this match first.
fn authorize(context: &CallContext) {
    match context.principal.kind {
        auth::principal::PrincipalKind::Root => {}
    }
}

/// Management events always go to the log; data events where the log asks for details.
fn audit<S>(source: &'static str, route: &Route<S>, context: &CallContext, error: Option<&ApiError>) {
    let (name, read_only, request_id) = (route.name, route.read_only, context.request_id);
    let error_code = error.map(|error| error.code.as_ref());
    match route.kind {
        OperationKind::Management => tracing::info!(
            target: "audit", source, name, read_only, %request_id, error_code,
            access_key_id = context.principal.access_key_id, source_ip = ?context.source_ip
        ),
        OperationKind::Data => {
            tracing::debug!(target: "audit", source, name, read_only, %request_id, error_code);
        }
    }
}

fn answer(output: &impl serde::Serialize) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::with_capacity(512);
    serde_json::to_writer(&mut body, output).map_err(|cause| {
        tracing::error!(%cause, "an answer cannot be written as JSON");
        ApiError::internal("InternalServerError")
    })?;
    if body == b"null" {
        body.clear();
    }
    Ok(body)
}
