//! Calls made from the document: as its schemas say, and with something wrong in them.

use std::collections::BTreeMap;
use std::fmt;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::Union;
use proptest::string::string_regex;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::check::{resolve, types};
use super::wrong::{Change, apply, change};

const BOUNDARY: &str = "between-two-parts";
const OK_PICTURE: &str = "a picture";

/// Who makes a call: a name for the report, and a bearer token.
pub(super) type Caller = (&'static str, Option<String>);

/// What a call is put together from.
type Made = (
    Caller,
    (Value, Value, Value, Value),
    Vec<(Index, Change)>,
    Option<usize>,
);

/// A call, ready to be sent.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) caller: Caller,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Call {
    /// Fills the path in, and adds a query, headers and a body.
    fn filled(mut self, parts: &Value, kind: Option<&str>, picture: &[u8]) -> Self {
        let segment = |segment: &str| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}'))
        {
            // What a change has taken away is empty.
            Some(name) => escaped(&parts["path"].get(name).map(text).unwrap_or_default()),
            None => segment.to_owned(),
        };
        self.path = self.path.split('/').map(segment).collect::<Vec<_>>().join("/");
        let query = entries(&parts["query"])
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(&text(value))));
        let query = query.collect::<Vec<_>>().join("&");
        if !query.is_empty() {
            self.path = format!("{}?{query}", self.path);
        }
        let headers = entries(&parts["header"]).filter(|(_, value)| !value.is_null());
        self.headers = headers.map(|(name, value)| (name.clone(), text(value))).collect();
        if let Some(kind) = kind {
            let is_form = kind == "multipart/form-data";
            let boundary = if is_form {
                format!("; boundary={BOUNDARY}")
            } else {
                String::new()
            };
            self.headers
                .push(("content-type".into(), format!("{kind}{boundary}")));
            self.body = match is_form {
                true => form(&parts["body"], picture),
                false => parts["body"].to_string().into_bytes(),
            };
        }
        self
    }

    /// Spoils the body as a whole, in one of so many ways.
    fn spoilt(mut self, way: usize) -> Self {
        match way {
            0 => self.body.truncate(self.body.len() / 2),
            1 => self.body.insert(self.body.len() / 2, 0xff),
            2 => self.body.extend_from_within(..),
            3 => self.body.clear(),
            _ => self.headers.retain(|(name, _)| name != "content-type"),
        }
        self
    }
}

/// As a shell repeats it.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "as {}: curl -X {} '{}'", self.caller.0, self.method, self.path)?;
        for (name, value) in &self.headers {
            write!(f, " -H $'{name}: {}'", value.as_bytes().escape_ascii())?;
        }
        if !self.body.is_empty() {
            write!(f, " --data-binary $'{}'", self.body.escape_ascii())?;
        }
        Ok(())
    }
}

/// What calls are made of.
pub(super) struct Source<'a> {
    pub(super) document: &'a Value,
    /// Texts that mean something to the service, by the name of their parameter or field.
    pub(super) known: BTreeMap<&'static str, Vec<String>>,
    /// Most calls are the second's and the third's.
    pub(super) callers: [Caller; 4],
    pub(super) picture: Vec<u8>,
}

