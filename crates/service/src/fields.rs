//! Reading the members of a request: types at once, constraints together.
//!
//! A member of the wrong JSON type ends the reading with `SerializationException`, as in AWS's framework.
//! Violated constraints are collected and reported together, in the order in which members are read or in the
//! one that AWS is known to tell them in ([`Fields::finish_in_order`]), as
//! `N validation errors detected: Value '…' at 'path' failed to satisfy constraint: Member must …; …`.
//!
//! ```text
//! let table = fields.string("TableName").length(3..=255).required();
//! let limit = fields.integer("Limit").range(1..=100).optional();
//! fields.finish()?;
//! ```
//! Readers hand out a default where something is wrong; [`Fields::finish`] then refuses the call.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;
use std::rc::Rc;

use base64::prelude::BASE64_STANDARD;
use base64::{DecodeError, Engine};

use crate::json::Object;
use crate::{ApiError, Node};

/// What is wrong with a request so far.
#[derive(Debug, Default)]
pub struct Violations {
    /// A member of the wrong type: nothing else is reported then.
    fatal: Option<ApiError>,
    /// What AWS refuses before it looks at any constraint.
    refusal: Option<ApiError>,
    constraints: Vec<Constraint>,
}

#[derive(Debug)]
struct Constraint {
    /// The member of the request that it is about, in AWS's spelling.
    member: String,
    text: String,
}

impl Violations {
    /// Notes a violated constraint, worded `Value … at '…' failed to satisfy constraint: Member must …`.
    fn add(&mut self, path: &Path<'_>, text: String) {
        self.constraints.push(Constraint { member: path.member(), text });
    }

    fn sort(&mut self, order: &[&str]) {
        let rank = |constraint: &Constraint| order.iter().position(|member| *member == constraint.member);
        self.constraints.sort_by_key(|constraint| rank(constraint).unwrap_or(order.len()));
    }

    /// Notes a wrong type; the first one counts.
    pub fn fail(&mut self, error: ApiError) {
        self.fatal.get_or_insert(error);
    }

    /// The refusal, where there is one.
    ///
    /// # Errors
    /// The first wrong type, else the first refusal, else `ValidationException` with all violated constraints
    /// (10 are told).
    pub fn into_result(self) -> Result<(), ApiError> {
        if let Some(error) = self.fatal.or(self.refusal) {
            return Err(error);
        }
        match self.constraints.len() {
            0 => Ok(()),
            count => Err(ApiError::validation(worded(count, &self.constraints))),
        }
    }
}

fn worded(count: usize, constraints: &[Constraint]) -> String {
    let plural = if count == 1 { "" } else { "s" };
    let told: Vec<&str> = constraints.iter().take(10).map(|constraint| constraint.text.as_str()).collect();
    format!("{count} validation error{plural} detected: {}", told.join("; "))
}

type Shared = Rc<RefCell<Violations>>;

/// The members of one object of a request, taken out one by one.
pub struct Fields<'a> {
    object: Object<'a>,
    /// The path in AWS's spelling (`sSESpecification.`), empty at the top.
    prefix: Rc<str>,
    violations: Shared,
}

impl<'a> Fields<'a> {
    /// The members of a request's body.
    #[must_use]
    pub fn of(object: Object<'a>) -> Self {
        Self { object, prefix: Rc::from(""), violations: Shared::default() }
    }

