//! Whether an answer is one that the document describes.

use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use crate::support::Answer;

/// What a `$ref` stands for, else the schema itself.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            let found = document.pointer(reference.trim_start_matches('#'));
            found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => schema,
    }
}

/// The types that a schema allows.
pub(super) fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// What is wrong with the answer to a call of an operation.
pub(super) fn check(document: &Value, operation: &Value, answer: &Answer) -> Result<(), String> {
    let response = operation["responses"].get(answer.status.to_string());
    let response = response.ok_or("the document does not name the status")?;
    if answer.status >= 500 && answer.status != 503 {
        return Err("the service is at fault".into());
    }
    if answer.header("x-request-id").is_empty() {
        return Err("it has no request id".into());
    }
    let Some(content) = response["content"].as_object() else {
        return match answer.body.is_empty() {
            true => Ok(()),
            false => Err("the document knows of no body".into()),
        };
    };
    let kind = answer
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    let Some(content) = content.get(kind) else {
        return Err(format!("the document does not name {kind}"));
    };
    if kind.ends_with("json") {
        let body = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        fits(document, &content["schema"], &body)?;
    }
    Ok(())
}

/// Whether a value is as its schema says: its type, its fields, and theirs.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolve(document, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let faults: Vec<_> = choices
            .iter()
            .filter_map(|one| fits(document, one, value).err())
            .collect();
        return match faults.len() < choices.len() {
            true => Ok(()),
            false => Err(faults.join(", and ")),
        };
    }
    let is_of = |kind: &str| match kind {
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    };
    let is_written_well = match (schema["format"].as_str(), value.as_str()) {
        (Some("uuid"), Some(text)) => text.parse::<uuid::Uuid>().is_ok(),
        (Some("date-time"), Some(text)) => text.parse::<jiff::Timestamp>().is_ok(),
        _ => true,
    };
    let is_named = schema["enum"]
        .as_array()
        .is_none_or(|values| values.contains(value));
    if !types(schema).into_iter().any(is_of) || !is_written_well || !is_named {
        return Err(format!("{value} is no {schema}"));
    }
    for name in schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        value
            .get(name)
            .ok_or_else(|| format!("{name} is missing in {value}"))?;
    }
    for (name, part) in value.as_object().into_iter().flatten() {
        let schema = schema["properties"]
            .get(name)
            .or_else(|| schema.get("additionalProperties"));
        let schema = schema.ok_or_else(|| format!("the document does not name {name} in {value}"))?;
        fits(document, schema, part).map_err(|fault| format!("{name}: {fault}"))?;
    }
    let mut items = value.as_array().into_iter().flatten();
    items.try_for_each(|item| fits(document, &schema["items"], item))
}
