//! What the cluster has of the wanted releases, asked for in one go.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::{
    env::AppEnv,
    healing::Restart,
    objects::{self, ObjectName},
    ownership::{self, Mark},
    record::{self, Record},
    revision::{self, Revision},
    secrets::{self, Differences, Existing, secret_name},
    verdict::{Known, Verdict, decide},
    wish::Wanted,
};
use crate::kube::{
    Connection,
    readers::Source,
    snapshot::Snapshot,
    workload::{self, Workload},
};

/// The state of the namespace before a deploy.
#[derive(Default)]
pub(crate) struct Survey {
    revisions: BTreeMap<String, Revision>,
    records: BTreeMap<String, Record>,
    marks: BTreeMap<ObjectName, Mark>,
    workloads: BTreeMap<String, Vec<Workload>>,
    /// The Secrets of apps that are not as they should be, and how they differ.
    secrets: BTreeMap<String, Differences>,
    /// The marks of the Secrets that exist, by app, and those that plasma left them with.
    secret_marks: BTreeMap<String, (Mark, Mark)>,
    /// The workloads of each release whose pods may run with an environment that nobody wished.
    restarts: BTreeMap<String, Vec<Restart>>,
}

impl Survey {
    /// Asks the cluster.
    ///
    /// # Errors
    /// When it does not answer or refuses.
    pub(crate) async fn make(
        connection: &Connection,
        waves: &[Vec<Wanted>],
        envs: &BTreeMap<String, AppEnv>,
    ) -> anyhow::Result<Self> {
        let objects = async {
            let records = record::load(connection).await?;
            let wanted = waves
                .iter()
                .flatten()
                .filter_map(|wanted| records.releases.get(&wanted.name));
            let names: Vec<&ObjectName> = wanted
                .flat_map(|record| record.objects.iter().map(|(name, _)| name))
                .collect();
            let marks = objects::marks(connection, names).await?;
            anyhow::Ok((records, marks))
        };
        let workloads = workload::look(connection);
        let secrets = try_join_all(
            envs.iter()
                .map(async |(app, env)| anyhow::Ok((app, env, secrets::existing(connection, app).await?))),
        );
        let (revisions, (records, marks), snapshot, secrets) =
            tokio::try_join!(revision::newest(connection), objects, workloads, secrets)?;
        let names = waves.iter().flatten().map(|wanted| wanted.name.clone());
        let known = |app: &str| records.secrets.get(&secret_name(app));
        let differences = secrets
            .iter()
            .map(|(app, env, existing)| ((*app).clone(), Differences::of(existing, known(app), env)))
            .filter(|(_, differences)| !differences.is_empty())
            .collect();
        let secret_marks = secrets
            .into_iter()
            .map(|(app, _, existing)| (app.clone(), (existing.mark, known(app).cloned())))
            .collect();
        let mut survey = Self {
            revisions,
            records: records.releases,
            marks,
            workloads: names
                .map(|name| (name.clone(), workload::of_release(&snapshot, &name)))
                .collect(),
            secrets: differences,
            secret_marks,
            restarts: BTreeMap::new(),
        };
        let all = waves.iter().flatten();
        survey.restarts = all
            .map(|wanted| (wanted.name.clone(), survey.restarts(wanted, &snapshot)))
            .collect();
        Ok(survey)
    }

    /// The workloads that read what somebody has changed.
    fn restarts(&self, wanted: &Wanted, snapshot: &Snapshot) -> Vec<Restart> {
        let record = self.records.get(&wanted.name);
        // A secret that is wished to be another one makes new pods by itself.
        let rotated = record.is_some_and(|record| wanted.inputs.has_other_secrets(&record.inputs));
        let secrets = self.secrets.iter().filter(|_| !rotated);
        let secrets = secrets.map(|(app, differences)| Source::Secret {
            name: secret_name(app),
            keys: if record.is_some() {
                differences.keys().cloned().collect()
            } else {
                differences.foreign_keys().cloned().collect()
            },
        });
        let secrets =
            secrets.filter(|source| !matches!(source, Source::Secret { keys, .. } if keys.is_empty()));
        let maps = self.changed(wanted).filter(|(object, known)| {
            let found = self.marks.get(object).and_then(|mark| mark.as_deref());
            object.kind == "ConfigMap"
                && found.and_then(ownership::content_of) != known.as_deref().and_then(ownership::content_of)
        });
        let maps = maps.map(|(object, _)| Source::ConfigMap {
            name: object.name.clone(),
        });
        // Secrets come back before a release is installed, ConfigMaps with it.
        let (secrets, maps): (Vec<Source>, Vec<Source>) = (secrets.collect(), maps.collect());
        let found = [secrets, maps].map(|sources| Restart::of_readers(snapshot, &wanted.name, &sources));
        found.into_iter().flatten().collect()
    }

    /// The workloads of a release whose pods must be made anew.
    pub(crate) fn to_restart(&self, wanted: &Wanted) -> &[Restart] {
        self.restarts
            .get(&wanted.name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The objects of a release that somebody has changed since they were deployed, and the marks that they had.
    fn changed(&self, wanted: &Wanted) -> impl Iterator<Item = (&ObjectName, &Mark)> {
        let record = self.records.get(&wanted.name);
        let objects = record.into_iter().flat_map(|record| &record.objects);
        objects
            .filter(|(object, mark)| self.marks.get(object).is_some_and(|found| found != mark))
            .map(|(object, mark)| (object, mark))
    }

    /// Where there is no cluster yet.
    pub(crate) fn of_nothing(envs: &BTreeMap<String, AppEnv>) -> Self {
        let secrets = envs
            .iter()
            .map(|(app, env)| (app.clone(), Differences::of(&Existing::default(), None, env)));
        Self {
            secrets: secrets.collect(),
            ..Self::default()
        }
    }

    /// What to do with a release.
    pub(crate) fn verdict(&self, wanted: &Wanted) -> Verdict {
        let known = Known {
            revision: self.revisions.get(&wanted.name),
            record: self.records.get(&wanted.name),
            workloads: self
                .workloads
                .get(&wanted.name)
                .map(Vec::as_slice)
                .unwrap_or_default(),
        };
        let verdict = decide(wanted, known, &self.marks);
        let restarts = self.to_restart(wanted).iter();
        let causes: Vec<String> = restarts
            .filter(|restart| restart.is_for_secret())
            .map(|restart| format!("{} was changed by somebody", restart.source.title()))
            .collect();
        match verdict {
            Verdict::Unchanged | Verdict::Wait(_) if !causes.is_empty() => Verdict::Deploy(causes),
            verdict => verdict,
        }
    }

    /// The revision that helm was killed in, if it was.
    pub(crate) fn pending(&self, release: &str) -> Option<&Revision> {
        self.revisions
            .get(release)
            .filter(|revision| revision.is_pending())
    }

    /// The Secrets that must be applied, and what changes in each.
    pub(crate) fn secrets(&self) -> &BTreeMap<String, Differences> {
        &self.secrets
    }

    /// The mark of an app's Secret, if it has one that is not kept yet.
    pub(crate) fn new_mark(&self, app: &str) -> Option<&str> {
        match self.secret_marks.get(app) {
            Some((Some(mark), known)) if known.as_ref() != Some(mark) => Some(mark),
            _ => None,
        }
    }
}
