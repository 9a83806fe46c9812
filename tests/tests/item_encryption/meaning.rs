//! What an expression means: whatever the client lets through has on the encrypted table the outcome that it has on
//! the same table in the clear. Random items, random expressions, one seed.

use std::fmt::Debug;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem};
use futures::TryStreamExt;
use item_encryption_client::{ClientError, EncryptedClient};
use tests::random::Random;

use crate::fixture::{client, codec};
use crate::searching::by_beacons;
use crate::world::{Item, World, key, n, s};

const ITEMS: i64 = 12;
const EXPRESSIONS: usize = 250;
/// Attributes of every standing but the format's own, which are in stored items only; the last is unknown.
const ATTRIBUTES: [&str; 8] = ["body", "tags", "link", "seen", "#u", "sk", "pk", "other"];
const VALUES: [&str; 6] = [":s", ":n", ":set", ":t", ":l", ":e"];

/// Writes expressions.
struct Author {
    random: Random,
}

impl Author {
    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.random.below(of.len() as u64)).unwrap()]
    }

    fn path(&mut self) -> String {
        let known = if self.random.below(8) == 0 { ATTRIBUTES.len() } else { 7 };
        let attribute = self.one_of(&ATTRIBUTES[..known]);
        match self.random.below(8) {
            0 => format!("{attribute}[0]"),
            1 => format!("{attribute}.a"),
            _ => attribute.to_owned(),
        }
    }

    fn operand(&mut self) -> String {
        match self.random.below(5) {
            0 => format!("size({})", self.path()),
            1 | 2 => self.path(),
            _ => self.one_of(&VALUES).to_owned(),
        }
    }

    fn condition(&mut self, depth: u64) -> String {
        let simple = depth == 0;
        match self.random.below(if simple { 9 } else { 13 }) {
            0 | 1 => format!("attribute_exists({})", self.path()),
            2 | 3 => format!("attribute_not_exists ( {} )", self.path()),
            4 => format!("attribute_type({}, :t)", self.path()),
            5 => format!("begins_with({}, :s)", self.path()),
            6 => format!("contains({}, {})", self.path(), self.operand()),
            7 => format!("{} BETWEEN {} AND {}", self.path(), self.operand(), self.operand()),
            8 => {
                let comparator = self.one_of(&["=", "<>", "<", "<=", ">", ">="]);
                format!("{} {comparator} {}", self.operand(), self.operand())
            }
            9 => format!("{} IN ({}, {})", self.path(), self.operand(), self.operand()),
            10 => format!("NOT ({})", self.condition(depth - 1)),
            11 => format!("({}) OR {}", self.condition(depth - 1), self.condition(depth - 1)),
            _ => format!("{} and ({})", self.condition(depth - 1), self.condition(depth - 1)),
        }
    }

    /// An update that mostly keeps to unsigned attributes.
    fn update(&mut self) -> String {
        let target = |author: &mut Self| match author.random.below(6) {
            0 => author.path(),
            1 => "#u.a".to_owned(),
            _ => author.one_of(&["seen", "#u"]).to_owned(),
        };
        let target = target(self);
        match self.random.below(7) {
            0 => format!("REMOVE {target}"),
            1 => format!("ADD {target} {}", self.one_of(&[":n", ":set"])),
            2 => format!("DELETE {target} :set"),
            3 => format!("SET {target} = if_not_exists({}, {})", self.path(), self.operand_of_update()),
            4 => format!("SET {target} = {} + {}", self.operand_of_update(), self.operand_of_update()),
            5 => format!("SET {target} = list_append({}, :l)", self.operand_of_update()),
            _ => format!("set {target} = {}", self.operand_of_update()),
        }
    }

    fn operand_of_update(&mut self) -> String {
        if self.random.below(2) == 0 { self.path() } else { self.one_of(&VALUES).to_owned() }
    }

    fn value(&mut self) -> AttributeValue {
        match self.random.below(7) {
            0 => s("ab"),
            1 => s("abc"),
            2 => n(7),
            3 => AttributeValue::Ss(vec!["ab".to_owned(), "x".to_owned()]),
            4 => AttributeValue::L(vec![n(7), s("ab")]),
            5 => AttributeValue::M([("a".to_owned(), n(7))].into()),
            _ => AttributeValue::Null(true),
        }
    }

    fn item(&mut self, number: i64) -> Item {
        let mut item = key("n", number);
        for attribute in ["body", "tags", "link", "seen", ":u"] {
            if self.random.below(4) > 0 {
                item.insert(attribute.to_owned(), self.value());
            }
        }
        item
    }
}

/// What a query asks.
#[derive(Debug)]
struct Asked {
    condition: &'static str,
    filter: Option<String>,
    projection: Option<String>,
    limit: i32,
    forward: bool,
}

