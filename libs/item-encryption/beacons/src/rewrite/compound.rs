//! Values of compound beacons: taken apart at the split character, the encrypted parts hashed.
//!
//! Parts in clear are ordered as they are; so a comparison works as far as the values compared differ only in
//! those. An encrypted part is hashed whole, also where a beginning is asked for.

use item_encryption_format::{AttributeValue, View};

use super::{Rewriter, Rewritten, unsound};
use crate::expression::tree::{Comparator, Function, Operand};
use crate::placeholders::Meaning;
use crate::search::{Compound, CompoundPart, PartSource, Standard};

const HASHED: &str =
    "an encrypted part of a compound beacon has no order; let the values differ in signed parts only";

/// A part of a value.
struct Piece<'v, 'b> {
    text: &'v str,
    /// Which part; none where the text is only the beginning of a prefix.
    part: Option<&'b CompoundPart>,
    /// Whether it is an encrypted part's prefix and no more.
    is_bare: bool,
}

impl Piece<'_, '_> {
    /// Whether it is stored as it stands here.
    fn is_clear(&self) -> bool {
        let is_signed = |part: &CompoundPart| matches!(part.source, PartSource::Signed(_));
        self.is_bare || self.part.is_none_or(is_signed)
    }
}

impl<'b, V: AttributeValue + Clone> Rewriter<'b, V> {
    pub(super) fn compare_compound(
        &mut self,
        beacon: &'b Compound,
        path: &mut Operand,
        comparator: Comparator,
        value: &mut Operand,
    ) -> Rewritten<()> {
        let pieces = self.pieces(beacon, value, false)?;
        if !pieces.iter().all(Piece::is_clear) {
            match comparator {
                Comparator::Equal | Comparator::NotEqual => self.need_equality(path, comparator)?,
                _ => return Err(unsound(path, comparator.name(), HASHED)),
            }
        }
        self.put_compound(beacon, path, [(value, pieces)])
    }

    /// Ends that begin with the same parts and then differ in signed ones only.
    pub(super) fn compound_between(
        &mut self,
        beacon: &'b Compound,
        path: &mut Operand,
        low: &mut Operand,
        high: &mut Operand,
    ) -> Rewritten<()> {
        let (low_pieces, high_pieces) = (self.pieces(beacon, low, false)?, self.pieces(beacon, high, false)?);
        let pairs = low_pieces.iter().zip(&high_pieces);
        let common = pairs.take_while(|(low, high)| low.text == high.text).count();
        let is_clear = low_pieces.iter().take(common).all(Piece::is_clear);
        let rests = [low_pieces.get(common..), high_pieces.get(common..)].map(Option::unwrap_or_default);
        if rests.iter().any(|rest| !rest.iter().all(Piece::is_clear) || (rest.is_empty() && !is_clear)) {
            return Err(unsound(path, "BETWEEN", HASHED));
        }
        if !is_clear {
            self.need_no_negation(path, "BETWEEN")?;
        }
        self.put_compound(beacon, path, [(low, low_pieces), (high, high_pieces)])
    }

    pub(super) fn compound_in(
        &mut self,
        beacon: &'b Compound,
        path: &mut Operand,
        candidates: &mut [Operand],
    ) -> Rewritten<()> {
        let mut values = Vec::new();
        for candidate in candidates {
            let pieces = self.pieces(beacon, candidate, false)?;
            values.push((candidate, pieces));
        }
        if !values.iter().all(|(_, pieces)| pieces.iter().all(Piece::is_clear)) {
            self.need_no_negation(path, "IN")?;
        }
        self.put_compound(beacon, path, values)
    }

    pub(super) fn compound_call(
        &mut self,
        beacon: &'b Compound,
        function: Function,
        path: &mut Operand,
        value: &mut Operand,
    ) -> Rewritten<()> {
        let pieces = self.pieces(beacon, value, function == Function::BeginsWith)?;
        if function == Function::Contains || !pieces.iter().all(Piece::is_clear) {
            self.need_no_negation(path, function.name())?;
        }
        self.put_compound(beacon, path, [(value, pieces)])
    }

    /// A value taken apart; where `may_end_early`, its last part may be a prefix or the beginning of one.
    fn pieces(
        &self,
        beacon: &'b Compound,
        value: &Operand,
        may_end_early: bool,
    ) -> Rewritten<Vec<Piece<'b, 'b>>> {
        let View::S(text) = self.value(value)?.view() else {
            return Err(unsound(value, "a value", "compound beacons are strings"));
        };
        let last = text.split(beacon.split).count() - 1;
        let pieces = text.split(beacon.split).enumerate().map(|(at, text)| {
            let part = beacon.parts.iter().find(|part| text.starts_with(&part.prefix));
            let may_be_cut = may_end_early && at == last;
            let begins_one = beacon.parts.iter().any(|part| part.prefix.starts_with(text));
            if part.is_none() && !(may_be_cut && begins_one) {
                let reason = format!("{:?} has no part with the prefix of one of its parts", beacon.name);
                return Err(unsound(value, "a value", &reason));
            }
            Ok(Piece { text, part, is_bare: may_be_cut && part.is_some_and(|part| part.prefix == text) })
        });
        pieces.collect()
    }

    fn put_compound<'o>(
        &mut self,
        beacon: &'b Compound,
        path: &mut Operand,
        values: impl IntoIterator<Item = (&'o mut Operand, Vec<Piece<'b, 'b>>)>,
    ) -> Rewritten<()> {
        self.lead_to(path, beacon.attribute());
        for (value, pieces) in values {
            let pieces =
                pieces.iter().map(|piece| self.stored_piece(piece)).collect::<Rewritten<Vec<_>>>()?;
            self.put_value(value, Meaning::Text(pieces.join(&beacon.split.to_string())));
        }
        Ok(())
    }

    fn stored_piece(&mut self, piece: &Piece<'_, 'b>) -> Rewritten<String> {
        let of: Option<(&CompoundPart, &Standard)> =
            piece.part.and_then(|part| Some((part, self.beacons.behind(&part.source)?)));
        match of {
            Some((part, standard)) if !piece.is_bare => {
                self.spread(standard);
                let text = piece.text.strip_prefix(&part.prefix).unwrap_or_default();
                Ok(format!("{}{}", part.prefix, self.beacons.hashed_text(standard, text, self.partition)?))
            }
            _ => Ok(piece.text.to_owned()),
        }
    }
}
