//! A deploy as `--plan` shows it: the exact commands, in order, and nothing secret.

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Write as _},
};

use super::{
    env::AppEnv, image::Image, program::Source, ship::Dock, survey::Survey, verdict::Verdict, wish::Wanted,
};
use crate::tools::{helm::Releases, runner::Call};

/// What a listing shows.
pub(crate) struct Listing<'a> {
    /// `hmlet local`.
    pub(crate) title: String,
    /// The namespace of everything.
    pub(crate) namespace: &'a str,
    /// The call of cargo, if something is built.
    pub(crate) build: Option<String>,
    pub(crate) images: &'a [Image],
    pub(crate) dock: &'a Dock<'a>,
    pub(crate) helm: &'a Releases,
    pub(crate) waves: &'a [Vec<Wanted>],
    /// What the cluster has; nothing if there is none yet.
    pub(crate) survey: &'a Survey,
    /// The names of the secrets of each app.
    pub(crate) secrets: Vec<(String, Vec<String>)>,
    /// The environment of each app.
    pub(crate) envs: &'a BTreeMap<String, AppEnv>,
}

impl Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "deploy of {}, in this order; nothing of it is done now",
            self.title
        )?;
        if let Some(build) = &self.build {
            writeln!(f, "\n# the programs\n{build}")?;
        }
        for image in self.images {
            self.image(f, image)?;
        }
        let secrets: Vec<_> = self
            .secrets
            .iter()
            .filter(|(app, _)| self.survey.secrets().contains_key(app) || !self.unmade(app).is_empty())
            .collect();
        if !secrets.is_empty() {
            writeln!(
                f,
                "\n# the secrets, applied by plasma itself to the namespace {}",
                self.namespace
            )?;
        }
        for (app, names) in secrets {
            writeln!(f, "# Secret {app}-env: {}", names.join(", "))?;
            let unmade = self.unmade(app);
            if !unmade.is_empty() {
                writeln!(f, "#   of these the deploy makes {}", unmade.join(", "))?;
            }
        }
        for (number, wave) in self.waves.iter().enumerate() {
            let names: Vec<&str> = wave.iter().map(|wanted| wanted.name.as_str()).collect();
            let together = if wave.len() > 1 { " together" } else { "" };
            writeln!(
                f,
                "\n# step {} of {}: {}{together}",
                number + 1,
                self.waves.len(),
                names.join(", ")
            )?;
            wave.iter().try_for_each(|wanted| self.release(f, wanted))?;
        }
        Ok(())
    }
}

impl Listing<'_> {
    fn unmade(&self, app: &str) -> &[String] {
        self.envs.get(app).map_or(&[], |env| &env.unmade)
    }

    fn image(&self, f: &mut fmt::Formatter<'_>, image: &Image) -> fmt::Result {
        let folder = self.dock.folder.join("images").join(&image.app);
        let build = match &image.source {
            Source::Host(_) => {
                writeln!(
                    f,
                    "\n# the image of {}, if its registry does not have it: from this machine's program",
                    image.app
                )?;
                self.dock.build(image, folder, None)
            }
            Source::Builder(why) => {
                writeln!(
                    f,
                    "\n# the image of {}, if its registry does not have it: compiled in it, for {why}",
                    image.app
                )?;
                self.dock.build(image, self.dock.root.to_owned(), Some("builder"))
            }
        };
        writeln!(f, "{}", self.dock.docker.build(&build))?;
        writeln!(f, "{}", self.dock.docker.push(&image.reference()))?;
        writeln!(
            f,
            "# then Docker forgets those before it: their registry has them"
        )
    }

    fn release(&self, f: &mut fmt::Formatter<'_>, wanted: &Wanted) -> fmt::Result {
        match self.survey.verdict(wanted) {
            Verdict::Unchanged => return writeln!(f, "= {} unchanged", wanted.name),
            Verdict::Wait(waiting) => {
                return writeln!(
                    f,
                    "= {} unchanged, but not available: {}",
                    wanted.name,
                    waiting.join(", ")
                );
            }
            Verdict::Deploy(causes) => writeln!(f, "# {}: {}", wanted.name, causes.join("; "))?,
        }
        if let Some(revision) = self.survey.pending(&wanted.name) {
            writeln!(
                f,
                "# helm's unfinished record of its revision {} is deleted first",
                revision.number
            )?;
        }
        writeln!(
            f,
            "{}",
            with_input(&self.helm.upgrade(&wanted.chart(), false), &wanted.generated)
        )
    }
}

/// A call with its standard input as a here-document, so that a shell can run it as it stands.
fn with_input(call: &Call, input: &str) -> String {
    let call = call.clone().stdin(Vec::new());
    let mut text = format!("{call} <<'VALUES'\n");
    let _ = write!(text, "{input}\nVALUES");
    text
}