    /// A string member.
    pub fn string<'n>(&mut self, name: &'n str) -> Field<'n, Cow<'a, str>> {
        self.read(name, "String", |node| match node {
            Node::String(text) => Ok(text),
            other => Err(other),
        })
    }

    /// A whole-number member of 32 bits in the model (decimals are cut, as AWS does).
    pub fn integer<'n>(&mut self, name: &'n str) -> Field<'n, i64> {
        self.whole_number(name, "Integer")
    }

    /// A whole-number member of 64 bits in the model; the same, but for the name of its class.
    pub fn long<'n>(&mut self, name: &'n str) -> Field<'n, i64> {
        self.whole_number(name, "Long")
    }

    fn whole_number<'n>(&mut self, name: &'n str, class: &str) -> Field<'n, i64> {
        self.read(name, class, |node| match node {
            Node::Integer(number) => Ok(number),
            Node::Float(number) => Ok(number as i64),
            other => Err(other),
        })
    }

    /// A boolean member.
    pub fn boolean<'n>(&mut self, name: &'n str) -> Field<'n, bool> {
        self.read(name, "Boolean", |node| match node {
            Node::Bool(value) => Ok(value),
            other => Err(other),
        })
    }

    /// A blob member, base64 on the wire. Its value is never told in a violation.
    pub fn blob<'n>(&mut self, name: &'n str) -> Field<'n, Vec<u8>> {
        let text = self.string(name);
        let decoded = text.value.map(|text| decode_blob(&text));
        if let Some(Err(error)) = &decoded {
            self.violations.borrow_mut().fail(error.clone());
        }
        let value = decoded.and_then(Result::ok);
        Field { value, told: None, path: text.path, violations: text.violations }
    }

    /// A structure member: its own members, under the same collection of violations. `class` is what AWS's
    /// framework calls the structure, as everywhere here.
    pub fn structure(&mut self, name: &str, class: &str) -> Option<Fields<'a>> {
        let object = self.object(name, &format!("class {class}"))?;
        let prefix = Rc::from(format!("{}.", self.path_of(name)));
        Some(Fields { object, prefix, violations: Rc::clone(&self.violations) })
    }

    /// A list of strings.
    pub fn strings<'n>(&mut self, name: &'n str) -> Field<'n, Vec<Cow<'a, str>>> {
        let list = self.list(name);
        let value =
            list.value.map(|nodes| nodes.into_iter().filter_map(|node| self.as_string(node)).collect());
        let told: fn(&Vec<Cow<'a, str>>) -> String = |texts| format!("[{}]", texts.join(", "));
        Field { value, told: Some(told), path: list.path, violations: list.violations }
    }

    /// A list of structures, told in a violation as a list is; each with the path `name.N.member.` (N from 1).
    pub fn structures<'n>(&mut self, name: &'n str, class: &str) -> Field<'n, Vec<Fields<'a>>> {
        let list = self.list(name);
        let numbered = list.value.map(|nodes| nodes.into_iter().enumerate());
        let member = |(at, node)| self.as_member(name, at, node, class);
        let value = numbered.map(|nodes| nodes.filter_map(member).collect());
        Field { value, told: Some(told_list), path: list.path, violations: list.violations }
    }

    /// A map from names to structures, each with the path `name.key.member.`.
    pub fn structure_map<'n>(
        &mut self,
        name: &'n str,
        class: &str,
    ) -> Field<'n, Vec<(Cow<'a, str>, Fields<'a>)>> {
        self.map_of(name, class, |fields, prefix, node| {
            fields.as_structure(node, format!("{prefix}."), class)
        })
    }

    /// A map from names to lists of structures, each with the path `name.key.member.N.member.` (N from 1).
    pub fn structures_map<'n>(
        &mut self,
        name: &'n str,
        class: &str,
    ) -> Field<'n, Vec<(Cow<'a, str>, Vec<Fields<'a>>)>> {
        let lists = format!("java.util.List<{class}>");
        self.map_of(name, &lists, |fields, prefix, node| match node {
            Node::List(nodes) => {
                let prefix = |at| format!("{prefix}.{}.member.", at + 1);
                let member = |(at, node)| fields.as_structure(node, prefix(at), class);
                Some(nodes.into_iter().enumerate().filter_map(member).collect())
            }
            other => {
                fields.fail(no_list(&other));
                None
            }
        })
    }

    /// A map from string to string.
    pub fn string_map<'n>(&mut self, name: &'n str) -> Field<'n, Vec<(Cow<'a, str>, Cow<'a, str>)>> {
        let path = self.path_of(name);
        let object = self.object(name, &map_class("java.lang.String"));
        let pair = |(key, node)| Some((key, self.as_string(node)?));
        let value = object.map(|object| object.0.into_iter().filter_map(pair).collect());
        Field { value, told: None, path, violations: Rc::clone(&self.violations) }
    }

    /// A list member, its elements as they are but for `null`, which AWS drops. A violation tells them as `...`.
    pub fn list<'n>(&mut self, name: &'n str) -> Field<'n, Vec<Node<'a>>> {
        let mut field = self.read_untold(name, |node| match node {
            Node::List(list) => Ok(list.into_iter().filter(|node| *node != Node::Null).collect()),
            other => Err(no_list(&other)),
        });
        field.told = Some(told_list);
        field
    }

    /// An object member (a map or structure), its members as they are. `class` is told where a list stands there:
    /// `class …` or [`map_class`].
    pub fn object(&mut self, name: &str, class: &str) -> Option<Object<'a>> {
        let field = self.read_untold(name, |node| match node {
            Node::Object(object) => Ok(object),
            other => Err(no_object(&other, class)),
        });
        field.value
    }

    /// An object member that must be there, its members as they are.
    pub fn required_object(&mut self, name: &str, class: &str) -> Object<'a> {
        let is_there = self.has(name);
        let object = self.object(name, class);
        if !is_there {
            self.missing(name);
        }
        object.unwrap_or_default()
    }

    /// Notes that a member is missing that must be there.
    pub fn missing(&self, name: &str) {
        let path = self.path_of(name);
        let text = format!("Value null at '{path}' failed to satisfy constraint: Member must not be null");
        self.violate(name, text);
    }

    /// Notes a violated constraint of a member that no reader words.
    pub fn violate(&self, name: &str, constraint: String) {
        self.violations.borrow_mut().add(&self.path_of(name), constraint);
    }

    /// Notes what AWS refuses before it looks at any constraint; the first counts.
    pub fn refuse(&self, error: ApiError) {
        self.violations.borrow_mut().refusal.get_or_insert(error);
    }

    /// Whether a member is there and not `null`; it stays where it is.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        !matches!(self.object.get(name), None | Some(Node::Null))
    }

    /// A member as it is; it stays where it is.
    #[must_use]
    pub fn peek(&self, name: &str) -> Option<&Node<'a>> {
        self.object.get(name)
    }

    /// Takes a member as it is; `null` counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Node<'a>> {
        self.object.take(name).filter(|node| *node != Node::Null)
    }

    /// Notes a wrong type.
    pub fn fail(&self, error: ApiError) {
        self.violations.borrow_mut().fail(error);
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// As [`Violations::into_result`]. Unknown members are ignored, as AWS does.
    pub fn finish(&mut self) -> Result<(), ApiError> {
        self.violations.take().into_result()
    }

    /// Ends the reading; violations are told in this order of the request's members, in AWS's spelling, and those
    /// of others behind them.
    ///
    /// # Errors
    /// As [`Fields::finish`].
    pub fn finish_in_order(&mut self, order: &[&str]) -> Result<(), ApiError> {
        self.violations.borrow_mut().sort(order);
        self.finish()
    }

    /// A member's path in AWS's spelling: each name with its first letter in lower case.
    #[must_use]
    pub fn path_of<'n>(&self, name: &'n str) -> Path<'n> {
        Path { prefix: Rc::clone(&self.prefix), name }
    }

    fn read<'n, T>(
        &mut self,
        name: &'n str,
        wanted: &str,
        convert: impl FnOnce(Node<'a>) -> Result<T, Node<'a>>,
    ) -> Field<'n, T>
    where
        T: ToString,
    {
        let mut field = self.read_untold(name, |node| convert(node).map_err(|node| not_a(wanted, &node)));
        field.told = Some(T::to_string);
        field
    }

    fn read_untold<'n, T>(
        &mut self,
        name: &'n str,
        convert: impl FnOnce(Node<'a>) -> Result<T, ApiError>,
    ) -> Field<'n, T> {
        let value = self.take(name).and_then(|node| convert(node).map_err(|error| self.fail(error)).ok());
        Field { value, told: None, path: self.path_of(name), violations: Rc::clone(&self.violations) }
    }

    fn as_string(&self, node: Node<'a>) -> Option<Cow<'a, str>> {
        match node {
            Node::String(text) => Some(text),
            other => {
                self.fail(not_a("String", &other));
                None
            }
        }
    }

    fn as_member(&self, name: &str, at: usize, node: Node<'a>, class: &str) -> Option<Fields<'a>> {
        self.as_structure(node, format!("{}.{}.member.", self.path_of(name), at + 1), class)
    }

    fn as_structure(&self, node: Node<'a>, prefix: String, class: &str) -> Option<Fields<'a>> {
        let Node::Object(object) = node else {
            self.fail(no_structure(&node, class));
            return None;
        };
        Some(Fields { object, prefix: Rc::from(prefix), violations: Rc::clone(&self.violations) })
    }

    fn map_of<'n, T>(
        &mut self,
        name: &'n str,
        class: &str,
        read: impl Fn(&Self, &str, Node<'a>) -> Option<T>,
    ) -> Field<'n, Vec<(Cow<'a, str>, T)>> {
        let path = self.path_of(name);
        let object = self.object(name, &map_class(class));
        let entry = |(key, node): (Cow<'a, str>, _)| {
            let read = read(self, &format!("{path}.{key}.member"), node)?;
            Some((key, read))
        };
        let value = object.map(|object| object.0.into_iter().filter_map(entry).collect());
        let violations = Rc::clone(&self.violations);
        Field { value, told: Some(told_keys), path, violations }
    }
}

/// `SerializationException`: a value of one kind where another was expected.
#[must_use]
pub fn not_a(wanted: &str, node: &Node<'_>) -> ApiError {
    match node {
        Node::List(_) => unexpected(&format!("Unrecognized collection type class java.lang.{wanted}")),
        Node::Object(_) => unexpected(NO_OBJECT),
        Node::String(_) if wanted == "Boolean" => unexpected("Unexpected token received from parser"),
        scalar => unexpected(&format!("{} cannot be converted to {wanted}", scalar.kind())),
    }
}

const NO_OBJECT: &str = "Start of structure or map found where not expected";

/// `SerializationException`: a value where a list was expected.
#[must_use]
pub fn no_list(node: &Node<'_>) -> ApiError {
    unexpected(if matches!(node, Node::Object(_)) { NO_OBJECT } else { "Unexpected field type" })
}

/// `SerializationException`: a member's value where a map or structure of `class` was expected.
#[must_use]
pub fn no_object(node: &Node<'_>, class: &str) -> ApiError {
    match node {
        Node::List(_) => unexpected(&format!("Unrecognized collection type {class}")),
        _ => unexpected("Unexpected field type"),
    }
}

/// `SerializationException`: an element of a list or map where a structure of `class` was expected.
#[must_use]
pub fn no_structure(node: &Node<'_>, class: &str) -> ApiError {
    match node {
        Node::List(_) => unexpected(&format!("Unrecognized collection type class {class}")),
        _ => unexpected("Unexpected value type in payload"),
    }
}

/// What AWS's framework calls a map from strings to values of `class`.
#[must_use]
pub fn map_class(class: &str) -> String {
    format!("java.util.Map<java.lang.String, {class}>")
}

fn unexpected(message: &str) -> ApiError {
    ApiError::serialization(message)
}

/// The bytes of a blob.
///
/// # Errors
/// `SerializationException` for what is not base64.
pub fn decode_blob(text: &str) -> Result<Vec<u8>, ApiError> {
    BASE64_STANDARD.decode(text).map_err(|error| unexpected(&not_base64(text, &error)))
}

/// What is wrong with base64; the misspelling is AWS's.
fn not_base64(text: &str, error: &DecodeError) -> String {
    match (text.len(), error) {
        (length, _) if !length.is_multiple_of(4) => {
            format!("Base64 encoded length is expected a multiple of 4 bytes but found: {length}")
        }
        (_, DecodeError::InvalidByte(_, byte)) if *byte != b'=' => "Invalid Base64 character".to_owned(),
        _ => "Invalid last non-pad Base64 character dectected".to_owned(),
    }
}

/// That a list was there, and whether it was empty.
#[allow(clippy::ptr_arg, reason = "a field tells its value as it holds it")]
fn told_list<T>(list: &Vec<T>) -> String {
    if list.is_empty() { "[]".to_owned() } else { "[...]".to_owned() }
}

#[allow(clippy::ptr_arg, reason = "a field tells its value as it holds it")]
fn told_keys<T>(entries: &Vec<(Cow<'_, str>, T)>) -> String {
    let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_ref()).collect();
    format!("{{{}}}", keys.join(", "))
}

/// Where a member stands; spelled out only where something is wrong with it.
pub struct Path<'n> {
    prefix: Rc<str>,
    name: &'n str,
}

