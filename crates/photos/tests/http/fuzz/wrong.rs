//! What goes wrong in a call: a value that nobody expects, something too much, something missing.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// Something wrong.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Replace(Value),
    Add(String, Value),
    Remove,
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    let names = select(&["is_staff", "id", "name", "q", "", "\0", "😀", "__proto__"][..]);
    prop_oneof![
        3 => nasty().prop_map(Change::Replace),
        1 => (names, nasty()).prop_map(|(name, value)| Change::Add(name.to_owned(), value)),
        1 => Just(Change::Remove),
    ]
}

/// Values that somebody may not have thought of.
fn nasty() -> impl Strategy<Value = Value> {
    // Deeper than a careful reader follows.
    let deep = (0..200).fold(json!({}), |inner, _| json!([inner]));
    let values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(0.5),
        json!(1e300),
        json!(""),
        json!(" "),
        json!("\0"),
        json!("a\0b"),
        json!("\r\n"),
        json!("\u{202e}e\u{301}\u{feff}"),
        json!("😀".repeat(1000)),
        json!("x".repeat(20_000)),
        json!("%00"),
        json!("../../etc/passwd"),
        json!("' OR '1'='1"),
        json!("2026-13-99T99:99:99Z"),
        json!("ffffffff-ffff-ffff-ffff-ffffffffffff"),
        json!([]),
        json!({}),
        json!([null]),
        deep,
    ];
    prop_oneof![4 => select(values), 1 => any::<String>().prop_map(Value::from)]
}

/// Changes one place of a value, however deep.
pub(super) fn apply(tree: &mut Value, place: Index, change: Change) {
    let mut places = Vec::new();
    find_places(tree, &mut Vec::new(), &mut places);
    let mut way = place.get(&places).clone();
    let last = match change {
        Change::Remove => way.pop(),
        _ => None,
    };
    let mut found = tree;
    for step in way {
        found = match found {
            Value::Object(fields) => fields.get_mut(&step).unwrap(),
            other => &mut other[step.parse::<usize>().unwrap()],
        };
    }
    match (change, found, last) {
        (Change::Replace(value), found, _) => *found = value,
        (Change::Add(name, value), Value::Object(fields), _) => drop(fields.insert(name, value)),
        (Change::Add(_, value), Value::Array(items), _) => items.push(value),
        (Change::Add(name, value), found, _) => *found = json!({ name: value }),
        (Change::Remove, Value::Object(fields), Some(last)) => drop(fields.remove(&last)),
        (Change::Remove, Value::Array(items), Some(last)) => drop(items.remove(last.parse().unwrap())),
        (Change::Remove, found, _) => *found = Value::Null,
    }
}

/// The way to each place inside of a value.
fn find_places(value: &Value, way: &mut Vec<String>, places: &mut Vec<Vec<String>>) {
    let mut go = |step: String, value| {
        way.push(step);
        places.push(way.clone());
        find_places(value, way, places);
        way.pop();
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| go(name.clone(), value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(n, value)| go(n.to_string(), value)),
        _ => {}
    }
}
