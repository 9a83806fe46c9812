//! From what was declared to what is well: AWS's rules.

use std::collections::{BTreeMap, BTreeSet};

use item_encryption_format::dbesdk::RESERVED_PREFIX;
use item_encryption_format::{Action, TableConfig};

use crate::config::{CompoundBeacon, Part, SearchConfig, StandardBeacon, Style, VirtualField};
use crate::error::ConfigError;
use crate::location::Location;
use crate::search::{Compound, CompoundPart, PartSource, Place, Search, Source, Standard, Stored, Virtual};

const STANDARD: &str = "standard beacon";
const COMPOUND: &str = "compound beacon";
const VIRTUAL: &str = "virtual field";
const MAX_BITS: u8 = 63;

impl Search {
    /// The beacons of a table.
    ///
    /// # Errors
    /// The first thing that is wrong, with the beacon's name.
    pub fn new(config: &SearchConfig, table: &TableConfig) -> Result<Self, ConfigError> {
        let checker = Checker { config, table };
        checker.names()?;
        checker.key_field()?;
        let partitions = checker.partitions()?;
        let virtual_fields = checker.virtual_fields()?;
        let standard = checker.standard_beacons(&virtual_fields, partitions)?;
        let compound = checker.compound_beacons(&standard)?;
        let table = with_signed(table, &compound);
        let key_field = config.key_field.clone();
        Ok(Self { table, standard, compound, virtual_fields, partitions, key_field })
    }
}

/// Signed beacons are attributes like others.
fn with_signed(table: &TableConfig, compound: &BTreeMap<String, Compound>) -> TableConfig {
    let mut table = table.clone();
    for beacon in compound.values().filter(|beacon| beacon.is_signed()) {
        if !table.keys().any(|key| key == beacon.name) {
            table.actions.insert(beacon.name.clone(), Action::SignOnly);
        }
    }
    table
}

struct Checker<'c> {
    config: &'c SearchConfig,
    table: &'c TableConfig,
}

