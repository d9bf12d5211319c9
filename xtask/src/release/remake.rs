//! A StatefulSet keeps what it was made with: it is mended only by making it anew. That loses nothing as long as none of its
//! volumes was ever there.

use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::PersistentVolumeClaim};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams},
};
use tokio::time::{Duration, sleep, timeout};

use super::wish::Wanted;
use crate::{
    kube::{Connection, workload::belongs},
    outcome::Failure,
};

/// How long the cluster may take to delete a StatefulSet with its pods and claims.
const GONE_WITHIN: Duration = Duration::from_secs(60);

/// What the cluster says of a StatefulSet that would have to become another one.
const KEPT: &str = "updates to statefulset spec";

/// What is done about one without data.
pub(super) const ANEW: &str = "is made anew: it cannot be changed, and had no volume yet";

/// Whether somebody says that a StatefulSet cannot be changed so.
pub(super) fn is_kept(said: &str) -> bool {
    said.contains(KEPT)
}

/// The error of a StatefulSet with data that cannot be changed so.
pub(super) fn kept(failure: Failure, wanted: &Wanted) -> Failure {
    let (chart, values) = (wanted.chart.display(), wanted.values.display());
    failure
        .because(
            "a StatefulSet keeps what it was made with, and so do its volumes: size, storage class, access modes, the \
             name of its service, its selector",
        )
        .advise(format!(
            "put back what was changed in {values} or {chart} (`storage.size`, most often); if they say what you want, \
             save the data, delete the StatefulSet and its claim with kubectl, deploy, and bring the data back"
        ))
}

/// The StatefulSets of a release that wait for volumes which none of their claims has got.
///
/// # Errors
/// When the cluster cannot be asked.
pub(super) async fn unborn(connection: &Connection, release: &str) -> anyhow::Result<Vec<String>> {
    let sets = sets(connection)
        .list(&ListParams::default())
        .await
        .map_err(|error| connection.failed("listing StatefulSets", &error))?;
    let claims = claims(connection).await?;
    let of_release = sets.into_iter().filter(|set| belongs(set, release));
    Ok(of_release
        .filter(|set| is_unborn(set, &claims))
        .map(|set| set.name_any())
        .collect())
}

/// Deletes a StatefulSet with its pods and its claims that have no volume, and waits until they are gone.
///
/// # Errors
/// When the cluster refuses, or takes too long.
pub(super) async fn delete(connection: &Connection, name: &str) -> anyhow::Result<()> {
    let failed = |error: &kube::Error| connection.failed(&format!("deleting the StatefulSet {name}"), error);
    let api = sets(connection);
    let Some(set) = api.get_opt(name).await.map_err(|error| failed(&error))? else {
        return Ok(());
    };
    // Its pods hold the claims.
    api.delete(name, &DeleteParams::foreground())
        .await
        .map_err(|error| failed(&error))?;
    let volumes: Api<PersistentVolumeClaim> =
        Api::namespaced(connection.client.clone(), &connection.namespace);
    let gone = async {
        loop {
            let left = claims(connection).await?;
            // One that has got its volume meanwhile stays.
            let left: Vec<&PersistentVolumeClaim> = left
                .iter()
                .filter(|claim| is_of(claim, &set) && phase(claim) == Some("Pending"))
                .collect();
            for claim in left
                .iter()
                .filter(|claim| claim.metadata.deletion_timestamp.is_none())
            {
                volumes
                    .delete(&claim.name_any(), &DeleteParams::default())
                    .await
                    .map_err(|error| failed(&error))?;
            }
            let found = api.get_opt(name).await.map_err(|error| failed(&error))?;
            if found.is_none() && left.is_empty() {
                return anyhow::Ok(());
            }
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(GONE_WITHIN, gone).await.unwrap_or_else(|_| {
        Err(Failure::failed(format!(
            "the StatefulSet {name} or its claims are not gone after {} s",
            GONE_WITHIN.as_secs()
        ))
        .advise(format!(
            "`kubectl describe statefulset,pvc,pod` in the namespace {} says what holds them",
            connection.namespace
        ))
        .into())
    })
}

fn sets(connection: &Connection) -> Api<StatefulSet> {
    Api::namespaced(connection.client.clone(), &connection.namespace)
}

async fn claims(connection: &Connection) -> anyhow::Result<Vec<PersistentVolumeClaim>> {
    let claims: Api<PersistentVolumeClaim> =
        Api::namespaced(connection.client.clone(), &connection.namespace);
    let found = claims.list(&ListParams::default()).await;
    Ok(found
        .map_err(|error| connection.failed("listing volume claims", &error))?
        .items)
}

/// Whether a set waits for its first volumes: there are claims, and none has ever been bound.
fn is_unborn(set: &StatefulSet, claims: &[PersistentVolumeClaim]) -> bool {
    let mut own = claims.iter().filter(|claim| is_of(claim, set)).peekable();
    own.peek().is_some() && own.all(|claim| phase(claim) == Some("Pending"))
}

/// `Pending`, `Bound` or `Lost`.
fn phase(claim: &PersistentVolumeClaim) -> Option<&str> {
    claim.status.as_ref()?.phase.as_deref()
}

/// Whether a claim is one that the set has made: `TEMPLATE-SET-NUMBER`.
fn is_of(claim: &PersistentVolumeClaim, set: &StatefulSet) -> bool {
    let (claim, set_name) = (claim.name_any(), set.name_any());
    let templates = set
        .spec
        .iter()
        .flat_map(|spec| spec.volume_claim_templates.iter().flatten());
    templates.into_iter().any(|template| {
        let prefix = format!("{}-{set_name}-", template.name_any());
        claim
            .strip_prefix(&prefix)
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_set_is_unborn_while_no_claim_of_its_own_has_a_volume() {
        let set: StatefulSet = serde_json::from_value(json!({
            "metadata": {"name": "redis"},
            "spec": {"serviceName": "redis", "selector": {}, "template": {},
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]},
        }))
        .unwrap();
        let claims = |claims: &[(&str, &str)]| -> Vec<PersistentVolumeClaim> {
            let claims = claims
                .iter()
                .map(|(name, phase)| json!({"metadata": {"name": name}, "status": {"phase": phase}}));
            claims
                .map(|claim| serde_json::from_value(claim).unwrap())
                .collect()
        };
        let others = ("data-redis-cache-0", "Bound");
        assert!(is_unborn(&set, &claims(&[("data-redis-0", "Pending"), others])));
        assert!(!is_unborn(
            &set,
            &claims(&[("data-redis-0", "Pending"), ("data-redis-1", "Bound")])
        ));
        assert!(!is_unborn(&set, &claims(&[("data-redis-0", "Lost")])));
        assert!(!is_unborn(&set, &claims(&[others])));
    }
}
