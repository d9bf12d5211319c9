//! `ci browser`: the stories of the frontend in a real headless Chromium.

use super::{cargo, skip};
use crate::{commands::test, context::Context, native::process::find_program, outcome::Outcome};

/// The tests, as nextest names them.
pub(super) const TESTS: &str = "frontend::browser";

pub(super) fn run(context: &Context) -> Outcome {
    let path = context.vars.get("PATH").map_or("", String::as_str);
    for (package, programs) in [
        ("chromium", &test::CHROMIUM[..]),
        ("chromium-driver", &["chromedriver"]),
        ("npm", &["npm"]),
    ] {
        if !programs.iter().any(|name| find_program(name, path).is_some()) {
            return skip(
                context,
                &format!(
                    "the stories in a browser are not run, for there is no `{}`",
                    programs.join("` or `")
                ),
                &format!("apt-get install {package}"),
            );
        }
    }
    let arguments = [
        test::runner(context),
        &["--workspace", "--test", "browser", "--no-fail-fast"],
    ]
    .concat();
    cargo(
        context,
        &arguments,
        "the test's output above says what the page showed",
    )
}