impl Path<'_> {
    /// The member of the request that it begins with.
    fn member(&self) -> String {
        let path = self.to_string();
        path.split('.').next().unwrap_or_default().to_owned()
    }
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.prefix)?;
        let mut letters = self.name.chars();
        if let Some(first) = letters.next() {
            write!(f, "{}", first.to_lowercase())?;
        }
        f.write_str(letters.as_str())
    }
}

/// One member: its value so far, and where to note what is wrong with it.
pub struct Field<'n, T> {
    value: Option<T>,
    told: Option<fn(&T) -> String>,
    path: Path<'n>,
    violations: Shared,
}

impl<T> Field<'_, T> {
    /// The value, or `None` where it is absent or wrong.
    pub fn optional(self) -> Option<T> {
        self.value
    }

    /// The value; its absence is a violation (`Member must not be null`).
    pub fn required(self) -> T
    where
        T: Default,
    {
        if self.value.is_none() && self.violations.borrow().fatal.is_none() {
            self.note("Member must not be null", "Value null");
        }
        self.value.unwrap_or_default()
    }

    fn check(self, holds: impl FnOnce(&T) -> bool, constraint: impl FnOnce() -> String) -> Self {
        if self.value.as_ref().is_some_and(|value| !holds(value)) {
            self.note(&constraint(), &self.told_value());
        }
        self
    }

    fn told_value(&self) -> String {
        match (self.told, &self.value) {
            (Some(told), Some(value)) => format!("Value '{}'", told(value)),
            _ => "Value".to_owned(),
        }
    }

    fn note(&self, constraint: &str, value: &str) {
        let text = format!("{value} at '{}' failed to satisfy constraint: {constraint}", self.path);
        self.violations.borrow_mut().add(&self.path, text);
    }
}

