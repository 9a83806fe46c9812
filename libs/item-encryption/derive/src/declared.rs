//! What the attributes of a struct and of its fields say.

use proc_macro2::{Ident, Span};
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, LitStr, Result};

/// What the names of the formats' own attributes begin with.
const RESERVED: [&str; 2] = ["aws_dbe_", "*amzn-ddb-map-"];

/// A struct's declarations.
pub struct Declared {
    pub logical_table: String,
    pub read_as: Vec<String>,
    pub without_ecdsa: bool,
    pub partition_key: String,
    pub sort_key: Option<String>,
    /// By the names they have in items.
    pub fields: Vec<(String, Role)>,
}

/// What a field is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    PartitionKey,
    SortKey,
    Written(Action),
    Announced(Action),
    Retired(Action),
}

/// What happens to a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Encrypt,
    Context,
    Sign,
    Unsigned,
}

impl Action {
    /// The library's name for it.
    pub fn variant(self) -> Ident {
        let name = match self {
            Self::Encrypt => "EncryptAndSign",
            Self::Context => "SignAndIncludeInEncryptionContext",
            Self::Sign => "SignOnly",
            Self::Unsigned => "DoNothing",
        };
        Ident::new(name, Span::call_site())
    }

    fn of(meta: &ParseNestedMeta<'_>) -> Option<Self> {
        let is = |name| meta.path.is_ident(name);
        match () {
            () if is("encrypt") => Some(Self::Encrypt),
            () if is("context") => Some(Self::Context),
            () if is("sign") => Some(Self::Sign),
            () if is("unsigned") => Some(Self::Unsigned),
            () => None,
        }
    }
}

impl Declared {
    /// What a struct declares.
    pub fn of(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new_spanned(&input.ident, "only a struct is an item"));
        };
        let Fields::Named(named) = &data.fields else {
            return Err(Error::new_spanned(&input.ident, "an item's fields have names"));
        };
        refuse_other_shapes(&input.attrs)?;
        let mut fields = Vec::new();
        for field in &named.named {
            fields.extend(role(field)?.map(|role| (field, role)));
        }
        let named = fields.iter().map(|(field, role)| Ok((checked_name(field)?, *role)));
        let fields: Vec<(String, Role)> = named.collect::<Result<_>>()?;
        refuse_repeated(&fields, &input.ident)?;
        let mut declared = Self {
            logical_table: String::new(),
            read_as: Vec::new(),
            without_ecdsa: false,
            partition_key: only(&fields, Role::PartitionKey, &input.ident)?
                .ok_or_else(|| Error::new_spanned(&input.ident, "one field is #[ddb(pk)]"))?,
            sort_key: only(&fields, Role::SortKey, &input.ident)?,
            fields,
        };
        declared.container(&input.attrs)?;
        match declared.logical_table.is_empty() {
            false => Ok(declared),
            true => Err(Error::new_spanned(
                &input.ident,
                "say #[ddb(logical_table = \"...\")]: items are bound to it",
            )),
        }
    }

    fn container(&mut self, attributes: &[Attribute]) -> Result<()> {
        each(attributes, "ddb", |meta| {
            let text = || meta.value()?.parse::<LitStr>();
            match () {
                () if meta.path.is_ident("logical_table") => self.logical_table = text()?.value(),
                () if meta.path.is_ident("read_as") => self.read_as.push(text()?.value()),
                () if meta.path.is_ident("suite") => self.without_ecdsa = is_without_ecdsa(&text()?)?,
                () => return Err(meta.error("a struct has logical_table, read_as and suite")),
            }
            Ok(())
        })
    }
}

fn is_without_ecdsa(suite: &LitStr) -> Result<bool> {
    match suite.value().as_str() {
        "0x6700" => Ok(true),
        "0x6701" => Ok(false),
        _ => Err(Error::new_spanned(suite, "a suite is \"0x6700\" or \"0x6701\"")),
    }
}

fn only(fields: &[(String, Role)], role: Role, place: &Ident) -> Result<Option<String>> {
    let mut found = fields.iter().filter(|(_, other)| *other == role);
    match (found.next(), found.next()) {
        (first, None) => Ok(first.map(|(name, _)| name.clone())),
        _ => Err(Error::new_spanned(place, "a table has one partition key, and at most one sort key")),
    }
}

/// `None` for a field that serde skips and of which nothing is said.
fn role(field: &Field) -> Result<Option<Role>> {
    let mut role = None;
    each(&field.attrs, "ddb", |meta| {
        let found = role_of(&meta)?;
        match role.replace(found) {
            None => Ok(()),
            Some(_) => Err(meta.error("a field has one role; keys are signed, never encrypted")),
        }
    })?;
    let skipped = is_skipped(field)?;
    match role {
        None if skipped => Ok(None),
        None => Err(Error::new_spanned(
            field,
            "say what happens to it: #[ddb(encrypt)], sign, context, unsigned, announced(..) or retired(..)",
        )),
        Some(Role::Announced(_) | Role::Retired(_)) if !skipped => Err(Error::new_spanned(
            field,
            "it must not be written: add #[serde(skip_serializing)], or #[serde(skip)]",
        )),
        role => Ok(role),
    }
}

fn role_of(meta: &ParseNestedMeta<'_>) -> Result<Role> {
    if let Some(action) = Action::of(meta) {
        return Ok(Role::Written(action));
    }
    match () {
        () if meta.path.is_ident("pk") => Ok(Role::PartitionKey),
        () if meta.path.is_ident("sk") => Ok(Role::SortKey),
        () if meta.path.is_ident("announced") => inner(meta).map(Role::Announced),
        () if meta.path.is_ident("retired") => inner(meta).map(Role::Retired),
        () => {
            Err(meta
                .error("a field is pk, sk, encrypt, sign, context, unsigned, announced(..) or retired(..)"))
        }
    }
}

