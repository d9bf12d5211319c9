//! The messages of serde and of Rust's numbers, which speak of Rust's types, in the words of who sent the JSON or the
//! query.

/// What is wrong with a value, from the message of whatever read it.
pub(super) fn plain(message: &str) -> String {
    let wrong = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "));
    if let Some((found, expected)) = wrong.and_then(|rest| rest.rsplit_once(", expected ")) {
        return format!(
            "is {}, where {} belongs",
            found_in_json(found),
            asked_for(expected)
        );
    }
    let unknown = message.strip_prefix("unknown variant ");
    if let Some((found, expected)) = unknown.and_then(|rest| rest.split_once(", expected ")) {
        return format!("is {found}, where {expected} belongs");
    }
    let text = match message {
        // No query takes a negative number.
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be a whole number, written in digits"
        }
        "number too large to fit in target type" => "is too large a number",
        "number too small to fit in target type" => "is too small a number",
        "provided string was not `true` or `false`" => "is neither `true` nor `false`",
        _ if message.starts_with("missing field ") => "is missing",
        other => other,
    };
    text.to_owned()
}

/// serde: `Unexpected`.
fn found_in_json(found: &str) -> String {
    match found.split_once(' ').unwrap_or((found, "")) {
        ("sequence", _) => "an array".to_owned(),
        ("map", _) => "an object".to_owned(),
        ("unit", _) | ("null", _) => "null".to_owned(),
        ("string", text) => format!("the text {text}"),
        ("integer" | "floating", number) => {
            format!(
                "the number {}",
                number.trim_start_matches("point ").trim_matches('`')
            )
        }
        ("boolean", value) => value.to_owned(),
        _ => found.to_owned(),
    }
}

fn asked_for(expected: &str) -> &str {
    match expected {
        "a string" | "str" => "a text",
        "a boolean" => "`true` or `false`",
        "a sequence" => "an array",
        "a map" => "an object",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        _ if expected.starts_with("struct ") => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_rust_is_left() {
        for (message, told) in [
            (
                "invalid type: sequence, expected struct TokenRequest",
                "is an array, where an object belongs",
            ),
            (
                "invalid type: null, expected a string",
                "is null, where a text belongs",
            ),
            (
                "invalid type: integer `7`, expected a string",
                "is the number 7, where a text belongs",
            ),
            (
                "invalid type: floating point `1.5`, expected u32",
                "is the number 1.5, where a whole number from 0 on belongs",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "is the number -1, where a whole number from 0 on belongs",
            ),
            (
                "invalid type: string \"a, expected b\", expected a boolean",
                "is the text \"a, expected b\", where `true` or `false` belongs",
            ),
            (
                "invalid type: boolean `true`, expected a sequence",
                "is `true`, where an array belongs",
            ),
            (
                "invalid digit found in string",
                "must be a whole number, written in digits",
            ),
            (
                "unknown variant `al`, expected `atomic` or `each`",
                "is `al`, where `atomic` or `each` belongs",
            ),
            (
                "unknown variant `x`, expected one of `a`, `b`, `c`",
                "is `x`, where one of `a`, `b`, `c` belongs",
            ),
            ("missing field `name`", "is missing"),
            (
                "unknown field `nam`, expected `name`",
                "unknown field `nam`, expected `name`",
            ),
        ] {
            assert_eq!(plain(message), told);
        }
    }
}
