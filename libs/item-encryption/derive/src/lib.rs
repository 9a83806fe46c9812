//! `#[derive(EncryptedItem)]`: how a type's items are encrypted, said once, beside its fields.
//!
//! ```
//! use item_encryption_derive::EncryptedItem;
//! use item_encryption_format::EncryptedItem as _;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(EncryptedItem, Serialize, Deserialize)]
//! #[ddb(logical_table = "Notes", read_as = "Notes-2024", suite = "0x6700")]
//! struct Note {
//!     #[ddb(pk)]
//!     id: String,
//!     #[ddb(sk)]
//!     seq: u64,
//!     #[ddb(encrypt)]
//!     body: String,
//!     #[ddb(sign)]
//!     link: Option<String>,
//!     #[ddb(unsigned)]
//!     ttl: u64,
//!     #[ddb(announced(encrypt))]
//!     #[serde(default, skip_serializing)]
//!     score: Option<u32>,
//!     #[ddb(retired(sign))]
//!     #[serde(skip)]
//!     old: (),
//! }
//! assert_eq!(Note::schema().table_config().logical_table_name, "Notes");
//! ```
//!
//! Keys are signed, never encrypted; saying otherwise does not compile:
//!
//! ```compile_fail
//! #[derive(item_encryption_derive::EncryptedItem)]
//! #[ddb(logical_table = "Notes")]
//! struct Note {
//!     #[ddb(pk, encrypt)]
//!     id: String,
//! }
//! ```
//!
//! Nor does a field of which nothing is said, or a retired one that would still be written:
//!
//! ```compile_fail
//! #[derive(item_encryption_derive::EncryptedItem)]
//! #[ddb(logical_table = "Notes")]
//! struct Note {
//!     #[ddb(pk)]
//!     id: String,
//!     body: String,
//! }
//! ```
//!
//! ```compile_fail
//! #[derive(item_encryption_derive::EncryptedItem)]
//! #[ddb(logical_table = "Notes")]
//! struct Note {
//!     #[ddb(pk)]
//!     id: String,
//!     #[ddb(retired(encrypt))]
//!     body: String,
//! }
//! ```
//!
//! A fingerprint of the schema in the application's repository (`assert_schema_fingerprint!` of
//! `item-encryption-format`) holds later versions to the same rules.
//!
//! Map: this file (the code that is generated) · [`declared`] (what the attributes say).

mod declared;

use declared::{Declared, Role};
use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Derives `item_encryption_format::EncryptedItem`.
///
/// On the struct: `logical_table`, `read_as` (repeatable), `suite`. On each field one of `pk`, `sk`, `encrypt`,
/// `sign`, `context`, `unsigned`, `announced(action)`, `retired(action)`.
#[proc_macro_derive(EncryptedItem, attributes(ddb))]
pub fn encrypted_item(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    match Declared::of(&input) {
        Ok(declared) => implementation(&input, &declared).into(),
        Err(error) => error.to_compile_error().into(),
    }
}

fn implementation(input: &DeriveInput, declared: &Declared) -> Tokens {
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let (table, partition_key) = (&declared.logical_table, &declared.partition_key);
    let sort_key = match &declared.sort_key {
        Some(key) => quote!(::core::option::Option::Some(#key)),
        None => quote!(::core::option::Option::None),
    };
    let read_as = declared.read_as.iter().map(|name| quote!(.read_as(#name)));
    let attributes = declared.fields.iter().map(attribute);
    let suite = match declared.without_ecdsa {
        true => quote!(.suite(::item_encryption_format::Suite::NoEcdsa)),
        false => quote!(),
    };
    quote! {
        impl #generics ::item_encryption_format::EncryptedItem for #name #arguments #bounds {
            fn schema() -> ::item_encryption_format::Schema {
                ::item_encryption_format::Schema::new(#table, #partition_key, #sort_key)
                    #(#read_as)* #(#attributes)* #suite
            }
        }
    }
}

fn attribute((name, role): &(String, Role)) -> Tokens {
    let (action, stage) = match role {
        Role::Written(action) => (action, quote!(Written)),
        Role::Announced(action) => (action, quote!(Announced)),
        Role::Retired(action) => (action, quote!(Retired)),
        Role::PartitionKey | Role::SortKey => return quote!(),
    };
    let action = action.variant();
    quote! {
        .attribute(
            #name,
            ::item_encryption_format::Action::#action,
            ::item_encryption_format::schema::Stage::#stage,
        )
    }
}