impl Checker<'_> {
    fn names(&self) -> Result<(), ConfigError> {
        let standard = self.config.standard.iter().map(|beacon| (STANDARD, &beacon.name));
        let compound = self.config.compound.iter().map(|beacon| (COMPOUND, &beacon.name));
        let fields = self.config.virtual_fields.iter().map(|field| (VIRTUAL, &field.name));
        let fields = fields.filter(|(_, name)| !self.is_of_its_name(name));
        let mut seen = BTreeSet::new();
        for (kind, name) in standard.chain(compound).chain(fields) {
            let refuse = |reason: &str| Err(wrong(kind, name, reason));
            if name.is_empty() {
                return refuse("it needs a name");
            }
            if name.starts_with(RESERVED_PREFIX) {
                return refuse("names that begin with aws_dbe_ belong to the format");
            }
            if !seen.insert(name) {
                return refuse("another beacon or virtual field has this name");
            }
            if kind != STANDARD && self.table.actions.contains_key(name) {
                return refuse("an attribute with an action has this name; choose another");
            }
        }
        Ok(())
    }

    /// Whether a virtual field has a standard beacon that is named after it.
    fn is_of_its_name(&self, field: &str) -> bool {
        let mut beacons = self.config.standard.iter();
        beacons.any(|beacon| beacon.name == field && beacon.location.as_deref().is_none_or(|at| at == field))
    }

    fn key_field(&self) -> Result<(), ConfigError> {
        let Some(name) = &self.config.key_field else { return Ok(()) };
        if self.action(name) == Some(Action::EncryptAndSign) {
            return Err(wrong("key field", name, "it is encrypted; it must be readable to choose a key"));
        }
        Ok(())
    }

    fn partitions(&self) -> Result<u8, ConfigError> {
        match self.config.partitions {
            Some(0) => Err(wrong("table", &self.table.logical_table_name, "partitions are 1 to 255")),
            partitions => Ok(partitions.unwrap_or(1)),
        }
    }

    /// What happens to an attribute, keys included.
    fn action(&self, attribute: &str) -> Option<Action> {
        let is_key = self.table.keys().any(|key| key == attribute);
        self.table.actions.get(attribute).copied().or(is_key.then_some(Action::SignOnly))
    }

    /// A location whose attribute has an action.
    fn location(
        &self,
        kind: &'static str,
        name: &str,
        text: &str,
    ) -> Result<(Location, Action), ConfigError> {
        let location = Location::parse(text);
        let location =
            location.ok_or_else(|| wrong(kind, name, format!("{text:?} is not the location of a value")))?;
        let action = self.action(location.attribute()).ok_or_else(|| {
            wrong(kind, name, format!("the attribute {:?} has no action", location.attribute()))
        })?;
        Ok((location, action))
    }

    fn virtual_fields(&self) -> Result<BTreeMap<String, Virtual>, ConfigError> {
        let fields = self.config.virtual_fields.iter();
        fields.map(|field| Ok((field.name.clone(), self.virtual_field(field)?))).collect()
    }

    fn virtual_field(&self, field: &VirtualField) -> Result<Virtual, ConfigError> {
        let (mut parts, mut is_secret) = (Vec::new(), false);
        for part in &field.parts {
            let (location, action) = self.location(VIRTUAL, &field.name, &part.location)?;
            if action == Action::DoNothing {
                return Err(wrong(VIRTUAL, &field.name, format!("{:?} is not signed", part.location)));
            }
            is_secret |= action == Action::EncryptAndSign;
            parts.push((location, part.transforms.clone()));
        }
        if !is_secret {
            return Err(wrong(VIRTUAL, &field.name, "none of its parts is encrypted"));
        }
        Ok(Virtual { name: field.name.clone(), parts })
    }

    fn standard_beacons(
        &self,
        fields: &BTreeMap<String, Virtual>,
        partitions: u8,
    ) -> Result<BTreeMap<String, Standard>, ConfigError> {
        let mut compiled = BTreeMap::<String, Standard>::new();
        for beacon in &self.config.standard {
            let standard = self.standard(beacon, fields, partitions)?;
            if let Some(other) = compiled.values().find(|other| other.source == standard.source) {
                let reason = format!(
                    "{:?} is of the same value; two beacons of one value tell more of it",
                    other.name
                );
                return Err(wrong(STANDARD, &beacon.name, reason));
            }
            compiled.insert(beacon.name.clone(), standard);
        }
        let mut beacons = compiled.values();
        beacons.try_for_each(|beacon| self.shared(beacon, &compiled))?;
        Ok(compiled)
    }

    fn standard(
        &self,
        beacon: &StandardBeacon,
        fields: &BTreeMap<String, Virtual>,
        most: u8,
    ) -> Result<Standard, ConfigError> {
        let refuse = |reason: &str| Err(wrong(STANDARD, &beacon.name, reason));
        if !(1..=MAX_BITS).contains(&beacon.bits) {
            return refuse("its length is 1 to 63 bits");
        }
        let partitions = beacon.partitions.unwrap_or(most);
        if !(1..=most).contains(&partitions) {
            return refuse("its partitions are at least 1 and at most the table's");
        }
        let source = self.source(beacon, fields)?;
        let stored = stored(&beacon.style);
        if stored == Stored::AsSet && matches!(source, Source::Virtual(_)) {
            return refuse("a virtual field is no set");
        }
        let hashed_as = shares_with(&beacon.style).unwrap_or(&beacon.name).to_owned();
        Ok(Standard { name: beacon.name.clone(), bits: beacon.bits, source, stored, hashed_as, partitions })
    }

    fn source(
        &self,
        beacon: &StandardBeacon,
        fields: &BTreeMap<String, Virtual>,
    ) -> Result<Source, ConfigError> {
        let text = beacon.location.as_ref().unwrap_or(&beacon.name);
        if fields.contains_key(text) {
            return Ok(Source::Virtual(text.clone()));
        }
        let (location, action) = self.location(STANDARD, &beacon.name, text)?;
        let refuse = |reason: String| Err(wrong(STANDARD, &beacon.name, reason));
        if action != Action::EncryptAndSign {
            return refuse(format!("{text:?} is not encrypted; query it as it is"));
        }
        if *text != beacon.name && self.table.actions.contains_key(&beacon.name) {
            return refuse(format!("an attribute has its name, but it is of {text:?}; choose another name"));
        }
        Ok(Source::Location(location))
    }

    /// What beacons share is a name in the hash; comparing them takes equal lengths and partitions.
    fn shared(&self, beacon: &Standard, all: &BTreeMap<String, Standard>) -> Result<(), ConfigError> {
        let style = self.config.standard.iter().find(|declared| declared.name == beacon.name);
        let Some(other) = style.and_then(|declared| shares_with(&declared.style)) else { return Ok(()) };
        let refuse =
            |reason: &str| Err(wrong(STANDARD, &beacon.name, format!("it shares with {other:?}, {reason}")));
        match all.get(other) {
            None => refuse("which is not a standard beacon"),
            Some(other) if other.name == beacon.name => refuse("which is itself"),
            Some(other) if other.hashed_as != other.name => refuse("which shares with another one"),
            Some(other) if other.bits != beacon.bits => refuse("which has another length"),
            Some(other) if other.partitions != beacon.partitions => refuse("which has other partitions"),
            Some(_) => Ok(()),
        }
    }

    fn compound_beacons(
        &self,
        standard: &BTreeMap<String, Standard>,
    ) -> Result<BTreeMap<String, Compound>, ConfigError> {
        let beacons = self.config.compound.iter();
        beacons.map(|beacon| Ok((beacon.name.clone(), self.compound(beacon, standard)?))).collect()
    }

    fn compound(
        &self,
        beacon: &CompoundBeacon,
        standard: &BTreeMap<String, Standard>,
    ) -> Result<Compound, ConfigError> {
        let mut parts = self.parts(beacon, &beacon.signed, &beacon.encrypted, standard)?;
        let own = parts.len();
        let shared = self.parts(beacon, &self.config.signed_parts, &self.config.encrypted_parts, standard)?;
        let named = |part: &CompoundPart| {
            let mut names = beacon.constructors.iter().flat_map(|constructor| &constructor.parts);
            names.any(|(name, _)| *name == part.name)
        };
        parts.extend(shared.into_iter().filter(named));
        well_parted(beacon, &parts)?;
        let constructors = constructors(beacon, &parts, own)?;
        Ok(Compound { name: beacon.name.clone(), split: beacon.split, parts, constructors })
    }

    /// Signed parts, then encrypted ones.
    fn parts(
        &self,
        beacon: &CompoundBeacon,
        signed: &[Part],
        encrypted: &[Part],
        standard: &BTreeMap<String, Standard>,
    ) -> Result<Vec<CompoundPart>, ConfigError> {
        let signed =
            signed.iter().map(|part| Ok((part, PartSource::Signed(self.signed_part(beacon, part)?))));
        let encrypted = encrypted.iter().map(|part| Ok((part, encrypted_part(beacon, part, standard)?)));
        let compiled = |(part, source): (&Part, PartSource)| CompoundPart {
            name: part.name.clone(),
            prefix: part.prefix.clone(),
            source,
        };
        signed.chain(encrypted).map(|part| part.map(compiled)).collect()
    }

    fn signed_part(&self, beacon: &CompoundBeacon, part: &Part) -> Result<Location, ConfigError> {
        let text = part.location.as_ref().unwrap_or(&part.name);
        let (location, action) = self.location(COMPOUND, &beacon.name, text)?;
        match action {
            Action::SignOnly | Action::SignAndIncludeInEncryptionContext => Ok(location),
            Action::EncryptAndSign => {
                let reason =
                    format!("{text:?} is encrypted: make it an encrypted part, or its content shows");
                Err(wrong(COMPOUND, &beacon.name, reason))
            }
            Action::DoNothing => Err(wrong(COMPOUND, &beacon.name, format!("{text:?} is not signed"))),
        }
    }
}