impl Source<'_> {
    /// Calls of an operation, of which about half are as the document wants them.
    pub(super) fn calls(&self, method: &Method, path: &str, operation: &Value) -> BoxedStrategy<Call> {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let of = |place: &str| {
            let here = parameters.iter().filter(|parameter| parameter["in"] == place);
            self.fields(here.map(|one| {
                let name = one["name"].as_str().unwrap();
                (name, &one["schema"], one["required"] == true)
            }))
        };
        let content = operation["requestBody"]["content"].as_object();
        let content = content.and_then(|kinds| kinds.iter().next());
        let kind = content.map(|(kind, _)| kind.clone());
        let body = content.map_or(Just(Value::Null).boxed(), |(_, body)| {
            self.value("body", &body["schema"])
        });
        let parts = (of("path"), of("query"), of("header"), body);
        let changes = prop_oneof![Just(Vec::new()), vec((any::<Index>(), change()), 1..3)];
        let spoilt = prop_oneof![7 => Just(None), 1 => (0..5_usize).prop_map(Some)];
        let callers = [1, 5, 3, 1].into_iter().zip(self.callers.clone().map(Just));
        let callers = Union::new_weighted(callers.collect());
        let (method, path, picture) = (method.clone(), path.to_owned(), self.picture.clone());
        let call = move |(caller, (path_parts, query, header, body), changes, spoilt): Made| {
            let mut parts = json!({ "path": path_parts, "query": query, "header": header, "body": body });
            for (place, change) in changes {
                apply(&mut parts, place, change);
            }
            let call = Call {
                caller,
                method: method.clone(),
                path: path.clone(),
                headers: Vec::new(),
                body: Vec::new(),
            };
            let call = call.filled(&parts, kind.as_deref(), &picture);
            match spoilt {
                Some(way) => call.spoilt(way),
                None => call,
            }
        };
        (callers, parts, changes, spoilt).prop_map(call).boxed()
    }

    /// Values that a schema allows.
    fn value(&self, name: &str, schema: &Value) -> BoxedStrategy<Value> {
        let schema = resolve(self.document, schema);
        if let Some(values) = schema["enum"].as_array() {
            return select(values.clone()).boxed();
        }
        let kinds = types(schema).into_iter().map(|kind| match kind {
            "null" => Just(Value::Null).boxed(),
            "boolean" => any::<bool>().prop_map(Value::from).boxed(),
            "integer" => {
                let least = schema["minimum"].as_i64().unwrap_or(-5);
                let most = schema["maximum"].as_i64().unwrap_or(least + 120);
                (least..=most).prop_map(Value::from).boxed()
            }
            "string" => self.string(name, schema).prop_map(Value::from).boxed(),
            "array" => {
                let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
                vec(self.value(name, &schema["items"]), least..least + 3)
                    .prop_map(Value::from)
                    .boxed()
            }
            "object" => {
                let required = |name: &String| {
                    schema["required"]
                        .as_array()
                        .is_some_and(|all| all.contains(&json!(name)))
                };
                self.fields(
                    entries(&schema["properties"]).map(|(name, part)| (name.as_str(), part, required(name))),
                )
            }
            // Who adds such a schema teaches the story to make one.
            other => panic!("no values of type {other} are known: {schema}"),
        });
        Union::new(kinds).boxed()
    }

    fn string(&self, name: &str, schema: &Value) -> BoxedStrategy<String> {
        let length = |bound: &str| schema[bound].as_u64().map(|length| length as usize);
        let least = length("minLength").unwrap_or(0);
        let most = length("maxLength").unwrap_or(least + 30);
        let made = match (schema["format"].as_str(), schema["pattern"].as_str()) {
            (Some("binary"), _) => {
                let files = vec![OK_PICTURE, OK_PICTURE, OK_PICTURE, "half a picture", "no picture"];
                return select(files).prop_map(str::to_owned).boxed();
            }
            (Some("uuid"), _) => any::<u128>()
                .prop_map(|id| uuid::Uuid::from_u128(id).to_string())
                .boxed(),
            (Some("date-time"), _) => (0..4_000_000_000_i64)
                .prop_map(|second| jiff::Timestamp::from_second(second).unwrap().to_string())
                .boxed(),
            (_, Some(pattern)) => string_regex(pattern.trim_matches(['^', '$'])).unwrap().boxed(),
            _ => prop_oneof![
                string_regex(&format!(
                    "[a-zA-Z0-9äßб😀 #_.-]{{{least},{}}}",
                    most.min(least + 30)
                ))
                .unwrap(),
                Just("é".repeat(most)),
            ]
            .boxed(),
        };
        match self.known.get(name) {
            Some(known) => prop_oneof![3 => select(known.clone()), 1 => made].boxed(),
            None => made,
        }
    }

    /// Objects of fields, each with its schema and whether it has to be there.
    fn fields<'b>(&self, fields: impl Iterator<Item = (&'b str, &'b Value, bool)>) -> BoxedStrategy<Value> {
        let fields: Vec<_> = fields
            .map(|(name, schema, is_required)| {
                let value = self.value(name, schema);
                let value = match is_required {
                    true => value.prop_map(Some).boxed(),
                    false => weighted(0.3, value).boxed(),
                };
                (Just(name.to_owned()), value)
            })
            .collect();
        let object = |fields: Vec<(String, Option<Value>)>| {
            let there = fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)));
            Value::Object(there.collect())
        };
        fields.prop_map(object).boxed()
    }
}

fn entries(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flat_map(Map::iter)
}

/// A value outside of JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// A form: its fields, and a file for each `image` that one of them names.
fn form(fields: &Value, picture: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut part = |name: &str, file: &str, content: &[u8]| {
        let head = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    };
    const FILE: &str = "; filename=\"IMG_0001.jpg\"";
    for (name, value) in entries(fields) {
        match value.as_str() {
            Some(OK_PICTURE) => part(name, FILE, picture),
            Some("half a picture") => part(name, FILE, &picture[..picture.len() / 2]),
            Some("no picture") => part(name, FILE, b"GIF89a"),
            _ => part(name, "", text(value).as_bytes()),
        }
    }
    for item in fields["items"].as_array().into_iter().flatten() {
        if let Some(name) = item["image"].as_str() {
            part(name, FILE, picture);
        }
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}
