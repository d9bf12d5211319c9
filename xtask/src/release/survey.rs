//! What the cluster has of the wanted releases, asked for in one go.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::{
    env::{self, AppEnv},
    healing::Restart,
    objects::{self, Mark, ObjectName},
    record::{self, Record},
    revision::{self, Revision},
    verdict::{Known, Verdict, decide},
    wish::Wanted,
};
use crate::kube::{
    Connection,
    readers::{Source, readers},
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
    /// The keys of each app's Secret that differ from what they should be, and how.
    secrets: BTreeMap<String, Vec<String>>,
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
                .filter_map(|wanted| records.get(&wanted.name));
            let names: Vec<&ObjectName> = wanted
                .flat_map(|record| record.objects.iter().map(|(name, _)| name))
                .collect();
            let marks = objects::marks(connection, names).await?;
            anyhow::Ok((records, marks))
        };
        let workloads = async {
            let all = workload::look(&connection.client, &connection.namespace).await;
            all.map_err(|error| connection.failed("reading the workloads", &error).into())
        };
        let secrets = try_join_all(envs.iter().map(async |(app, env)| {
            let existing = env::existing(connection, app).await?;
            anyhow::Ok((app.clone(), differences(&existing, env)))
        }));
        let (revisions, (records, marks), snapshot, secrets) =
            tokio::try_join!(revision::newest(connection), objects, workloads, secrets)?;
        let names = waves.iter().flatten().map(|wanted| wanted.name.clone());
        let mut survey = Self {
            revisions,
            records,
            marks,
            workloads: names
                .map(|name| (name.clone(), workload::of_release(&snapshot, &name)))
                .collect(),
            secrets: secrets
                .into_iter()
                .filter(|(_, changes)| !changes.is_empty())
                .collect(),
            restarts: BTreeMap::new(),
        };
        let all = waves.iter().flatten();
        survey.restarts = all
            .map(|wanted| (wanted.name.clone(), survey.restarts(wanted, &snapshot)))
            .collect();
        Ok(survey)
    }

    /// The workloads that read what somebody has changed. A change of what is wished makes new pods by itself.
    fn restarts(&self, wanted: &Wanted, snapshot: &Snapshot) -> Vec<Restart> {
        let record = self.records.get(&wanted.name);
        if !record.is_some_and(|record| wanted.inputs.changes_since(&record.inputs).is_empty()) {
            return Vec::new();
        }
        let secrets = self.secrets.iter().map(|(app, changes)| Source::Secret {
            name: env::secret_name(app),
            keys: changes
                .iter()
                .filter_map(|change| Some(change.split_once(' ')?.1.to_owned()))
                .collect(),
        });
        let maps = self.changed(wanted).into_iter();
        let maps = maps
            .filter(|object| object.kind == "ConfigMap")
            .map(|object| Source::ConfigMap { name: object.name });
        // Secrets come back before a release is installed, ConfigMaps with it.
        let (secrets, maps): (Vec<Source>, Vec<Source>) = (secrets.collect(), maps.collect());
        let found = [secrets, maps].map(|sources| readers(snapshot, &wanted.name, &sources));
        found
            .into_iter()
            .flatten()
            .map(|(kind, name, source)| Restart {
                workload: ObjectName {
                    api_version: "apps/v1".to_owned(),
                    kind: kind.to_owned(),
                    name,
                },
                source,
            })
            .collect()
    }

    /// The workloads of a release whose pods must be made anew.
    pub(crate) fn to_restart(&self, wanted: &Wanted) -> &[Restart] {
        self.restarts
            .get(&wanted.name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The objects of a release that somebody has changed since they were deployed.
    pub(crate) fn changed(&self, wanted: &Wanted) -> Vec<ObjectName> {
        let record = self.records.get(&wanted.name);
        let objects = record.into_iter().flat_map(|record| &record.objects);
        objects
            .filter(|(object, mark)| self.marks.get(object).is_some_and(|found| found != mark))
            .map(|(object, _)| object.clone())
            .collect()
    }

    /// Where there is no cluster yet.
    pub(crate) fn of_nothing(envs: &BTreeMap<String, AppEnv>) -> Self {
        let secrets = envs
            .iter()
            .map(|(app, env)| (app.clone(), differences(&BTreeMap::new(), env)));
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

    /// The Secrets that must be applied, and what changes in each: names of keys, never values.
    pub(crate) fn secrets(&self) -> &BTreeMap<String, Vec<String>> {
        &self.secrets
    }
}

fn differences(existing: &BTreeMap<String, String>, env: &AppEnv) -> Vec<String> {
    let gone = existing
        .keys()
        .filter(|name| !env.secrets.contains_key(*name))
        .map(|name| format!("- {name}"));
    let other = env
        .secrets
        .iter()
        .filter_map(|(name, secret)| match existing.get(name) {
            None => Some(format!("+ {name}")),
            Some(value) if value != secret.expose() => Some(format!("~ {name}")),
            Some(_) => None,
        });
    gone.chain(other).collect()
}
