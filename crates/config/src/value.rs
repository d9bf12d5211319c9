//! How the text of a variable becomes a typed value, and what is wrong with it if it does not.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::Secret;

/// What may stand in a variable, as the YAML reader and the documentation need to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A number with a unit.
    Duration,
    /// A text that must not be shown.
    Secret,
    /// An address and a port.
    Address,
    /// A URL without a password.
    Url,
    /// A folder or a file.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Networks, separated by commas.
    Networks,
    /// Sizes of pictures, separated by commas.
    Presets,
}

impl Kind {
    /// What to write, for people.
    pub fn describe(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Number => "whole number".into(),
            Self::Bool => "true or false".into(),
            Self::Duration => "duration".into(),
            Self::Secret => "secret".into(),
            Self::Address => "address:port".into(),
            Self::Url => "URL".into(),
            Self::Path => "path".into(),
            Self::Choice(words) => words.join(" or "),
            Self::Networks => "CIDRs".into(),
            Self::Presets => "presets".into(),
        }
    }

    /// A size of this kind, for people.
    pub(crate) fn show(self, size: u64) -> String {
        match self {
            Self::Duration => duration(size),
            Self::Secret => format!("{size} bytes"),
            _ => size.to_string(),
        }
    }
}

/// Milliseconds in the largest unit that holds them without a rest.
fn duration(milliseconds: u64) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let whole = units
        .iter()
        .find(|(_, length)| milliseconds > 0 && milliseconds.is_multiple_of(*length));
    match whole {
        Some((unit, length)) => format!("{}{unit}", milliseconds / length),
        None if milliseconds == 0 => "0s".to_owned(),
        None => format!("{milliseconds}ms"),
    }
}

/// A type that a variable can have. An empty text never reaches [`Value::parse`]: it counts as not set.
pub trait Value: Sized {
    /// What may stand in it.
    const KIND: Kind;
    /// Whether the variable may stay unset.
    const OPTIONAL: bool = false;

    /// Reads a value; the error says what is wrong and what to write, and shows nothing of a secret.
    ///
    /// # Errors
    /// When the text is no such value.
    fn parse(text: &str) -> Result<Self, String>;

    /// The value of an unset variable, if it may be unset.
    fn absent() -> Option<Self> {
        None
    }

    /// What a range limits.
    fn size(&self) -> Option<u64> {
        None
    }

    /// The scheme, of a URL.
    fn scheme(&self) -> Option<&str> {
        None
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        T::parse(text).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn size(&self) -> Option<u64> {
        self.as_ref().and_then(T::size)
    }

    fn scheme(&self) -> Option<&str> {
        self.as_ref().and_then(T::scheme)
    }
}

impl Value for String {
    const KIND: Kind = Kind::Text;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Value for Secret {
    const KIND: Kind = Kind::Secret;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::from(text))
    }

    fn size(&self) -> Option<u64> {
        Some(self.expose().len() as u64)
    }
}

impl Value for u32 {
    const KIND: Kind = Kind::Number;

    fn parse(text: &str) -> Result<Self, String> {
        number(text).and_then(|n| Self::try_from(n).map_err(|_| format!("`{text}` is too large")))
    }

    fn size(&self) -> Option<u64> {
        Some(u64::from(*self))
    }
}

impl Value for usize {
    const KIND: Kind = Kind::Number;

    fn parse(text: &str) -> Result<Self, String> {
        number(text).and_then(|n| Self::try_from(n).map_err(|_| format!("`{text}` is too large")))
    }

    fn size(&self) -> Option<u64> {
        Some(*self as u64)
    }
}

impl Value for u64 {
    const KIND: Kind = Kind::Number;

    fn parse(text: &str) -> Result<Self, String> {
        number(text)
    }

    fn size(&self) -> Option<u64> {
        Some(*self)
    }
}

/// Decimal digits and nothing else: no sign, no underscore, no leading zero.
fn number(text: &str) -> Result<u64, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    match (plain, text.parse()) {
        (true, Ok(number)) => Ok(number),
        (true, Err(_)) => Err(format!("`{text}` is too large")),
        (false, _) => Err(format!("`{text}` is no whole number: write plain digits, like 8")),
    }
}

impl Value for bool {
    const KIND: Kind = Kind::Bool;

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("`{text}` is neither `true` nor `false`")),
        }
    }
}

impl Value for Duration {
    const KIND: Kind = Kind::Duration;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse::<jiff::Span>()
            .and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()))
            .ok()
            .and_then(|duration| Self::try_from(duration).ok())
            .ok_or_else(|| {
                format!("`{text}` is no duration: write a number and a unit, like 10s, 15m, 1h or 7d")
            })
    }

    fn size(&self) -> Option<u64> {
        u64::try_from(self.as_millis()).ok()
    }
}

impl Value for SocketAddr {
    const KIND: Kind = Kind::Address;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| {
            format!("`{text}` is no address with a port: write one like 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080")
        })
    }
}

impl Value for PathBuf {
    const KIND: Kind = Kind::Path;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::from(text))
    }
}

impl Value for Url {
    const KIND: Kind = Kind::Url;

    fn parse(text: &str) -> Result<Self, String> {
        let url = Self::parse(text).map_err(|error| {
            // A text that is no URL may still hold a password: it is not repeated.
            format!("is no URL ({error}): write one like https://photos.example.org")
        })?;
        if url.password().is_some() {
            return Err("has a password in it: take it out and set the secret variable beside it".into());
        }
        if !url.has_host() {
            return Err("has no host: write scheme://host".into());
        }
        Ok(url)
    }

    fn scheme(&self) -> Option<&str> {
        Some(self.scheme())
    }
}

impl Value for Vec<IpNet> {
    const KIND: Kind = Kind::Networks;
    const OPTIONAL: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).map(network).collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

/// A network, or one address as the network of itself.
fn network(text: &str) -> Result<IpNet, String> {
    text.parse()
        .or_else(|_| text.parse().map(|address: std::net::IpAddr| IpNet::from(address)))
        .map_err(|_| format!("`{text}` is no network: write CIDRs like 10.0.0.0/8,fd00::/8"))
}
