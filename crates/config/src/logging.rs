//! What an app logs, and how.

use crate::environment::nearest;
use crate::value::{Kind, Value};

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Value for LogFormat {
    const KIND: Kind = Kind::Choice(&["text", "json"]);

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("`{text}` is neither `text` nor `json`")),
        }
    }
}

/// What is logged: a level for everything, and others for parts of the program, as in `info,photos=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLevels(String);

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

impl LogLevels {
    /// The list, without blanks.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for LogLevels {
    const KIND: Kind = Kind::Text;

    fn parse(text: &str) -> Result<Self, String> {
        let items: Vec<String> = text
            .split(',')
            .map(|item| item.split('=').map(str::trim).collect::<Vec<_>>().join("="))
            .collect();
        for item in &items {
            let (target, level) = match item.split_once('=') {
                Some((target, level)) => (Some(target), level),
                None => (None, item.as_str()),
            };
            if !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)) {
                let meant = nearest(level, LEVELS.into_iter()).map_or_else(
                    || format!("write one of {}", LEVELS.join(", ")),
                    |level| format!("do you mean `{level}`?"),
                );
                return Err(format!(
                    "`{level}` is no level: {meant}, or a list such as `info,photos=debug`"
                ));
            }
            let is_path = |name: &str| {
                let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-');
                !name.is_empty() && name.chars().all(legal)
            };
            if let Some(target) = target.filter(|target| !is_path(target)) {
                return Err(format!(
                    "`{target}` names no part of a program: write it as `photos` or `photos::http`"
                ));
            }
        }
        Ok(Self(items.join(",")))
    }
}
