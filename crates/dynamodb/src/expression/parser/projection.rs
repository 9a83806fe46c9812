//! Projections: paths with commas between.

use super::super::error::{ExpressionError, ExpressionKind};
use super::super::path::Path;
use super::super::placeholders::Placeholders;
use super::super::projection::Projection;
use super::{Parsed, Parser, Rank, parse_all};

impl Projection {
    /// Parses a `ProjectionExpression`.
    ///
    /// # Errors
    /// In AWS's words and order.
    pub fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, ExpressionError> {
        parse_all(ExpressionKind::Projection, text, placeholders, Parser::projection)
    }
}

impl Parser<'_, '_> {
    fn projection(&mut self) -> Parsed<Projection> {
        let mut paths: Vec<Path> = vec![self.path()?];
        while self.accept_symbol(",") {
            paths.push(self.path()?);
        }
        Ok(Projection::of_paths(paths).unwrap_or_else(|problem| {
            self.defer(Rank::Operand, problem);
            Projection::default()
        }))
    }
}