fn wrong(kind: &'static str, name: &str, reason: impl Into<String>) -> ConfigError {
    ConfigError { kind, name: name.to_owned(), reason: reason.into() }
}

fn stored(style: &Style) -> Stored {
    match style {
        Style::Plain | Style::Shared(_) => Stored::Alone,
        Style::PartOnly => Stored::InCompounds,
        Style::AsSet | Style::SharedSet(_) => Stored::AsSet,
    }
}

fn shares_with(style: &Style) -> Option<&str> {
    match style {
        Style::Shared(other) | Style::SharedSet(other) => Some(other),
        Style::Plain | Style::PartOnly | Style::AsSet => None,
    }
}

fn encrypted_part(
    beacon: &CompoundBeacon,
    part: &Part,
    standard: &BTreeMap<String, Standard>,
) -> Result<PartSource, ConfigError> {
    let refuse =
        |reason: &str| Err(wrong(COMPOUND, &beacon.name, format!("its part {:?} {reason}", part.name)));
    match standard.get(&part.name) {
        None => refuse("is not a standard beacon"),
        Some(of) if of.stored == Stored::AsSet => refuse("is of a set"),
        Some(_) => Ok(PartSource::Encrypted(part.name.clone())),
    }
}

/// Whether a value can be taken apart again.
fn well_parted(beacon: &CompoundBeacon, parts: &[CompoundPart]) -> Result<(), ConfigError> {
    let refuse = |reason: String| Err(wrong(COMPOUND, &beacon.name, reason));
    if parts.is_empty() {
        return refuse("it has no parts".to_owned());
    }
    for (at, part) in parts.iter().enumerate() {
        if part.prefix.is_empty() {
            return refuse(format!("its part {:?} has no prefix", part.name));
        }
        if part.prefix.contains(beacon.split) {
            return refuse(format!("the prefix {:?} contains the split character", part.prefix));
        }
        for other in parts.iter().take(at) {
            if other.name == part.name {
                return refuse(format!("two parts have the name {:?}", part.name));
            }
            if other.prefix.starts_with(&part.prefix) || part.prefix.starts_with(&other.prefix) {
                return refuse(format!(
                    "of the prefixes {:?} and {:?} one begins with the other",
                    other.prefix, part.prefix
                ));
            }
        }
    }
    Ok(())
}

