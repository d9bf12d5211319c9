//! Does what the verdicts say: images and backing services beside each other, then the apps one after the other.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::{
    env::AppEnv,
    healing,
    image::Image,
    install::Site,
    ownership::Mark,
    record, revision,
    secrets::{self, secret_name},
    ship::Dock,
    survey::Survey,
    verdict::Verdict,
    wish::Wanted,
};
use crate::progress::Progress;

/// All that is to be done.
pub(crate) struct Work<'a> {
    pub(crate) waves: &'a [Vec<Wanted>],
    pub(crate) images: &'a [Image],
    pub(crate) envs: &'a BTreeMap<String, AppEnv>,
    pub(crate) survey: &'a Survey,
    pub(crate) explain: bool,
}

impl Work<'_> {
    /// Whether everything is as it should be.
    pub(crate) fn is_done(&self) -> bool {
        let unchanged = |wanted: &Wanted| self.survey.verdict(wanted) == Verdict::Unchanged;
        self.survey.secrets().is_empty() && self.waves.iter().flatten().all(unchanged)
    }

    /// Whether something is changed, and not only waited for.
    pub(crate) fn changes(&self) -> bool {
        let deployed = |wanted: &Wanted| matches!(self.survey.verdict(wanted), Verdict::Deploy(_));
        !self.survey.secrets().is_empty() || self.waves.iter().flatten().any(deployed)
    }

    /// Says what is unchanged.
    pub(crate) fn tell_unchanged(&self, progress: &Progress) {
        for wanted in self.waves.iter().flatten() {
            if self.survey.verdict(wanted) == Verdict::Unchanged {
                progress.unchanged(format!("{} unchanged", wanted.name));
            }
        }
    }

    /// Applies secrets, gives the registry its images and installs the releases.
    ///
    /// # Errors
    /// The first release or image that fails. What went well stays, and the next deploy goes on from there.
    pub(crate) async fn run(
        &self,
        site: &Site<'_>,
        dock: &Dock<'_>,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let mut marks: BTreeMap<&String, Mark> = BTreeMap::new();
        for (app, env) in self.envs {
            let mut mark = self.survey.new_mark(app).map(str::to_owned);
            if let Some(differences) = self.survey.secrets().get(app)
                && !differences.changes().is_empty()
            {
                mark = secrets::apply(site.connection, app, env, differences).await?;
                progress.line(format!(
                    "✓ Secret {}: {}",
                    secret_name(app),
                    differences.changes().join(", ")
                ));
            }
            marks.insert(app, mark);
        }
        // At once, for a deploy that is interrupted later does not know of it any more.
        for wanted in self.waves.iter().flatten() {
            let restarts = self.survey.to_restart(wanted).iter();
            for restart in restarts.filter(|restart| restart.is_for_secret()) {
                healing::restart(site.connection, &restart.workload).await?;
                progress.line(format!("~ {}: {restart}", restart.workload.title()));
            }
        }
        for (app, mark) in marks {
            if let Some(mark) = mark {
                record::keep_secret(site.connection, &secret_name(app), &mark).await?;
            }
        }
        let own = |wanted: &&Wanted| self.images.iter().any(|image| image.app == wanted.name);
        let (apps, backing): (Vec<&Wanted>, Vec<&Wanted>) = self.waves.iter().flatten().partition(own);
        let images = try_join_all(self.images.iter().map(|image| self.ship(image, dock, progress)));
        let backing = try_join_all(
            backing
                .into_iter()
                .map(|wanted| self.release(wanted, site, progress)),
        );
        tokio::try_join!(images, backing)?;
        for wanted in apps {
            self.release(wanted, site, progress).await?;
        }
        Ok(())
    }

    async fn ship(&self, image: &Image, dock: &Dock<'_>, progress: &Progress) -> anyhow::Result<()> {
        if dock.has(image).await? {
            return Ok(());
        }
        let mut step = progress.step(format!("image {}", image.app));
        dock.ship(image, &mut step).await?;
        step.done();
        Ok(())
    }

    async fn release(&self, wanted: &Wanted, site: &Site<'_>, progress: &Progress) -> anyhow::Result<()> {
        match self.survey.verdict(wanted) {
            Verdict::Unchanged => {}
            Verdict::Wait(_) => {
                let mut step = progress.step(wanted.name.clone());
                site.follow(wanted, &mut step).await?;
                step.skip();
                progress.unchanged(format!("{} unchanged, and available again", wanted.name));
            }
            Verdict::Deploy(causes) => {
                if self.explain {
                    causes
                        .iter()
                        .for_each(|cause| progress.line(format!("~ {}: {cause}", wanted.name)));
                }
                if let Some(revision) = self.survey.pending(&wanted.name) {
                    revision::forget(site.connection, &wanted.name, revision).await?;
                    progress.line(format!(
                        "~ {}: helm was interrupted in its revision {}; its record is taken away",
                        wanted.name, revision.number
                    ));
                }
                let mut step = progress.step(wanted.name.clone());
                site.install(wanted, self.survey.to_restart(wanted), &mut step)
                    .await?;
                step.done();
            }
        }
        Ok(())
    }
}
