//! A condition about values becomes one about beacons.
//!
//! What comes out must hold of every item of which the condition holds: an item found too much is dropped after
//! decrypting, one that is lost is lost. A beacon may be equal for different values, so equality of beacons may
//! stand for equality of values, and never its negation for theirs: where a filter asks that values differ, that part
//! of it is left out.

mod compound;

use std::collections::{BTreeSet, HashMap};

use item_encryption_format::beacon::attribute;
use item_encryption_format::{Action, AttributeValue, Parts, View};

use crate::error::{ItemError, QueryError};
use crate::expression::lexer::{Kind, token};
use crate::expression::parser::MAX_LEN;
use crate::expression::tree::{Comparator, Condition, Function, Operand, Path, Step};
use crate::placeholders::{Meaning, Placeholders};
use crate::query::Query;
use crate::search::{Compound, Source, Standard, Stored};
use crate::write::Beacons;

/// What a path leads to.
#[derive(Clone, Copy)]
enum Target<'b> {
    /// Something that is stored as it is.
    Plain,
    /// A beacon of one value.
    Standard(&'b Standard),
    /// A beacon of several.
    Compound(&'b Compound),
    /// An encrypted attribute without beacon of its name.
    Encrypted,
}

type Rewritten<T> = Result<T, Refusal>;

/// Why a part of a condition cannot be asked.
enum Refusal {
    /// Items of which it holds may have the beacon of one of which it does not hold.
    Collides(QueryError),
    /// The query cannot be answered.
    Query(QueryError),
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<ItemError> for Refusal {
    fn from(error: ItemError) -> Self {
        Self::Query(error.into())
    }
}

impl From<Refusal> for QueryError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Collides(error) | Refusal::Query(error) => error,
        }
    }
}

/// Rewrites the expressions of one query.
pub struct Rewriter<'b, V> {
    beacons: &'b Beacons,
    query: &'b Query<V>,
    partition: u8,
    /// How many partitions give different queries.
    partitions: u64,
    names: Placeholders,
    values: Placeholders,
    /// The placeholders that the query's conditions have.
    asked: BTreeSet<String>,
    /// Those that the rewritten ones, and the projection, have.
    left: BTreeSet<String>,
    /// Whether an odd number of NOTs is around.
    is_negated: bool,
}

impl<'b, V: AttributeValue + Clone> Rewriter<'b, V> {
    /// For a query, in a partition.
    pub fn new(beacons: &'b Beacons, query: &'b Query<V>, partition: u8) -> Self {
        let mut names = Placeholders::new(query.names.keys());
        let values = Placeholders::new(query.values.keys());
        let left: BTreeSet<String> = query.projection.iter().flat_map(|text| placeholders(text)).collect();
        for name in &left {
            names.place(name, Meaning::Same);
        }
        Self {
            beacons,
            query,
            partition,
            partitions: 1,
            names,
            values,
            asked: BTreeSet::new(),
            left,
            is_negated: false,
        }
    }

    /// A key condition rewritten, all of it.
    pub fn key_condition(&mut self, text: &str) -> Result<String, QueryError> {
        let mut condition = self.parsed(text)?;
        self.part(&mut condition)?;
        self.written(&condition)
    }

    /// A filter rewritten; `None` where beacons can rule out no item.
    pub fn filter(&mut self, text: &str) -> Result<Option<String>, QueryError> {
        let condition = self.parsed(text)?;
        let kept = self.condition(condition)?;
        kept.map(|kept| self.written(&kept)).transpose()
    }

    fn parsed(&mut self, text: &str) -> Result<Condition, QueryError> {
        let condition = Condition::parse(text)?;
        for placeholder in placeholders(text) {
            let Query { names, values, .. } = self.query;
            if !names.contains_key(&placeholder) && !values.contains_key(&placeholder) {
                return Err(QueryError::Undefined(placeholder));
            }
            self.asked.insert(placeholder);
        }
        Ok(condition)
    }

    fn written(&mut self, condition: &Condition) -> Result<String, QueryError> {
        let text = condition.to_string();
        self.left.extend(placeholders(&text));
        if text.len() <= MAX_LEN { Ok(text) } else { Err(QueryError::TooLong(text.len())) }
    }

    /// How many partitions, from the first, have to be asked.
    pub fn partitions(&self) -> u8 {
        u8::try_from(self.partitions).unwrap_or(u8::MAX).min(self.beacons.search.partitions)
    }