impl Field<'_, Cow<'_, str>> {
    /// A length in characters.
    #[must_use]
    pub fn length(self, range: RangeInclusive<usize>) -> Self {
        length_checked(self, range, |text| text.chars().count())
    }

    /// A pattern: `holds` decides, `pattern` is how AWS's model writes it.
    #[must_use]
    pub fn pattern(self, pattern: &str, holds: impl FnOnce(&str) -> bool) -> Self {
        self.check(
            |text| holds(text),
            || format!("Member must satisfy regular expression pattern: {pattern}"),
        )
    }

    /// An enumeration, in the order in which AWS lists it.
    #[must_use]
    pub fn one_of(self, values: &[&str]) -> Self {
        let listed = || format!("Member must satisfy enum value set: [{}]", values.join(", "));
        self.check(|text| values.contains(&text.as_ref()), listed)
    }
}

impl Field<'_, i64> {
    /// A range of numbers.
    #[must_use]
    pub fn range(self, range: RangeInclusive<i64>) -> Self {
        let (low, high) = (*range.start(), *range.end());
        self.check(|number| *number >= low, || bound("value", "greater", low))
            .check(|number| *number <= high, || bound("value", "less", high))
    }
}

impl Field<'_, Vec<u8>> {
    /// A length in bytes.
    #[must_use]
    pub fn length(self, range: RangeInclusive<usize>) -> Self {
        length_checked(self, range, Vec::len)
    }
}

