//! Items written with beacons are found by what was asked of them in clear.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod sample;

use std::sync::Arc;

use item_encryption_beacons::query::PARTITION;
use item_encryption_beacons::{Asked, Query, QueryError, Search, SearchConfig};
use item_encryption_format::{TableConfig, Value};

use sample::{Item, beacons, n, s, search, ss, stored};

fn query(filter: &str, values: &[(&str, Value)]) -> Query<Value> {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let names = [("#n", "Name"), ("#y", "Year")].map(|(key, name)| (key.to_owned(), name.to_owned()));
    Query { filter: Some(filter.to_owned()), names: names.into(), values, ..Query::default() }
}

/// Values stand for themselves: `:x` is the string x, `:7` the number 7.
fn asked(filter: &str) -> Query<Value> {
    let words = filter.split([' ', ',', '(', ')']).filter_map(|word| word.strip_prefix(':'));
    let value = |text: &str| if text.parse::<f64>().is_ok() { n(text) } else { s(&text.replace("DOT", ".")) };
    let values: Vec<(String, Value)> = words.map(|word| (format!(":{word}"), value(word))).collect();
    let borrowed: Vec<(&str, Value)> =
        values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    query(filter, &borrowed)
}

fn rewritten(filter: &str) -> Result<Query<Value>, QueryError> {
    beacons(1).rewrite(&asked(filter)).map(|mut queries| queries.remove(0))
}

/// Whether an expression holds of an item as it is stored, where nothing has a meaning beside what it is.
fn holds(query: &Query<Value>, stored: &Item) -> bool {
    let nothing = Search::new(&SearchConfig::default(), &TableConfig::new("Notes", "id", None)).unwrap();
    Asked::new(Arc::new(nothing), query.clone()).unwrap().matches(stored).unwrap()
}

#[test]
fn values_become_beacons_and_names_their_attributes() {
    let query = rewritten("Name = :ann AND #y > :1990").unwrap();
    assert_eq!(query.filter.as_deref(), Some("aws_dbe_b_Name = :ann AND #y > :1990"));
    assert_eq!(query.values[":1990"], n("1990"));
    assert_eq!(query.names["#y"], "Year");
    let Value::S(hash) = &query.values[":ann"] else { panic!("a beacon is a string") };
    assert_eq!(hash.len(), 8);
    let query = rewritten("#n = :ann").unwrap();
    assert_eq!((query.filter.as_deref(), query.names["#n"].as_str()), (Some("#n = :ann"), "aws_dbe_b_Name"));
}

#[test]
fn a_placeholder_of_two_meanings_becomes_two() {
    let query = rewritten("Name = :ann OR #n = :ann OR Title = :ann OR Author = :ann").unwrap();
    let filter = "aws_dbe_b_Name = :ann OR #n = :ann OR aws_dbe_b_Title = :ann_1 OR Author = :ann_2";
    assert_eq!(query.filter.as_deref(), Some(filter));
    assert_eq!(query.values[":ann_2"], s("ann"));
    assert_ne!(query.values[":ann"], query.values[":ann_1"]);
}

#[test]
fn names_of_the_projection_stay() {
    let asked = Query { projection: Some("#n, Year".to_owned()), ..asked("#n = :ann") };
    let query = beacons(1).rewrite(&asked).unwrap().remove(0);
    assert_eq!(query.filter.as_deref(), Some("#n_1 = :ann"));
    assert_eq!((query.names["#n"].as_str(), query.names["#n_1"].as_str()), ("Name", "aws_dbe_b_Name"));
}

#[test]
fn what_beacons_cannot_answer_is_refused_with_the_reason() {
    for (filter, reason) in [
        ("Name < :ann", "only equality"),
        ("Name BETWEEN :ann AND :bob", "only equality"),
        ("begins_with(Name, :a)", "hash of the whole value"),
        ("contains(Name, :a)", "hash of the whole value"),
        ("size(Name) = :3", "so is its size"),
        ("attribute_type(Name, :S)", "type B"),
        ("Name = Title", "hashed differently"),
        ("Name.first = :ann", "inside an encrypted attribute"),
        ("Secret = :x", "has no beacon"),
        ("Phone = :x", "\"PhoneBeacon\""),
        ("Part = :x", "compound beacons"),
        ("Mixed < :N_annDOTY_1990", "no order"),
        ("Mixed BETWEEN :N_annDOTY_1990 AND :N_bobDOTY_1990", "no order"),
        ("Mixed = :annDOT1990", "prefix"),
        ("Year = Name", "with a value only"),
        ("Nick = :none OR Name = #gone", "not defined"),
        ("Nick <> #gone", "not defined"),
    ] {
        let error = rewritten(filter).unwrap_err().to_string();
        assert!(error.contains(reason), "{filter}: {error}");
    }
}

