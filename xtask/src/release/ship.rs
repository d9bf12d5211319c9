//! Gives an image to the registry of a stage: builds and pushes it, unless the registry has it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::{
    image::{self, Image},
    program::Source,
    registry,
};
use crate::{
    doctor::engine::BUILDX,
    native::health,
    outcome::Failure,
    progress::Step,
    tools::{
        docker::{Build, Docker},
        runner::Runner,
    },
};

/// What images are given with.
pub(crate) struct Dock<'a> {
    pub(crate) docker: &'a Docker,
    pub(crate) runner: &'a Runner,
    pub(crate) root: &'a Path,
    /// Of the stage: what Docker reads is put together here.
    pub(crate) folder: &'a Path,
}

impl Dock<'_> {
    /// Whether the registry has the image.
    ///
    /// # Errors
    /// When the registry cannot be asked.
    pub(crate) async fn has(&self, image: &Image) -> anyhow::Result<bool> {
        let reference = image.reference();
        match registry::on_this_machine(&reference) {
            Some((host, name, tag)) => registry::has(&health::client()?, host, name, tag).await,
            None => Ok(self
                .runner
                .capture(&self.docker.inspect_remote(&reference))
                .await?
                .is_ok()),
        }
    }

    /// Builds the image and pushes it. The registry takes only the layers that it does not have.
    ///
    /// # Errors
    /// When Docker cannot build or push it: its last lines are in the error.
    pub(crate) async fn ship(&self, image: &Image, step: &mut Step) -> anyhow::Result<()> {
        let build = match &image.source {
            Source::Host(program) => {
                step.says("Docker builds it from this machine's program");
                self.build(image, self.program_folder(image, program)?, None)
            }
            Source::Builder(why) => {
                step.says(&format!("Docker compiles it, for {why}: some minutes"));
                self.build(image, self.root.to_owned(), Some("builder"))
            }
        };
        let call = self.docker.build(&build);
        let built = self.runner.stream(&call, |_, line| {
            if let Some(said) = progress(line) {
                step.says(said);
            }
        });
        if let Err(error) = built.await {
            let what = format!(
                "the image of {} cannot be built from {}",
                image.app,
                image.dockerfile.display()
            );
            // Without the plugin, Docker takes its name for a flag of something else, and says nothing of it.
            let asked = self.runner.capture(&self.docker.buildx_version()).await;
            return Err(if asked.is_ok_and(|said| !said.is_ok()) {
                Failure::failed(what)
                    .because("Docker has no plugin buildx, which builds images")
                    .advise(BUILDX)
                    .into()
            } else {
                error.context(what)
            });
        }
        step.says(&format!("goes to {}", image.repository));
        let pushed = self.runner.capture(&self.docker.push(&image.reference())).await?;
        if pushed.is_ok() {
            self.forget_before(image).await;
            return Ok(());
        }
        Err(
            Failure::failed(format!("the image {} cannot be pushed", image.reference()))
                .because(pushed.stderr.trim())
                .advise(if registry::on_this_machine(&image.reference()).is_some() {
                    "`cargo xtask bootstrap` starts the registry of a stage, or makes it"
                } else {
                    "log in to the registry with `docker login`"
                })
                .into(),
        )
    }

    /// Removes the images that were built before from Docker, which else gathers them: the registry has them. One that cannot
    /// be removed stays until the next time.
    async fn forget_before(&self, image: &Image) {
        let Ok(tags) = self.runner.run(&self.docker.tags(&image.repository)).await else {
            return;
        };
        let before = tags
            .lines()
            .filter(|tag| image::is_content(tag) && Some(*tag) != image.tag.as_deref());
        let before: Vec<String> = before.map(|tag| format!("{}:{tag}", image.repository)).collect();
        if !before.is_empty() {
            let _ = self.runner.run(&self.docker.remove_images(&before)).await;
        }
    }

    /// How Docker is called.
    pub(crate) fn build(&self, image: &Image, folder: PathBuf, target: Option<&'static str>) -> Build {
        Build {
            folder,
            dockerfile: self.root.join(&image.dockerfile),
            target,
            reference: image.reference(),
        }
    }

    /// A folder with nothing but the program: what the Dockerfile copies.
    fn program_folder(&self, image: &Image, program: &Path) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join("images").join(&image.app);
        let place = folder.join(&image.app);
        let make = || -> std::io::Result<()> {
            fs::create_dir_all(&folder)?;
            if place.exists() {
                fs::remove_file(&place)?;
            }
            fs::copy(program, &place)?;
            Ok(())
        };
        make().with_context(|| format!("cannot put {} into {}", program.display(), folder.display()))?;
        Ok(folder)
    }
}

/// What a line of Docker's plain progress says, if it tells of a new step: `compiled 4/5` of `#7 [compiled 4/5] RUN cargo build`.
fn progress(line: &str) -> Option<&str> {
    let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
    let step = rest.strip_prefix('[')?;
    let (name, _) = step.split_once(']')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(name)
}
