//! `doc/configuration.md` holds the reference of all variables as their definitions have it.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::Path;

#[test]
fn the_page_has_the_reference_of_the_definitions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../doc/configuration.md");
    let page = fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once("<!-- reference -->\n").unwrap();
    let (written, _) = rest.split_once("<!-- end of reference -->").unwrap();
    let defined = config::reference();
    assert!(
        written.trim() == defined.trim(),
        "doc/configuration.md is behind the definitions: put the output of `cargo xtask env docs` between its marks",
    );
    for app in config::APPS {
        for variable in app.variables {
            assert!(
                written.contains(&format!("`{}`", variable.name)),
                "{} is documented",
                variable.name
            );
        }
    }
}