fn inner(meta: &ParseNestedMeta<'_>) -> Result<Action> {
    let mut action = None;
    meta.parse_nested_meta(|meta| {
        action = Action::of(&meta);
        action.map(|_| ()).ok_or_else(|| meta.error("an action is encrypt, sign, context or unsigned"))
    })?;
    action.ok_or_else(|| meta.error("name the action the attribute has: encrypt, sign, context or unsigned"))
}

fn is_skipped(field: &Field) -> Result<bool> {
    let mut skipped = false;
    each_serde(&field.attrs, |meta| {
        if meta.path.is_ident("flatten") {
            return Err(meta.error("the names of a flattened field's attributes are not known here"));
        }
        skipped |= meta.path.is_ident("skip") || meta.path.is_ident("skip_serializing");
        Ok(())
    })?;
    Ok(skipped)
}

/// The attribute's name in items, as serde has it.
fn name(field: &Field) -> Result<String> {
    let ident = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut name = ident.strip_prefix("r#").unwrap_or(&ident).to_owned();
    each_serde(&field.attrs, |meta| {
        if meta.path.is_ident("rename") {
            let text = meta.value().and_then(|value| value.parse::<LitStr>());
            name = text.map_err(|_| meta.error("an attribute has one name: rename = \"...\""))?.value();
        }
        Ok(())
    })?;
    Ok(name)
}

/// The attribute's name in items, where it may be one.
fn checked_name(field: &Field) -> Result<String> {
    let name = name(field)?;
    match RESERVED.iter().any(|reserved| name.starts_with(reserved)) {
        true => Err(Error::new_spanned(field, format!("{name} is a name of the format's own attributes"))),
        false => Ok(name),
    }
}

/// One attribute has one role: of two fields with one name, the last would be written, under the role of either.
fn refuse_repeated(fields: &[(String, Role)], place: &Ident) -> Result<()> {
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::new_spanned(place, format!("two fields are the attribute {}", pair[0]))),
        None => Ok(()),
    }
}

/// Serde must write the fields under the names that stand here, and nothing else.
fn refuse_other_shapes(attributes: &[Attribute]) -> Result<()> {
    each_serde(attributes, |meta| {
        let is = |name| meta.path.is_ident(name);
        match () {
            () if is("rename_all") => {
                Err(meta
                    .error("name the fields one by one with #[serde(rename = \"...\")]: names are signed"))
            }
            () if is("tag") => {
                Err(meta.error("a tag is an attribute: make it a field, and say what happens to it"))
            }
            () if is("into") || is("transparent") || is("remote") => {
                Err(meta.error("derive it for the type that is written: its fields are the attributes"))
            }
            () => Ok(()),
        }
    })
}

/// Serde's attributes, of which only some matter here.
fn each_serde(
    attributes: &[Attribute],
    mut read: impl FnMut(&ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    each(attributes, "serde", |meta| {
        read(&meta)?;
        pass_over(&meta)
    })
}

fn pass_over(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(syn::Token![=]) {
        let _: syn::Expr = meta.value()?.parse()?;
    } else if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|meta| pass_over(&meta))?;
    }
    Ok(())
}

fn each(
    attributes: &[Attribute],
    name: &str,
    mut read: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name))
        .try_for_each(|attribute| attribute.parse_nested_meta(&mut read))
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::Declared;

    #[track_caller]
    fn refused(input: &DeriveInput, expected: &str) {
        let told = Declared::of(input).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains(expected), "{told}");
    }

    #[test]
    fn two_fields_are_not_one_attribute() {
        let two = parse_quote! {
            #[ddb(logical_table = "Notes")]
            struct Note {
                #[ddb(pk)] id: String,
                #[ddb(unsigned)] #[serde(rename = "id")] other: String,
            }
        };
        refused(&two, "two fields are the attribute id");
        let retired = parse_quote! {
            #[ddb(logical_table = "Notes")]
            struct Note {
                #[ddb(pk)] id: String,
                #[ddb(encrypt)] body: String,
                #[ddb(retired(sign))] #[serde(skip, rename = "body")] old: (),
            }
        };
        refused(&retired, "two fields are the attribute body");
    }

    #[test]
    fn the_formats_own_names_are_not_for_fields() {
        for name in ["aws_dbe_head", "aws_dbe_b_body", "*amzn-ddb-map-sig*"] {
            let own = parse_quote! {
                #[ddb(logical_table = "Notes")]
                struct Note {
                    #[ddb(pk)] id: String,
                    #[ddb(unsigned)] #[serde(rename = #name)] own: String,
                }
            };
            refused(&own, "format's own");
        }
    }

    #[test]
    fn what_serde_would_write_otherwise_is_refused() {
        for (shape, expected) in [
            (quote::quote!(tag = "kind"), "a tag is an attribute"),
            (quote::quote!(rename_all = "camelCase"), "one by one"),
            (quote::quote!(into = "Other", from = "Other"), "the type that is written"),
            (quote::quote!(transparent), "the type that is written"),
        ] {
            let input = parse_quote! {
                #[ddb(logical_table = "Notes")]
                #[serde(#shape)]
                struct Note { #[ddb(pk)] id: String }
            };
            refused(&input, expected);
        }
        let allowed = parse_quote! {
            #[ddb(logical_table = "Notes")]
            #[serde(deny_unknown_fields, default)]
            struct Note { #[ddb(pk)] #[serde(rename = "Id", alias = "id")] id: String }
        };
        assert_eq!(Declared::of(&allowed).ok().map(|declared| declared.partition_key), Some("Id".to_owned()));
    }
}
