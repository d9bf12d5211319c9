//! One release as helm renders it: the linter's word first, then the objects.

use serde_json::Value;

use super::{object::Object, releases::Rendering};
use crate::tools::{
    helm::Helm,
    runner::{Captured, Runner},
};

/// What the line before each object says.
const SOURCE: &str = "# Source: ";

/// The objects of a release, hooks and tests included; or what helm says is wrong.
///
/// # Errors
/// When helm cannot be started.
pub(super) async fn render(
    rendering: &Rendering,
    helm: &Helm,
    runner: &Runner,
) -> anyhow::Result<Result<Vec<Object>, String>> {
    let values = rendering.values.as_deref();
    let added = rendering.added.to_string();
    for call in [
        helm.lint(&rendering.chart, &rendering.namespace, values, &added),
        helm.template(
            &rendering.release,
            &rendering.chart,
            &rendering.namespace,
            values,
            &added,
        ),
    ] {
        let call = call.folder(&rendering.root);
        let captured = runner.capture(&call).await?;
        if !captured.is_ok() {
            return Ok(Err(format!("{}: {}", rendering.place(), words(&captured))));
        }
        if captured.stdout.contains(SOURCE) {
            return Ok(split(&captured.stdout).map_err(|fault| format!("{}: {fault}", rendering.place())));
        }
    }
    Ok(Err(format!("{}: the chart renders nothing", rendering.place())))
}

/// What helm said, in one line: its findings without its headings.
fn words(captured: &Captured) -> String {
    let lines = captured.stdout.lines().chain(captured.stderr.lines());
    let lines = lines
        .map(|line| line.trim().trim_start_matches("Error: "))
        .filter(|line| !line.is_empty() && !line.starts_with("==>") && !line.starts_with("[INFO]"))
        // Its log says the same once more.
        .filter(|line| !line.contains("chart(s) linted") && !line.starts_with("level="));
    let mut said: Vec<&str> = Vec::new();
    for line in lines {
        if !said.contains(&line) {
            said.push(line);
        }
    }
    if said.is_empty() {
        "helm refuses it and says nothing".to_owned()
    } else {
        said.join(" ")
    }
}

/// Cuts helm's output into objects.
fn split(text: &str) -> Result<Vec<Object>, String> {
    let mut objects = Vec::new();
    for document in format!("\n{text}").split("\n---") {
        let Some(line) = document.lines().find_map(|line| line.strip_prefix(SOURCE)) else {
            continue;
        };
        // The first part is the name of the chart.
        let source = line.split_once('/').map_or(line, |(_, template)| template);
        let body: Value =
            serde_yaml::from_str(document).map_err(|error| format!("{source}: is no YAML: {error}"))?;
        if !body.is_null() {
            objects.push(Object {
                source: source.to_owned(),
                body,
            });
        }
    }
    Ok(objects)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn objects_know_their_template_and_empty_documents_are_none() {
        let text = "---\n# Source: photos/templates/a.yaml\nkind: Pod\nmetadata: {name: a}\n\
                    ---\n# Source: photos/templates/b.yaml\n# nothing here\n\
                    ---\n# Source: photos/templates/a.yaml\nkind: Role\n";
        let objects = split(text).unwrap();
        let seen: Vec<(&str, &str)> = objects
            .iter()
            .map(|object| (object.source.as_str(), object.kind()))
            .collect();
        assert_eq!(seen, [("templates/a.yaml", "Pod"), ("templates/a.yaml", "Role")]);
        assert_eq!(objects[0].name(), "a");
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_template() {
        let fault = split("---\n# Source: photos/templates/a.yaml\nkind: [\n").unwrap_err();
        assert!(fault.starts_with("templates/a.yaml: is no YAML: "), "{fault}");
    }
}