impl<T> Field<'_, Vec<T>>
where
    T: ListElement,
{
    /// A number of elements.
    #[must_use]
    pub fn count(self, range: RangeInclusive<usize>) -> Self {
        length_checked(self, range, Vec::len)
    }
}

/// What a list member may hold; keeps bytes, whose length is a length, apart.
pub trait ListElement {}
impl ListElement for Cow<'_, str> {}
impl ListElement for (Cow<'_, str>, Cow<'_, str>) {}
impl ListElement for Fields<'_> {}
impl ListElement for (Cow<'_, str>, Fields<'_>) {}
impl ListElement for (Cow<'_, str>, Vec<Fields<'_>>) {}
impl ListElement for Node<'_> {}

fn length_checked<'n, T>(
    field: Field<'n, T>,
    range: RangeInclusive<usize>,
    len: impl Fn(&T) -> usize,
) -> Field<'n, T> {
    let (low, high) = (*range.start(), *range.end());
    field
        .check(|value| len(value) >= low, || bound("length", "greater", low))
        .check(|value| len(value) <= high, || bound("length", "less", high))
}

fn bound(what: &str, side: &str, limit: impl Display) -> String {
    format!("Member must have {what} {side} than or equal to {limit}")
}

#[cfg(test)]
mod tests {
    use super::Fields;
    use crate::{ApiError, Node};

    fn read<T>(body: &str, reading: impl FnOnce(&mut Fields<'_>) -> T) -> Result<T, ApiError> {
        let mut fields = Fields::of(Node::parse_object(body.as_bytes()).unwrap());
        let value = reading(&mut fields);
        fields.finish().map(|()| value)
    }

    fn message(result: Result<impl Sized, ApiError>) -> String {
        result.err().and_then(|error| error.message).unwrap()
    }

    #[test]
    fn a_missing_member_is_told_as_null() {
        let result = read("{}", |fields| fields.string("KeyId").required().into_owned());
        assert_eq!(
            message(result),
            "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null"
        );
    }

    #[test]
    fn violations_are_told_together_in_the_order_of_reading() {
        let result = read(r#"{"A":"x","B":0}"#, |fields| {
            let _ = fields.string("A").length(3..=255).required();
            let _ = fields.integer("B").range(1..=100).required();
        });
        assert_eq!(
            message(result),
            "2 validation errors detected: Value 'x' at 'a' failed to satisfy constraint: Member must have \
             length greater than or equal to 3; Value '0' at 'b' failed to satisfy constraint: Member must \
             have value greater than or equal to 1"
        );
    }