    /// The names and values of the rewritten expressions. DynamoDB refuses those that no expression has, so what
    /// stood only in parts that are left out is left out too.
    pub fn finish(self) -> (HashMap<String, String>, HashMap<String, V>) {
        let (mut names, mut values) = (self.query.names.clone(), self.query.values.clone());
        let is_left = |placeholder: &String| self.left.contains(placeholder);
        for (original, placeholder, meaning) in self.names.changed().filter(|(_, name, _)| is_left(name)) {
            let name = match meaning {
                Meaning::Text(name) => Some(name),
                _ => self.query.names.get(&original).cloned(),
            };
            names.extend(name.map(|name| (placeholder, name)));
        }
        for (original, placeholder, meaning) in self.values.changed().filter(|(_, name, _)| is_left(name)) {
            let value = match meaning {
                Meaning::Text(text) => Some(V::from_parts(Parts::S(text))),
                Meaning::Set(set) => Some(V::from_parts(Parts::Ss(set))),
                Meaning::Same => self.query.values.get(&original).cloned(),
            };
            values.extend(value.map(|value| (placeholder, value)));
        }
        let is_needed = |placeholder: &String| is_left(placeholder) || !self.asked.contains(placeholder);
        names.retain(|placeholder, _| is_needed(placeholder));
        values.retain(|placeholder, _| is_needed(placeholder));
        (names, values)
    }

    /// What is left of a condition; nothing where it rules out no item. Recursion is bounded by what the parser lets nest.
    fn condition(&mut self, condition: Condition) -> Rewritten<Option<Condition>> {
        match condition {
            Condition::And(parts) => self.parts(parts, !self.is_negated, Condition::And),
            Condition::Or(parts) => self.parts(parts, self.is_negated, Condition::Or),
            Condition::Not(inner) => {
                self.is_negated = !self.is_negated;
                let kept = self.condition(*inner)?;
                self.is_negated = !self.is_negated;
                Ok(kept.map(|inner| Condition::Not(Box::new(inner))))
            }
            mut part => match self.part(&mut part) {
                Ok(()) => Ok(Some(part)),
                Err(Refusal::Collides(_)) => Ok(None),
                Err(refusal) => Err(refusal),
            },
        }
    }

    /// Where each part rules out items on its own, the others do so without it; else nothing does.
    fn parts(
        &mut self,
        parts: Vec<Condition>,
        each_rules_out: bool,
        joined: fn(Vec<Condition>) -> Condition,
    ) -> Rewritten<Option<Condition>> {
        let (count, partitions) = (parts.len(), self.partitions);
        let mut kept = Vec::with_capacity(count);
        for part in parts {
            kept.extend(self.condition(part)?);
        }
        Ok(match kept.len() {
            len if len < count && !each_rules_out => {
                self.partitions = partitions;
                None
            }
            0 | 1 => kept.pop(),
            _ => Some(joined(kept)),
        })
    }

    /// A condition in its place, whole.
    fn part(&mut self, condition: &mut Condition) -> Rewritten<()> {
        match condition {
            Condition::And(parts) | Condition::Or(parts) => {
                parts.iter_mut().try_for_each(|part| self.part(part))
            }
            Condition::Not(inner) => {
                self.is_negated = !self.is_negated;
                let rewritten = self.part(inner);
                self.is_negated = !self.is_negated;
                rewritten
            }
            Condition::Compare(left, comparator, right) => self.compare(left, *comparator, right),
            Condition::Between(value, low, high) => self.between(value, low, high),
            Condition::In(value, candidates) => self.is_in(value, candidates),
            Condition::Exists(path) => self.exists(path, "attribute_exists"),
            Condition::NotExists(path) => self.exists(path, "attribute_not_exists"),
            Condition::Call(function, one, other) => self.call(*function, one, other),
        }
    }

    fn compare(&mut self, left: &mut Operand, comparator: Comparator, right: &mut Operand) -> Rewritten<()> {
        match (self.target(left)?, self.target(right)?) {
            (Target::Plain, Target::Plain) => self.keep([left, right]),
            (beacon, Target::Plain) => self.compare_beacon(beacon, left, comparator, right),
            (Target::Plain, beacon) => self.compare_beacon(beacon, right, comparator, left),
            (Target::Standard(one), Target::Standard(other)) => {
                self.compare_beacons((one, left), comparator, (other, right))
            }
            _ => Err(unsound(
                left,
                comparator.name(),
                "the two are hashed differently; compare decrypted items",
            )),
        }
    }