fn constructors(
    beacon: &CompoundBeacon,
    parts: &[CompoundPart],
    own: usize,
) -> Result<Vec<Vec<Place>>, ConfigError> {
    if beacon.constructors.is_empty() {
        return Ok(vec![(0..own).map(|part| Place { part, required: true }).collect()]);
    }
    let mut compiled: Vec<Vec<Place>> = Vec::new();
    for constructor in &beacon.constructors {
        let places = constructor.parts.iter().map(|(name, required)| place(beacon, parts, name, *required));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let refuse = |reason: &str| Err(wrong(COMPOUND, &beacon.name, reason));
        if places.is_empty() {
            return refuse("a constructor has no parts");
        }
        let mut seen = BTreeSet::new();
        if !places.iter().all(|place| seen.insert(place.part)) {
            return refuse("a constructor has a part twice");
        }
        let same = |other: &Vec<Place>| {
            other.iter().map(|place| place.part).eq(places.iter().map(|place| place.part))
        };
        if compiled.iter().any(same) {
            return refuse("two constructors have the same parts");
        }
        compiled.push(places);
    }
    Ok(compiled)
}

fn place(
    beacon: &CompoundBeacon,
    parts: &[CompoundPart],
    name: &str,
    required: bool,
) -> Result<Place, ConfigError> {
    let part = parts.iter().position(|part| part.name == name).ok_or_else(|| {
        wrong(COMPOUND, &beacon.name, format!("a constructor names the part {name:?}, which there is not"))
    })?;
    Ok(Place { part, required })
}