    #[test]
    fn nested_paths_are_spelled_as_aws_spells_them() {
        let result = read(r#"{"SSESpecification":{"SSEType":"kms"}}"#, |fields| {
            let mut inner = fields.structure("SSESpecification", "Sse").unwrap();
            let _ = inner.string("SSEType").one_of(&["AES256", "KMS"]).optional();
        });
        assert_eq!(
            message(result),
            "1 validation error detected: Value 'kms' at 'sSESpecification.sSEType' failed to satisfy \
             constraint: Member must satisfy enum value set: [AES256, KMS]"
        );
    }

    #[test]
    fn list_members_are_numbered_from_one() {
        let result = read(r#"{"Tags":[{"TagKey":""}]}"#, |fields| {
            for mut tag in fields.structures("Tags", "Tag").required() {
                let _ = tag.string("TagKey").length(1..=128).required();
            }
        });
        assert!(message(result).contains("Value '' at 'tags.1.member.tagKey' failed"));
    }

    #[test]
    fn members_of_maps_are_named_by_their_keys() {
        let result = read(r#"{"Items":{"T":{}},"Lists":{"T":[{}]},"None":{}}"#, |fields| {
            for (_, mut item) in fields.structure_map("Items", "Item").count(1..=2).required() {
                let _ = item.string("Name").required();
            }
            for (_, list) in fields.structures_map("Lists", "Item").required() {
                for mut item in list {
                    let _ = item.string("Name").required();
                }
            }
            let _ = fields.structure_map("None", "Item").count(1..=2).optional();
        });
        let told = message(result);
        for expected in [
            "Value null at 'items.T.member.name' failed",
            "Value null at 'lists.T.member.1.member.name' failed",
            "Value '{}' at 'none' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ] {
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn a_wrong_type_is_a_serialization_exception_before_any_constraint() {
        let result = read(r#"{"A":1}"#, |fields| {
            let _ = fields.string("B").required();
            let _ = fields.string("A").required();
        });
        let error = result.err().unwrap();
        assert_eq!(error.code, "SerializationException");
        assert_eq!(error.message.as_deref(), Some("NUMBER_VALUE cannot be converted to String"));
    }

    #[test]
    fn a_list_in_a_wrong_place_is_told_with_the_class_that_was_expected() {
        let string = read(r#"{"A":[]}"#, |fields| fields.string("A").required().into_owned());
        let boolean = read(r#"{"A":[]}"#, |fields| fields.boolean("A").required());
        let integer = read(r#"{"A":[]}"#, |fields| fields.integer("A").required());
        for (told, class) in
            [(message(string), "String"), (message(boolean), "Boolean"), (message(integer), "Integer")]
        {
            assert_eq!(told, format!("Unrecognized collection type class java.lang.{class}"));
        }
        let no_list = read(r#"{"A":"x"}"#, |fields| fields.strings("A").optional().is_some());
        assert_eq!(message(no_list), "Unexpected field type");
    }

    #[test]
    fn what_is_no_base64_is_told_as_aws_does() {
        for (text, expected) in [
            ("abcde", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
            ("a", "Base64 encoded length is expected a multiple of 4 bytes but found: 1"),
            ("+/+=", "Invalid last non-pad Base64 character dectected"),
            ("=+/=", "Invalid last non-pad Base64 character dectected"),
            ("a!bc", "Invalid Base64 character"),
        ] {
            let body = format!("{{\"A\":\"{text}\"}}");
            let result = read(&body, |fields| fields.blob("A").required());
            assert_eq!(message(result), expected, "{text}");
        }
    }

    #[test]
    fn a_blob_is_told_without_its_value() {
        let result = read(r#"{"Plaintext":""}"#, |fields| {
            let _ = fields.blob("Plaintext").length(1..=4096).required();
        });
        assert_eq!(
            message(result),
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must \
             have length greater than or equal to 1"
        );
    }
}