    fn compare_beacon(
        &mut self,
        beacon: Target<'b>,
        path: &mut Operand,
        comparator: Comparator,
        value: &mut Operand,
    ) -> Rewritten<()> {
        match beacon {
            Target::Standard(beacon) => {
                self.need_equality(path, comparator)?;
                self.standard(beacon, path, comparator.name(), [value])
            }
            Target::Compound(beacon) => self.compare_compound(beacon, path, comparator, value),
            Target::Encrypted | Target::Plain => Err(self.no_beacon(path, comparator.name())),
        }
    }

    /// `one = other` of two encrypted values, which works where their beacons are made alike.
    fn compare_beacons(
        &mut self,
        (one, left): (&'b Standard, &mut Operand),
        comparator: Comparator,
        (other, right): (&'b Standard, &mut Operand),
    ) -> Rewritten<()> {
        self.need_equality(left, comparator)?;
        let alike = (&one.hashed_as, one.bits, one.partitions, one.stored)
            == (&other.hashed_as, other.bits, other.partitions, other.stored);
        if !alike || one.stored == Stored::InCompounds {
            let reason =
                "the two beacons are hashed differently: let one share the other's, in style and length";
            return Err(unsound(left, comparator.name(), reason));
        }
        self.lead_to(left, attribute(&one.name));
        self.lead_to(right, attribute(&other.name));
        Ok(())
    }

    /// Equality that must hold, as against one that must not.
    fn need_equality(&self, path: &Operand, comparator: Comparator) -> Rewritten<()> {
        let is_equality = match comparator {
            Comparator::Equal => !self.is_negated,
            Comparator::NotEqual => self.is_negated,
            _ => return Err(unsound(path, comparator.name(), NO_ORDER)),
        };
        if is_equality { Ok(()) } else { Err(collides(path, comparator.name())) }
    }

    fn need_no_negation(&self, path: &Operand, operation: &'static str) -> Rewritten<()> {
        if self.is_negated { Err(collides(path, operation)) } else { Ok(()) }
    }

    /// The beacon and values of one that is stored on its own.
    fn standard<'o>(
        &mut self,
        beacon: &'b Standard,
        path: &mut Operand,
        operation: &'static str,
        values: impl IntoIterator<Item = &'o mut Operand>,
    ) -> Rewritten<()> {
        if beacon.stored == Stored::InCompounds {
            return Err(unsound(
                path,
                operation,
                "it is stored only as a part of compound beacons; ask one of these",
            ));
        }
        self.spread(beacon);
        self.lead_to(path, attribute(&beacon.name));
        for operand in values {
            let view = self.value(operand)?.view();
            let meaning = match (beacon.stored, &view) {
                (Stored::AsSet, View::Ss(_) | View::Ns(_) | View::Bs(_)) => {
                    Meaning::Set(self.beacons.hashed_set(beacon, &view, self.partition)?)
                }
                _ => Meaning::Text(self.beacons.hashed(beacon, view, self.partition)?),
            };
            self.put_value(operand, meaning);
        }
        Ok(())
    }

    fn between(&mut self, value: &mut Operand, low: &mut Operand, high: &mut Operand) -> Rewritten<()> {
        match (self.target(value)?, self.target(low)?, self.target(high)?) {
            (Target::Plain, Target::Plain, Target::Plain) => self.keep([value, low, high]),
            (Target::Compound(beacon), Target::Plain, Target::Plain) => {
                self.compound_between(beacon, value, low, high)
            }
            (Target::Encrypted, ..) => Err(self.no_beacon(value, "BETWEEN")),
            _ => Err(unsound(value, "BETWEEN", NO_ORDER)),
        }
    }

    fn is_in(&mut self, value: &mut Operand, candidates: &mut [Operand]) -> Rewritten<()> {
        let target = self.target(value)?;
        for candidate in candidates.iter() {
            if !matches!(self.target(candidate)?, Target::Plain) {
                return Err(unsound(
                    candidate,
                    "IN",
                    "a beacon can stand before IN only; compare with = instead",
                ));
            }
        }
        match target {
            Target::Plain => self.keep(std::iter::once(value).chain(candidates)),
            Target::Standard(beacon) => {
                self.need_no_negation(value, "IN")?;
                self.standard(beacon, value, "IN", candidates)
            }
            Target::Compound(beacon) => self.compound_in(beacon, value, candidates),
            Target::Encrypted => Err(self.no_beacon(value, "IN")),
        }
    }

    fn call(&mut self, function: Function, one: &mut Operand, other: &mut Operand) -> Rewritten<()> {
        if !matches!(self.target(other)?, Target::Plain) {
            return Err(unsound(other, function.name(), "a beacon can be the first operand only"));
        }
        match (self.target(one)?, function) {
            (Target::Plain, _) => self.keep([one, other]),
            (Target::Encrypted, _) => Err(self.no_beacon(one, function.name())),
            (Target::Compound(beacon), Function::BeginsWith | Function::Contains) => {
                self.compound_call(beacon, function, one, other)
            }
            (Target::Standard(beacon), Function::Contains) if beacon.stored == Stored::AsSet => {
                self.need_no_negation(one, function.name())?;
                self.standard(beacon, one, function.name(), [other])
            }
            (_, Function::HasType) => {
                Err(unsound(one, function.name(), "encrypted values are stored as type B, beacons as S"))
            }
            (_, _) => Err(unsound(one, function.name(), NO_PARTS)),
        }
    }

    /// Whether something exists is seen on what is stored of it.
    fn exists(&mut self, path: &mut Path, operation: &'static str) -> Rewritten<()> {
        let mut operand = Operand::Path(path.clone());
        let beacon = match self.target(&operand)? {
            Target::Plain | Target::Encrypted => None,
            Target::Standard(beacon) if is_of_its_name(beacon) => None,
            Target::Standard(beacon) if beacon.stored == Stored::InCompounds => {
                return Err(unsound(&operand, operation, "it is stored only as a part of compound beacons"));
            }
            Target::Standard(beacon) => Some(attribute(&beacon.name)),
            Target::Compound(beacon) => Some(beacon.attribute()),
        };
        match beacon {
            Some(beacon) => self.lead_to(&mut operand, beacon),
            None => self.keep([&mut operand])?,
        }
        if let Operand::Path(rewritten) = operand {
            *path = rewritten;
        }
        Ok(())
    }

    fn target(&self, operand: &Operand) -> Rewritten<Target<'b>> {
        let (path, is_size) = match operand {
            Operand::Value(_) => return Ok(Target::Plain),
            Operand::Path(path) => (path, false),
            Operand::Size(path) => (path, true),
        };
        let target = self.attribute_target(&path.root)?;
        if matches!(target, Target::Plain) {
            return Ok(target);
        }
        if is_size {
            return Err(unsound(operand, "size", "it is encrypted, and so is its size"));
        }
        match path.steps.as_slice() {
            [] => Ok(target),
            _ => Err(unsound(
                operand,
                "a path",
                "what is inside an encrypted attribute has a beacon of its own, or none",
            )),
        }
    }

