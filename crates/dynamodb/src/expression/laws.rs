//! Laws that hold of all expressions: a tree written down reads back as itself; conditions obey logic;
//! updates change what they name and nothing else.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Comparator, Condition, ExpressionKind, Operand, Path, Placeholders, Projection, Step, Update};
use crate::value::tests::any_value;
use crate::value::{AttributeValue, Item, Number, ValueType};

/// The values of these expressions: `:v0` to `:v4`, in ascending order.
const VALUES: u64 = 5;

fn value(at: u64) -> Arc<AttributeValue> {
    Arc::new(AttributeValue::N(Number::from(at)))
}

fn placeholders() -> Placeholders {
    let type_name = (":n".to_owned(), AttributeValue::S("N".into()));
    let values = (0..VALUES).map(|at| (format!(":v{at}"), (*value(at)).clone()));
    Placeholders::of_checked(None, Some(values.chain([type_name]).collect())).unwrap()
}

fn any_path() -> impl Strategy<Value = Path> {
    let step = prop_oneof!["[abc]".prop_map(Step::Name), (0..3_usize).prop_map(Step::Index)];
    ("[abc]", vec(step, 0..3)).prop_map(|(attribute, steps)| Path { attribute, steps })
}

fn any_value_operand() -> impl Strategy<Value = Operand> {
    (0..VALUES).prop_map(|at| Operand::Value(value(at)))
}

fn any_first_operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        4 => any_path().prop_map(Operand::Path),
        1 => any_path().prop_map(|path| Operand::Size(Box::new(Operand::Path(path)))),
    ]
}

fn any_comparator() -> impl Strategy<Value = Comparator> {
    prop::sample::select(
        ["=", "<>", "<", "<=", ">", ">="].map(|symbol| Comparator::of_symbol(symbol).unwrap()).to_vec(),
    )
}

fn any_condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        (any_first_operand(), any_comparator(), any_value_operand())
            .prop_map(|(left, comparator, right)| Condition::Compare { left, comparator, right }),
        (any_first_operand(), 0..VALUES, 0..VALUES).prop_map(|(first, one, other)| Condition::Between {
            value: first,
            low: Operand::Value(value(one.min(other))),
            high: Operand::Value(value(one.max(other))),
        }),
        (any_first_operand(), vec(any_value_operand(), 1..4))
            .prop_map(|(value, candidates)| Condition::In { value, candidates }),
        any_path().prop_map(Condition::Exists),
        any_path().prop_map(Condition::NotExists),
        any_path().prop_map(|path| Condition::HasType { path, value_type: ValueType::N }),
        (any_path(), any_value_operand())
            .prop_map(|(path, part)| Condition::Contains { value: Operand::Path(path), part }),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Condition::And),
            vec(inner.clone(), 2..4).prop_map(Condition::Or),
            inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

fn any_document() -> impl Strategy<Value = Item> {
    let number = (0..VALUES).prop_map(|at| (*value(at)).clone());
    let inner = number.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(AttributeValue::L),
            vec(("[abc]", inner), 0..3).prop_map(|entries| AttributeValue::M(entries.into_iter().collect())),
        ]
    });
    vec(("[abc]", inner), 0..4).prop_map(|entries| entries.into_iter().collect())
}

fn path_text(path: &Path) -> String {
    let steps = path.steps.iter().map(|step| match step {
        Step::Name(name) => format!(".{name}"),
        Step::Index(index) => format!("[{index}]"),
    });
    path.attribute.clone() + &steps.collect::<String>()
}

fn operand_text(operand: &Operand) -> String {
    match operand {
        Operand::Path(path) => path_text(path),
        Operand::Value(value) => {
            let at = (0..VALUES).find(|at| **value == *self::value(*at)).unwrap();
            format!(":v{at}")
        }
        Operand::Size(inner) => format!("size({})", operand_text(inner)),
    }
}

fn condition_text(condition: &Condition) -> String {
    let part = |part: &Condition| match part {
        Condition::And(_) | Condition::Or(_) => format!("({})", condition_text(part)),
        _ => condition_text(part),
    };
    let joined = |parts: &[Condition], keyword| parts.iter().map(part).collect::<Vec<_>>().join(keyword);
    match condition {
        Condition::And(parts) => joined(parts, " AND "),
        Condition::Or(parts) => joined(parts, " OR "),
        Condition::Not(inner) => format!("NOT {}", part(inner)),
        Condition::Compare { left, comparator, right } => {
            format!("{} {} {}", operand_text(left), comparator.symbol(), operand_text(right))
        }
        Condition::Between { value, low, high } => {
            format!("{} BETWEEN {} AND {}", operand_text(value), operand_text(low), operand_text(high))
        }
        Condition::In { value, candidates } => {
            let candidates: Vec<String> = candidates.iter().map(operand_text).collect();
            format!("{} IN ({})", operand_text(value), candidates.join(", "))
        }
        Condition::Exists(path) => format!("attribute_exists({})", path_text(path)),
        Condition::NotExists(path) => format!("attribute_not_exists({})", path_text(path)),
        Condition::HasType { path, .. } => format!("attribute_type({}, :n)", path_text(path)),
        Condition::BeginsWith { value, prefix } => {
            format!("begins_with({}, {})", operand_text(value), operand_text(prefix))
        }
        Condition::Contains { value, part } => {
            format!("contains({}, {})", operand_text(value), operand_text(part))
        }
    }
}

