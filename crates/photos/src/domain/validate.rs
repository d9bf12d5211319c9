//! What a name and a caption may be.

use photos_api::{CAPTION_MAX_CHARS, NAME_CHARS};

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// The field as the caller named it.
    pub field: String,
    /// What is wrong, for a person.
    pub detail: String,
}

impl FieldFault {
    fn new(field: &str, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

/// A photo's name: trimmed, 1–100 characters, no control characters but newline and tab.
///
/// # Errors
/// Says what is wrong with it.
pub fn name(text: &str) -> Result<String, FieldFault> {
    // First, because some control characters count as space and would be trimmed unseen.
    printable("name", text)?;
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldFault::new("name", "is blank"));
    }
    short("name", text, *NAME_CHARS.end())?;
    Ok(text.to_owned())
}

/// A photo's caption: up to 2,200 characters, no control characters but newline and tab.
///
/// # Errors
/// Says what is wrong with it.
pub fn caption(text: &str) -> Result<String, FieldFault> {
    printable("caption", text)?;
    let text = text.replace("\r\n", "\n");
    short("caption", &text, CAPTION_MAX_CHARS)?;
    Ok(text)
}

/// Refuses control characters but newline and tab. A carriage return is part of a newline that a form sends.
///
/// # Errors
/// Names the field and the character.
pub fn printable(field: &str, text: &str) -> Result<(), FieldFault> {
    let wrong = text
        .replace("\r\n", "\n")
        .chars()
        .find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    match wrong {
        Some(wrong) => Err(FieldFault::new(
            field,
            format!("has the control character U+{:04X}", u32::from(wrong)),
        )),
        None => Ok(()),
    }
}

fn short(field: &str, text: &str, limit: usize) -> Result<(), FieldFault> {
    let length = text.chars().count();
    if length > limit {
        return Err(FieldFault::new(
            field,
            format!("is too long: {length} characters of at most {limit}"),
        ));
    }
    Ok(())
}