    fn attribute_target(&self, root: &str) -> Rewritten<Target<'b>> {
        let (search, name) = (&self.beacons.search, self.name(root)?);
        if let Some(beacon) = search.standard.get(name) {
            return Ok(Target::Standard(beacon));
        }
        if let Some(beacon) = search.compound.get(name) {
            return Ok(if beacon.is_signed() { Target::Plain } else { Target::Compound(beacon) });
        }
        let is_encrypted = search.table.actions.get(name) == Some(&Action::EncryptAndSign);
        let is_virtual = search.virtual_fields.contains_key(name);
        Ok(if is_encrypted || is_virtual { Target::Encrypted } else { Target::Plain })
    }

    fn name<'n>(&self, name: &'n str) -> Rewritten<&'n str>
    where
        'b: 'n,
    {
        if !name.starts_with('#') {
            return Ok(name);
        }
        let defined = self.query.names.get(name);
        defined.map(String::as_str).ok_or_else(|| undefined(name))
    }

    fn value(&self, operand: &Operand) -> Rewritten<&'b V> {
        match operand {
            Operand::Value(name) => self.query.values.get(name).ok_or_else(|| undefined(name)),
            _ => Err(unsound(operand, "an attribute", "a beacon can be compared with a value only")),
        }
    }

    /// Operands that stay as they are.
    fn keep<'o>(&mut self, operands: impl IntoIterator<Item = &'o mut Operand>) -> Rewritten<()> {
        for operand in operands {
            match operand {
                Operand::Value(_) => {
                    self.value(operand)?;
                    self.put_value(operand, Meaning::Same);
                }
                Operand::Path(path) | Operand::Size(path) => self.keep_path(path)?,
            }
        }
        Ok(())
    }

    fn keep_path(&mut self, path: &mut Path) -> Rewritten<()> {
        let keys = path.steps.iter_mut().filter_map(|step| match step {
            Step::Key(key) => Some(key),
            Step::Index(_) => None,
        });
        for name in std::iter::once(&mut path.root).chain(keys).filter(|name| name.starts_with('#')) {
            if !self.query.names.contains_key(name) {
                return Err(undefined(name));
            }
            *name = self.names.place(name, Meaning::Same);
        }
        Ok(())
    }

    /// A path now leads to an attribute of beacons.
    fn lead_to(&mut self, operand: &mut Operand, attribute: String) {
        if let Operand::Path(path) = operand {
            let is_placeholder = path.root.starts_with('#');
            path.root = if is_placeholder {
                self.names.place(&path.root, Meaning::Text(attribute))
            } else {
                attribute
            };
        }
    }

    fn put_value(&mut self, operand: &mut Operand, meaning: Meaning) {
        if let Operand::Value(name) = operand {
            *name = self.values.place(name, meaning);
        }
    }

    /// A query of this beacon differs between as many partitions as it has, together with others between their
    /// least common multiple.
    fn spread(&mut self, beacon: &Standard) {
        let (one, other) = (self.partitions, u64::from(beacon.partitions));
        let common = one / divisor(one, other) * other;
        self.partitions = common.min(u64::from(u8::MAX));
    }

    fn no_beacon(&self, path: &Operand, operation: &'static str) -> Refusal {
        let reason = match self.beacon_of(path) {
            Some(name) => format!("it is encrypted; ask its beacon {name:?}"),
            None => "it is encrypted and has no beacon; give it one, or filter decrypted items".to_owned(),
        };
        unsound(path, operation, &reason)
    }

    /// The beacon that a path's attribute should be asked by.
    fn beacon_of(&self, path: &Operand) -> Option<&'b str> {
        let (Operand::Path(path) | Operand::Size(path)) = path else { return None };
        let name = self.name(&path.root).ok()?;
        let is_of = |beacon: &&Standard| match &beacon.source {
            Source::Location(location) => location.is_whole() && location.attribute() == name,
            Source::Virtual(field) => field == name,
        };
        self.beacons.search.standard.values().find(is_of).map(|beacon| beacon.name.as_str())
    }
}

