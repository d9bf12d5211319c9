//! What the cluster has of the wanted releases, asked for in one go.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::{
    env::{self, AppEnv},
    objects::{self, Mark, ObjectName},
    record::{self, Record},
    revision::{self, Revision},
    verdict::{Known, Verdict, decide},
    wish::Wanted,
};
use crate::kube::{
    Connection,
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
        Ok(Self {
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
        })
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
        decide(wanted, known, &self.marks)
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
