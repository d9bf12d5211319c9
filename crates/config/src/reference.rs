//! The reference page of all variables, written from their definitions.

use crate::spec::{APPS, App, Fallback, Need, Variable};

/// The variables of all apps as Markdown.
pub fn reference() -> String {
    APPS.iter().map(|app| section(app)).collect()
}

fn section(app: &App) -> String {
    let mut text = format!("### {}\n\n{}\n\n", app.name, prose(app.docs));
    text.push_str("| variable | is | default | |\n|---|---|---|---|\n");
    for variable in app.variables {
        let is = variable.kind.describe();
        let (default, docs) = (default(app, variable), prose(variable.docs));
        text.push_str(&format!(
            "| `{}` | {is} | {default} | {docs}{} |\n",
            variable.name,
            limits(variable)
        ));
    }
    text.push('\n');
    text
}

fn default(app: &App, variable: &Variable) -> String {
    match (variable.need(), variable.fallback) {
        (Need::Always, _) => "**required**".into(),
        (Need::IfScheme { key, scheme }, _) => {
            let other = app.by_key(key).map_or(key, |other| other.name);
            format!("required if `{other}` is `{scheme}…`")
        }
        (Need::Never, Fallback::Text(text)) => format!("`{text}`"),
        (Need::Never, Fallback::Computed(what, _)) => what.into(),
        (Need::Never, Fallback::Absent | Fallback::Required) => "unset".into(),
    }
}

fn limits(variable: &Variable) -> String {
    let show = |size| variable.kind.show(size);
    match variable.rules.range {
        Some((least, u64::MAX)) => format!(" At least {}.", show(least)),
        Some((least, most)) => format!(" From {} to {}.", show(least), show(most)),
        None => String::new(),
    }
}

/// Doc comments come as lines.
fn prose(docs: &str) -> String {
    docs.split_whitespace().collect::<Vec<_>>().join(" ")
}
