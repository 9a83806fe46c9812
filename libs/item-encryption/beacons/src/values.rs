//! What a name of the configuration means in an item: an attribute, a virtual field, a compound beacon in clear.

use std::borrow::Cow;
use std::collections::HashMap;

use item_encryption_format::{AttributeValue, View, number};

use crate::error::ItemError;
use crate::location::Location;
use crate::search::{Compound, CompoundPart, PartSource, Search, Source, Standard, Virtual};

/// A value that stands in an item, or a text made of such.
#[derive(Debug)]
pub(crate) enum Found<'i, V> {
    Value(&'i V),
    Text(String),
}

impl<V: AttributeValue> Found<'_, V> {
    pub fn view(&self) -> View<'_, V> {
        match self {
            Self::Value(value) => value.view(),
            Self::Text(text) => View::S(text),
        }
    }
}

impl Search {
    /// What a beacon is of.
    pub(crate) fn source<'i, V: AttributeValue>(
        &self,
        beacon: &Standard,
        item: &'i HashMap<String, V>,
    ) -> Result<Option<Found<'i, V>>, ItemError> {
        match &beacon.source {
            Source::Location(location) => Ok(location.find(item).map(Found::Value)),
            Source::Virtual(name) => {
                let field = self.virtual_fields.get(name);
                let text = field.map(|field| field.of(item)).transpose()?.flatten();
                Ok(text.map(Found::Text))
            }
        }
    }

    /// A compound beacon of an item, each part made by `part`; `None` where no constructor fits.
    pub(crate) fn composed<V: AttributeValue>(
        &self,
        beacon: &Compound,
        item: &HashMap<String, V>,
        part: impl Fn(&Standard, &Found<'_, V>) -> Result<String, ItemError>,
    ) -> Result<Option<String>, ItemError> {
        for constructor in &beacon.constructors {
            let mut parts = Vec::new();
            for place in constructor {
                parts.extend(beacon.parts.get(place.part).map(|of| (of, place.required)));
            }
            if !self.fits(&parts, item)? {
                continue;
            }
            let parts = parts.iter().map(|(of, _)| self.part(beacon, of, item, &part));
            let present: Vec<String> = parts.filter_map(Result::transpose).collect::<Result<_, _>>()?;
            if !present.is_empty() {
                return Ok(Some(present.join(&beacon.split.to_string())));
            }
        }
        Ok(None)
    }

    /// Whether an item has all that a constructor requires; what is wrong with other values does not matter.
    fn fits<V: AttributeValue>(
        &self,
        parts: &[(&CompoundPart, bool)],
        item: &HashMap<String, V>,
    ) -> Result<bool, ItemError> {
        for (part, _) in parts.iter().filter(|(_, required)| *required) {
            let is_there = match &part.source {
                PartSource::Signed(location) => location.find(item).is_some(),
                PartSource::Encrypted(name) => match self.standard.get(name) {
                    Some(of) => self.source(of, item)?.is_some(),
                    None => false,
                },
            };
            if !is_there {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A part with its prefix.
    fn part<V: AttributeValue>(
        &self,
        beacon: &Compound,
        part: &CompoundPart,
        item: &HashMap<String, V>,
        encrypted: impl Fn(&Standard, &Found<'_, V>) -> Result<String, ItemError>,
    ) -> Result<Option<String>, ItemError> {
        let value = match &part.source {
            PartSource::Signed(location) => signed(beacon, location, item)?,
            PartSource::Encrypted(name) => match self.standard.get(name) {
                Some(of) => match self.source(of, item)? {
                    Some(value) => Some(encrypted(of, &Found::Text(unsplit(beacon, &value.view())?))?),
                    None => None,
                },
                None => None,
            },
        };
        Ok(value.map(|value| format!("{}{value}", part.prefix)))
    }
}

fn signed<V: AttributeValue>(
    beacon: &Compound,
    location: &Location,
    item: &HashMap<String, V>,
) -> Result<Option<String>, ItemError> {
    location.find(item).map(|value| unsplit(beacon, &value.view())).transpose()
}

/// The text of a part. Queries are taken apart at the split character, so that no part may contain it.
fn unsplit<V>(beacon: &Compound, view: &View<'_, V>) -> Result<String, ItemError> {
    let text = text_of(&beacon.name, view)?.into_owned();
    if text.contains(beacon.split) {
        let reason = "a part contains the split character";
        return Err(ItemError::Value { beacon: beacon.name.clone(), reason });
    }
    Ok(text)
}

impl Virtual {
    /// The field of an item; `None` where one of its parts is missing.
    pub fn of<V: AttributeValue>(&self, item: &HashMap<String, V>) -> Result<Option<String>, ItemError> {
        let mut whole = String::new();
        for (location, transforms) in &self.parts {
            let Some(value) = location.find(item) else { return Ok(None) };
            let text = text_of(&self.name, &value.view())?.into_owned();
            let text = transforms.iter().try_fold(text, |text, transform| transform.of(&text));
            let reason = "a transform cuts a character in two";
            whole.push_str(&text.ok_or(ItemError::Value { beacon: self.name.clone(), reason })?);
        }
        Ok(Some(whole))
    }
}

/// What can be part of a text, as AWS's clients write it; numbers in the one spelling that DynamoDB gives them.
pub(crate) fn text_of<'v, V>(beacon: &str, view: &View<'v, V>) -> Result<Cow<'v, str>, ItemError> {
    let refused = |reason| ItemError::Value { beacon: beacon.to_owned(), reason };
    match view {
        View::S(text) => Ok(Cow::Borrowed(text)),
        View::N(text) => number::plain(text).ok_or(refused("a number is none")),
        View::Bool(value) => Ok(Cow::Borrowed(if *value { "true" } else { "false" })),
        View::Null => Ok(Cow::Borrowed("null")),
        _ => Err(refused("binary values, sets, lists and maps cannot be parts of it")),
    }
}
