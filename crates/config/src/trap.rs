//! What readers of YAML 1.1 and 1.2 take a text without quotes for. Helm, kubectl and Python disagree with each other
//! about `no`, `12:30` and `0123`, so plasma lets nobody write them where a text is meant.

/// What a text without quotes means to some reader of YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Itself.
    Text,
    /// Nothing.
    Null,
    /// `no`, `on`, `true`, `y`.
    Bool,
    /// Decimal digits.
    Integer,
    /// `0123`.
    Octal,
    /// `0o17`, `0x1f`, `0b1`, `1_000`.
    OddInteger,
    /// `12:30`.
    Base60,
    /// `1.5`, `1e3`, `.inf`.
    Float,
    /// `2026-01-02`.
    Date,
}

impl Reading {
    /// The end of the sentence "some readers of YAML take it for …".
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Null => "nothing",
            Self::Bool => "true or false",
            Self::Integer | Self::OddInteger => "a number",
            Self::Octal => "an octal number",
            Self::Base60 => "a number in base 60",
            Self::Float => "a fraction",
            Self::Date => "a date",
        }
    }
}

/// Whether a text without quotes is YAML's null.
pub(crate) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// What a text without quotes means, in YAML 1.1 (<https://yaml.org/type/>) or 1.2.
pub(crate) fn reading(text: &str) -> Reading {
    if is_null(text) {
        return Reading::Null;
    }
    if is_bool(text) {
        return Reading::Bool;
    }
    if is_date(text) {
        return Reading::Date;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned.to_ascii_lowercase().as_str(), ".inf" | ".nan") {
        return Reading::Float;
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Reading::Text;
    }
    number(unsigned)
}

fn number(text: &str) -> Reading {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let bare = text.replace('_', "");
    if digits(text) {
        return if text.len() > 1 && text.starts_with('0') {
            Reading::Octal
        } else {
            Reading::Integer
        };
    }
    if digits(&bare) || is_prefixed(&bare) {
        return Reading::OddInteger;
    }
    let mut parts = bare.split(':');
    if bare.contains(':')
        && parts.next().is_some_and(digits)
        && parts.all(|part| digits(part.split('.').next().unwrap_or(part)) && part.len() <= 4)
    {
        return Reading::Base60;
    }
    // Rust reads the same fractions as YAML, once underscores are gone.
    if bare.bytes().any(|byte| byte.is_ascii_digit()) && bare.parse::<f64>().is_ok() {
        return Reading::Float;
    }
    Reading::Text
}

fn is_prefixed(text: &str) -> bool {
    [("0x", 16), ("0o", 8), ("0b", 2)].iter().any(|(prefix, radix)| {
        text.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(*radix)))
    })
}

fn is_bool(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let known = matches!(
        lower.as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false"
    );
    let capital = text.starts_with(|c: char| c.is_ascii_uppercase()) && text.get(1..) == lower.get(1..);
    known && (text == lower || capital || text.chars().all(|c| c.is_ascii_uppercase()))
}

fn is_date(text: &str) -> bool {
    let date = text.split(['T', 't', ' ']).next().unwrap_or(text);
    let lengths: Vec<_> = date.split('-').map(str::len).collect();
    matches!(lengths.as_slice(), [4, 1..=2, 1..=2])
        && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_some_reader_takes_for_something_else_is_known() {
        for (text, expected) in [
            ("no", Reading::Bool),
            ("No", Reading::Bool),
            ("ON", Reading::Bool),
            ("nO", Reading::Text),
            ("y", Reading::Bool),
            ("12:30", Reading::Base60),
            ("1:20:30", Reading::Base60),
            ("1:20.5", Reading::Base60),
            ("0123", Reading::Octal),
            ("0", Reading::Integer),
            ("-17", Reading::Integer),
            ("1_000", Reading::OddInteger),
            ("0x1F", Reading::OddInteger),
            ("0o17", Reading::OddInteger),
            ("0b101", Reading::OddInteger),
            ("1.5", Reading::Float),
            ("1e3", Reading::Float),
            (".5", Reading::Float),
            (".inf", Reading::Float),
            ("-.INF", Reading::Float),
            ("2026-01-02", Reading::Date),
            ("2026-01-02T03:04:05Z", Reading::Date),
            ("~", Reading::Null),
            ("null", Reading::Null),
        ] {
            assert_eq!(reading(text), expected, "{text}");
        }
    }

    #[test]
    fn ordinary_texts_need_no_quotes() {
        for text in [
            "info",
            "nothing",
            "15m",
            "127.0.0.1:8080",
            "10.0.0.0/8",
            "::1",
            "http://minio:9000",
            "s3://photos",
            "us-east-1",
            "thumb=200x200:crop",
            "1.2.3",
            "inf",
            "e3",
            "-",
            "+",
            ".",
            "2026",
        ] {
            let expected = if text == "2026" {
                Reading::Integer
            } else {
                Reading::Text
            };
            assert_eq!(reading(text), expected, "{text}");
        }
    }
}