const NO_ORDER: &str = "a beacon is a hash, which knows only equality; filter decrypted items instead";
const NO_PARTS: &str =
    "a beacon is the hash of the whole value; make a compound beacon or a virtual field of the part";
const COLLIDES: &str = "different values may have the same beacon, so that items would be lost; ask it in the filter, \
    which is held against decrypted items";

fn undefined(placeholder: &str) -> Refusal {
    Refusal::Query(QueryError::Undefined(placeholder.to_owned()))
}

fn unsound(operand: &Operand, operation: &'static str, reason: &str) -> Refusal {
    Refusal::Query(refused(operand, operation, reason))
}

fn collides(operand: &Operand, operation: &'static str) -> Refusal {
    Refusal::Collides(refused(operand, operation, COLLIDES))
}

fn refused(operand: &Operand, operation: &'static str, reason: &str) -> QueryError {
    QueryError::Unsound { attribute: operand.to_string(), operation, reason: reason.to_owned() }
}

/// Whether the attribute of the beacon's name exists exactly where the beacon does.
fn is_of_its_name(beacon: &Standard) -> bool {
    matches!(&beacon.source, Source::Location(location) if location.is_whole() && location.attribute() == beacon.name)
}

/// The placeholders in an expression.
fn placeholders(text: &str) -> impl Iterator<Item = String> {
    let tokens = std::iter::successors(Some(token(text, 0)), move |last| {
        (last.kind != Kind::End).then(|| token(text, last.at + last.text.len()))
    });
    let placeholders = tokens.filter(|token| matches!(token.kind, Kind::Name | Kind::Value));
    placeholders.map(|token| token.text.to_owned())
}

fn divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one.max(1) } else { divisor(other, one % other) }
}