fn holds(text: &str, item: &Item) -> bool {
    Condition::parse(ExpressionKind::Filter, text, &mut placeholders()).unwrap().holds(Some(item))
}

fn not(condition: &Condition) -> Condition {
    Condition::Not(Box::new(condition.clone()))
}

proptest! {
    #[test]
    fn a_condition_reads_back_as_it_was_written(condition in any_condition()) {
        let text = condition_text(&condition);
        let parsed = Condition::parse(ExpressionKind::Condition, &text, &mut placeholders());
        prop_assert_eq!(parsed, Ok(condition), "{}", text);
    }

    #[test]
    fn conditions_obey_the_laws_of_logic(one in any_condition(), other in any_condition(), item in any_document()) {
        let holds = |condition: Condition| condition.holds(Some(&item));
        let both = vec![one.clone(), other.clone()];
        prop_assert_eq!(holds(not(&one)), !holds(one.clone()));
        prop_assert_eq!(
            holds(not(&Condition::And(both.clone()))),
            holds(Condition::Or(vec![not(&one), not(&other)]))
        );
        prop_assert_eq!(holds(Condition::Or(both)), holds(one) || holds(other));
    }

    #[test]
    fn operators_can_be_said_in_other_words(path in any_path(), low in 0..VALUES, high in 0..VALUES, item in any_document()) {
        let (path, low, high) = (path_text(&path), low.min(high), low.max(high));
        let pairs = [
            (
                format!("{path} BETWEEN :v{low} AND :v{high}"),
                format!("{path} >= :v{low} AND {path} <= :v{high}"),
            ),
            (format!("{path} IN (:v{low}, :v{high})"), format!("{path} = :v{low} OR {path} = :v{high}")),
            (format!("{path} <> :v{low}"), format!("NOT {path} = :v{low}")),
            (format!("{path} < :v{low}"), format!(":v{low} > {path}")),
            (format!("attribute_exists({path})"), format!("NOT attribute_not_exists({path})")),
        ];
        for (one, other) in pairs {
            prop_assert_eq!(holds(&one, &item), holds(&other, &item), "{}", one);
        }
    }

    #[test]
    fn what_is_set_is_there_and_nothing_else_changes(path in any_path(), wanted in any_value(), item in any_document()) {
        let mut placeholders = Placeholders::of_checked(None, Some(vec![(":v".into(), wanted.clone())])).unwrap();
        let update = Update::parse(&format!("SET {} = :v", path_text(&path)), &mut placeholders).unwrap();
        if let Ok(new) = update.apply(&item) {
            let appended = matches!(path.steps.last(), Some(Step::Index(_))) && path.find(&item).is_none();
            if !appended {
                prop_assert_eq!(path.find(&new), Some(&wanted));
            }
            let others = |mut item: Item| {
                item.retain(|name| name != path.attribute);
                item
            };
            prop_assert_eq!(others(new), others(item));
        }
    }

    #[test]
    fn what_is_removed_is_gone_and_removing_it_again_changes_nothing(path in any_path(), item in any_document()) {
        let update = Update::parse(&format!("REMOVE {}", path_text(&path)), &mut Placeholders::default()).unwrap();
        if let Ok(new) = update.apply(&item) {
            if !path.steps.iter().any(|step| matches!(step, Step::Index(_))) {
                prop_assert_eq!(path.find(&new), None);
                prop_assert_eq!(update.apply(&new), Ok(new.clone()));
            }
            prop_assert_eq!(new == item, path.find(&item).is_none());
        }
    }

    #[test]
    fn a_projection_shows_what_lies_at_its_paths(path in any_path(), item in any_document()) {
        let projection = Projection::parse(&path_text(&path), &mut Placeholders::default()).unwrap();
        let shown = projection.of(&item);
        prop_assert_eq!(shown.is_empty(), path.find(&item).is_none());
        // A projected list holds the one wanted element only.
        let to_first = |step: &Step| if matches!(step, Step::Index(_)) { Step::Index(0) } else { step.clone() };
        let steps = path.steps.iter().map(to_first).collect();
        let in_shown = Path { attribute: path.attribute.clone(), steps };
        prop_assert_eq!(in_shown.find(&shown), path.find(&item));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "[-a-c#:.,()=<>+ \\[\\]0-9é]{0,40}|([a-z#:]{1,3}|AND|OR|NOT|IN|BETWEEN|SET|ADD|[(),.=<>+-]| ){0,30}") {
        let _ = Condition::parse(ExpressionKind::Condition, &text, &mut placeholders());
        let _ = Update::parse(&text, &mut placeholders());
        let _ = Projection::parse(&text, &mut placeholders());
    }
}