#[test]
fn what_asks_for_other_values_is_left_out_of_a_filter() {
    for (filter, left) in [
        ("Name <> :ann", None),
        ("NOT Name = :ann", None),
        ("NOT Mixed = :N_ann", None),
        ("NOT contains(Tags, :red)", None),
        ("Name <> :ann AND Year = :1990", Some("Year = :1990")),
        ("Name <> :ann AND Year = :1990 AND Author = :x", Some("Year = :1990 AND Author = :x")),
        ("Name <> :ann OR Year = :1990", None),
        ("NOT (Year = :1990 OR Name IN (:ann))", Some("NOT Year = :1990")),
        ("NOT (Year = :1990 AND Name = :ann)", None),
        ("NOT (Year = :1990 AND Name <> :ann)", Some("NOT (Year = :1990 AND aws_dbe_b_Name <> :ann)")),
        ("Title = :t AND (Author = :x OR NOT #n = :ann)", Some("aws_dbe_b_Title = :t")),
    ] {
        assert_eq!(rewritten(filter).unwrap().filter.as_deref(), left, "{filter}");
    }
}

#[test]
fn what_is_left_out_takes_its_names_and_values_along() {
    let query = rewritten("(Name <> :ann OR #n = :bob) AND #y = :1990 AND Title <> :1990").unwrap();
    assert_eq!(query.filter.as_deref(), Some("#y = :1990"));
    assert_eq!(
        (query.names, query.values),
        ([("#y".into(), "Year".into())].into(), [(":1990".into(), n("1990"))].into())
    );
}

#[test]
fn a_lookup_of_what_is_left_out_asks_once() {
    let asks = |filter: &str| beacons(12).rewrite(&asked(filter)).unwrap().len();
    assert_eq!(asks("Name <> :ann"), 1);
    assert_eq!(asks("(Name = :ann OR Title <> :t) AND Year = :1990"), 1);
    assert_eq!(asks("Few = :x AND (Name = :ann OR Title <> :t)"), 3);
}

#[test]
fn a_key_condition_is_asked_whole_or_not_at_all() {
    let key_condition = |text: &str| {
        let query = Query { key_condition: Some(text.to_owned()), filter: None, ..asked(text) };
        beacons(1).rewrite(&query).map(|mut queries| queries.remove(0).key_condition.unwrap())
    };
    assert_eq!(
        key_condition("Author = :x AND Name = :ann").unwrap(),
        "Author = :x AND aws_dbe_b_Name = :ann"
    );
    let refused = key_condition("Author = :x AND Name <> :ann").unwrap_err().to_string();
    assert!(refused.contains("items would be lost"), "{refused}");
}

#[test]
fn what_is_found_too_much_is_dropped() {
    let (ann, bob) = (sample::item("ann", 1990), sample::item("bob", 1990));
    let query = asked("Short = :ann AND Year = :1990");
    let rewritten = beacons(1).rewrite(&query).unwrap().remove(0);
    let collides = (0..100).map(|at| sample::item(&format!("bob{at}"), 1990));
    let collides = collides.into_iter().find(|item| holds(&rewritten, &stored(item, &beacons(1), 0)));
    let collides = collides.expect("a beacon of one bit is that of many");
    let asked = Asked::new(Arc::new(search(1)), query).unwrap();
    assert!(asked.matches(&ann).unwrap() && !asked.matches(&collides).unwrap());
    assert!(!asked.matches(&bob).unwrap());
}