impl Author {
    fn asked(&mut self) -> Asked {
        let conditions = [
            "pk = :p",
            "pk = :p AND sk > :low",
            "sk <= :high and pk=:p",
            "pk = :p AND sk BETWEEN :low AND :high",
        ];
        let lists = ["sk", "sk, body", "#u,seen , sk", "pk", "body, body", "tags, tags[0]", "sk,", ""];
        let condition = self.one_of(&conditions);
        let filter = (self.random.below(2) == 0).then(|| self.condition(1));
        let projection = (self.random.below(2) == 0).then(|| self.one_of(&lists).to_owned());
        let limit = i32::try_from(1 + self.random.below(5)).unwrap();
        Asked { condition, filter, projection, limit, forward: self.random.below(2) == 0 }
    }
}

fn values() -> [(&'static str, AttributeValue); 6] {
    let list = AttributeValue::L(vec![n(7), s("ab")]);
    let set = AttributeValue::Ss(vec!["ab".to_owned(), "x".to_owned()]);
    [(":s", s("ab")), (":n", n(7)), (":set", set), (":t", s("S")), (":l", list), (":e", s("x"))]
}

/// The names and values that an expression uses; DynamoDB refuses others.
macro_rules! filled {
    ($builder:expr, $expression:expr) => {{
        let mut builder = $builder;
        if $expression.contains("#u") {
            builder = builder.expression_attribute_names("#u", ":u");
        }
        for (name, value) in values() {
            let is_whole = |rest: &str| !rest.starts_with(|letter: char| letter.is_alphanumeric());
            if $expression.match_indices(name).any(|(at, _)| is_whole(&$expression[at + name.len()..])) {
                builder = builder.expression_attribute_values(name, value);
            }
        }
        builder
    }};
}

/// The same items in a table in the clear, `Clear`, and through the client.
async fn both(author: &mut Author) -> (World, EncryptedClient) {
    let world = World::with_table().await;
    world.create_table("Clear").await;
    let db = client(&world, codec());
    fill(author, &world, &db).await;
    (world, db)
}

async fn fill(author: &mut Author, world: &World, db: &EncryptedClient) {
    for number in 0..ITEMS {
        let item = author.item(number);
        world.dynamodb.put_item().table_name("Clear").set_item(Some(item.clone())).send().await.unwrap();
        db.put_item(PutItemInput::builder().table_name("Tasks").set_item(Some(item))).await.unwrap();
    }
}

/// The exception, where it is DynamoDB's; `None` where the client does not let it through.
fn outcome<T>(result: Result<T, ClientError>) -> Option<Result<T, String>> {
    match result {
        Ok(answer) => Some(Ok(answer)),
        Err(ClientError::Unsound(_)) => None,
        Err(ClientError::DynamoDb(error)) => Some(Err(error.code().unwrap().to_owned())),
        Err(error) => panic!("{error}"),
    }
}

fn check(table: &str, number: i64, condition: &str) -> TransactWriteItemsInputBuilder {
    let check = ConditionCheck::builder().table_name(table).set_key(Some(key("n", number)));
    let check = filled!(check.condition_expression(condition), condition).build().unwrap();
    let part = TransactWriteItem::builder().condition_check(check).build();
    TransactWriteItemsInput::builder().transact_items(part)
}

fn scan(table: &str, filter: &str) -> ScanInputBuilder {
    filled!(ScanInput::builder().table_name(table).filter_expression(filter), filter)
}

/// Compares what both say of one expression, and counts what was let through.
#[derive(Default)]
struct Compared {
    let_through: usize,
}

impl Compared {
    fn with<T: Debug + PartialEq>(
        &mut self,
        told: &str,
        ours: Option<Result<T, String>>,
        clear: Result<T, String>,
    ) {
        if let Some(ours) = ours {
            assert_eq!(ours, clear, "{told}");
            self.let_through += 1;
        }
    }
}

fn author() -> Author {
    Author { random: Random::from_environment() }
}

#[tokio::test]
async fn a_condition_holds_of_the_encrypted_item_where_it_holds_of_the_item() {
    let mut author = author();
    let (world, db) = both(&mut author).await;
    let mut compared = Compared::default();
    for _ in 0..EXPRESSIONS {
        // One that is not there, among them.
        let number = i64::try_from(author.random.below(1 + ITEMS as u64)).unwrap();
        let condition = author.condition(2);
        let ours = outcome(db.transact_write_items(check("Tasks", number, &condition)).await.map(drop));
        let clear = check("Clear", number, &condition).send_with(&world.dynamodb).await.map(drop);
        let clear = clear.map_err(|error| error.code().unwrap().to_owned());
        compared.with(&format!("{number}: {condition}"), ours, clear);
    }
    assert!(compared.let_through > EXPRESSIONS / 10, "{} were compared", compared.let_through);
}

#[tokio::test]
async fn an_update_of_the_encrypted_item_does_what_it_does_to_the_item() {
    let mut author = author();
    let (world, db) = both(&mut author).await;
    let mut compared = Compared::default();
    for _ in 0..EXPRESSIONS {
        let number = i64::try_from(author.random.below(ITEMS as u64)).unwrap();
        let update = author.update();
        let input = |table: &str| {
            let input = UpdateItemInput::builder().table_name(table).set_key(Some(key("n", number)));
            filled!(input.update_expression(&update), update)
        };
        let Some(ours) = outcome(db.update_item(input("Tasks")).await.map(drop)) else { continue };
        let clear = input("Clear").send_with(&world.dynamodb).await.map(drop);
        let clear = clear.map_err(|error| error.code().unwrap().to_owned());
        let told = format!("{number}: {update}");
        compared.with(&told, Some(ours), clear);
        let get = world.dynamodb.get_item().table_name("Clear").set_key(Some(key("n", number)));
        let input = aws_sdk_dynamodb::operation::get_item::GetItemInput::builder();
        let ours = db.get_item(input.table_name("Tasks").set_key(Some(key("n", number)))).await.unwrap().item;
        assert_eq!(ours, get.send().await.unwrap().item, "{told}");
    }
    assert!(compared.let_through > EXPRESSIONS / 10, "{} were compared", compared.let_through);
}

#[tokio::test]
async fn a_filter_finds_in_the_encrypted_table_what_it_finds_in_the_table() {
    let mut author = author();
    let world = World::with_table().await;
    world.create_table("Clear").await;
    let by_beacons = by_beacons(&world, 2, 2);
    fill(&mut author, &world, &by_beacons).await;
    for db in [client(&world, codec()), by_beacons] {
        let mut compared = Compared::default();
        for _ in 0..EXPRESSIONS / 2 {
            let filter = author.condition(2);
            let found = match db.scan(scan("Tasks", &filter)) {
                Ok(items) => items.try_collect().await,
                Err(error) => Err(error),
            };
            let clear = scan("Clear", &filter).send_with(&world.dynamodb).await;
            let clear = clear.map_err(|error| error.code().unwrap().to_owned());
            let clear = clear.map(|answer| sorted(answer.items.unwrap()));
            compared.with(&filter, outcome(found.map(sorted)), clear);
        }
        assert!(compared.let_through > EXPRESSIONS / 20, "{} were compared", compared.let_through);
    }
}

#[tokio::test]
async fn a_query_pages_through_the_encrypted_table_as_through_the_table() {
    let mut author = author();
    let (world, db) = both(&mut author).await;
    let mut compared = Compared::default();
    for _ in 0..EXPRESSIONS / 2 {
        let query = |table: &str, asked: &Asked| {
            let query = QueryInput::builder().table_name(table).key_condition_expression(asked.condition);
            let query = query.limit(asked.limit).scan_index_forward(asked.forward);
            let query = query.set_filter_expression(asked.filter.clone());
            let query = query.set_projection_expression(asked.projection.clone());
            let all = [asked.filter.as_deref(), asked.projection.as_deref(), Some(asked.condition)];
            let all = all.into_iter().flatten().collect::<Vec<_>>().join(" ");
            let mut query = filled!(query, all).expression_attribute_values(":p", s("n"));
            for (name, value) in
                [(":low", 3), (":high", 8)].into_iter().filter(|(name, _)| all.contains(name))
            {
                query = query.expression_attribute_values(name, n(value));
            }
            query
        };
        let asked = author.asked();
        let ours = match db.query(query("Tasks", &asked)) {
            Ok(items) => items.try_collect::<Vec<Item>>().await,
            Err(error) => Err(error),
        };
        let (mut clear, mut behind) = (Ok(Vec::new()), None);
        loop {
            let page =
                query("Clear", &asked).set_exclusive_start_key(behind).send_with(&world.dynamodb).await;
            match (page, &mut clear) {
                (Ok(page), Ok(items)) => {
                    items.extend(page.items.unwrap());
                    behind = page.last_evaluated_key;
                }
                (Err(error), _) => {
                    clear = Err(error.code().unwrap().to_owned());
                    break;
                }
                (Ok(_), Err(_)) => unreachable!("nothing is asked behind an error"),
            }
            if behind.is_none() {
                break;
            }
        }
        compared.with(&format!("{asked:?}"), outcome(ours), clear);
    }
    assert!(compared.let_through > EXPRESSIONS / 20, "{} were compared", compared.let_through);
}

fn sorted(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by_key(|item| item["sk"].as_n().unwrap().parse::<i64>().unwrap());
    items
}