#[test]
fn every_item_that_is_asked_for_is_found_in_some_partition() {
    let filters = [
        "Name = :ann",
        ":ann = Name",
        "Name IN (:ann, :bob)",
        "NOT (Name <> :ann)",
        "Name <> :ann",
        "Name <> :ann AND Year = :1990",
        "NOT (Year = :1990 OR Name IN (:ann, :bob))",
        "NOT (Year = :1990 AND (Name = :ann OR Title <> :t7))",
        "Title = :t7 OR NOT begins_with(Mixed, :N_ann)",
        "Title = :t7",
        "Name = Nick",
        "contains(Tags, :red)",
        "Tags = :SET",
        "Upper = :ANN1990",
        "Short = :bob",
        "PhoneBeacon = :12",
        "PhoneBeacon = :12 AND Name = :ann",
        "attribute_exists(Nick) AND attribute_exists(Upper)",
        "attribute_not_exists(Nick) OR attribute_not_exists(Mixed)",
        "Mixed = :N_annDOTY_1991",
        "begins_with(Mixed, :N_annDOT)",
        "begins_with(Mixed, :N_ann)",
        "begins_with(Mixed, :N_)",
        "begins_with(Mixed, :N)",
        "begins_with(Mixed, :N_annDOTY_19)",
        "Mixed BETWEEN :N_annDOTY_1990 AND :N_annDOTY_1995",
        "Mixed > :Y_1992",
        "NOT Mixed < :Y_1992",
        "Mixed IN (:N_bob, :N_annDOTY_1992)",
        "contains(Mixed, :Y_199)",
        "NOT (Year < :1992 OR Name <> :bob)",
        "Signed = :Y_1993DOTA_x",
        "begins_with(Signed, :Y_1)",
        "size(Author) = :1 AND Name = :bob",
    ];
    for partitions in [1, 3] {
        let (beacons, search) = (beacons(partitions), Arc::new(search(partitions)));
        let partition = |at: usize| u8::try_from(at).unwrap() % partitions;
        let items = sample::items().into_iter().enumerate();
        let items = items.map(|(at, item)| (stored(&item, &beacons, partition(at)), item));
        let (items, mut found) = (items.collect::<Vec<_>>(), 0);
        for filter in filters {
            let mut query = asked(filter);
            if query.values.contains_key(":SET") {
                query.values.insert(":SET".to_owned(), ss(&["red", "blue"]));
            }
            let queries = beacons.rewrite(&query).unwrap_or_else(|error| panic!("{filter}: {error}"));
            let asked = Asked::new(search.clone(), query).unwrap();
            for (stored, item) in items.iter().filter(|(_, item)| asked.matches(item).unwrap()) {
                found += 1;
                assert!(queries.iter().any(|query| holds(query, stored)), "{filter} loses {item:?}");
            }
        }
        assert!(found > 200, "the filters find something: {found}");
    }
}

#[test]
fn a_lookup_asks_as_many_partitions_as_its_beacons_have() {
    let asks = |filter: &str| beacons(12).rewrite(&asked(filter)).unwrap().len();
    assert_eq!(asks("Name = :ann"), 12);
    assert_eq!(asks("Title = :t"), 4);
    assert_eq!(asks("Title = :t AND Few = :x"), 12);
    assert_eq!(asks("Few = :x"), 3);
    assert_eq!(asks("Year = :1990 AND attribute_exists(Name)"), 1);
    let mut one = asked("Name = :ann");
    one.values.insert(PARTITION.to_owned(), n("7"));
    let queries = beacons(12).rewrite(&one).unwrap();
    assert_eq!(queries.len(), 1);
    assert!(!queries[0].values.contains_key(PARTITION));
    assert_eq!(queries[0], beacons(12).rewrite(&asked("Name = :ann")).unwrap()[7]);
    one.values.insert(PARTITION.to_owned(), n("12"));
    assert!(beacons(12).rewrite(&one).is_err());
}

#[test]
fn items_are_drawn_into_every_partition() {
    let search = search(5);
    let drawn: std::collections::BTreeSet<u8> = (0..500).map(|_| search.draw_partition().unwrap()).collect();
    assert!(drawn.into_iter().eq(0..5));
}

#[test]
fn whose_key_is_used_stands_in_items_and_queries() {
    let search =
        sample::search_of(&SearchConfig { key_field: Some("Author".to_owned()), ..sample::config(1) });
    assert_eq!(search.key_id_of(&sample::item("ann", 1990)).unwrap().as_deref(), Some("x"));
    assert!(search.key_id_of(&Item::new()).is_err());
    assert_eq!(search.key_id_in(&asked("Author = :x AND Name = :ann")).unwrap().as_deref(), Some("x"));
    for without in ["Name = :ann", "Author = :x OR Name = :ann", "Author = :x AND Author = :y"] {
        assert!(search.key_id_in(&asked(without)).is_err(), "{without}");
    }
}

#[test]
fn what_becomes_longer_than_dynamodb_takes_is_refused() {
    let asked_often = |count| vec!["Name = :ann"; count].join(" OR ");
    assert!(rewritten(&asked_often(100)).is_ok());
    let long = asked_often(250);
    assert!(long.len() < 4096);
    assert!(matches!(rewritten(&long), Err(QueryError::TooLong(4097..))));
}
