//! What `deploy` says about releases that cannot be rolled out, and how the next one mends them.

use std::os::unix::process::CommandExt as _;
use std::path::Path;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::workspace::{IMAGE, INGRESS, Workspace, says};

fn staging(name: &str) -> Option<Workspace> {
    Workspace::adopt(name, "staging", "PLASMA_TEST_KUBECONFIG")
}

fn file(workspace: &Workspace, path: &str) -> String {
    Path::new("clusters")
        .join(&workspace.cluster)
        .join("photos")
        .join(path)
        .display()
        .to_string()
}

#[test]
fn an_image_that_is_not_there() {
    let Some(workspace) = staging("image") else {
        return;
    };
    workspace.deployment("{containers: [{name: app, image: 'REGISTRY/none:1'}]}");
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "broken cannot be rolled out",
            "container app of pod broken-",
            "none:1 cannot be had: the registry does not have it",
            "events:\n",
            "Pulling: ",
            &file(&workspace, "values/staging/broken.yaml"),
        ],
    );
}

#[test]
fn a_crash_at_the_start_with_a_config_fault() {
    let Some(workspace) = staging("config") else {
        return;
    };
    workspace.deployment(
        "{containers: [{name: app, image: 'IMAGE', command: [sh, -c, 'echo \"error: PS_STORE_URL: is missing\" >&2; exit 2']}]}",
    );
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "ended with exit code 2: its configuration is wrong",
            "events:\n",
            "Started: ",
            "last lines:\n",
            "error: PS_STORE_URL: is missing",
            &format!("envs/{}/staging.yaml", workspace.cluster),
        ],
    );
}

#[test]
fn a_probe_that_never_passes() {
    let Some(workspace) = staging("probe") else {
        return;
    };
    workspace.deployment(
        "{terminationGracePeriodSeconds: 0, containers: [{name: app, image: 'IMAGE', command: [sh, -c, 'echo waiting for godot; sleep 600'],\n        \
         readinessProbe: {exec: {command: [sh, -c, 'echo not yet; false']}, periodSeconds: 1, failureThreshold: 2}}]}",
    );
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "does not pass its readiness probe: not yet",
            "events:\n",
            "Unhealthy",
            "last lines:\n",
            "waiting for godot",
            &file(&workspace, "chart/templates/workload.yaml"),
        ],
    );
}

#[test]
fn a_pod_that_no_node_takes() {
    let Some(workspace) = staging("unschedulable") else {
        return;
    };
    workspace.deployment("{containers: [{name: app, image: 'IMAGE', resources: {requests: {cpu: 1000}}}]}");
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "no node takes it",
            "Insufficient cpu",
            "events:\n",
            "FailedScheduling",
            "`resources.requests`",
            &file(&workspace, "values/staging/broken.yaml"),
        ],
    );
}

#[test]
fn a_claim_that_nobody_meets() {
    let Some(workspace) = staging("claim") else {
        return;
    };
    let set = |class: &str| {
        workspace.template(&format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: broken\nspec:\n  serviceName: broken\n  selector: \
             {{matchLabels: {{app: broken}}}}\n  template:\n    metadata: {{labels: {{app: broken}}}}\n    spec: \
             {{terminationGracePeriodSeconds: 0, containers: [{{name: app, image: '{IMAGE}', command: [sleep, '600'], \
             volumeMounts: [{{name: data, mountPath: /data}}]}}]}}\n  volumeClaimTemplates:\n    - metadata: {{name: data}}\n      \
             spec: {{storageClassName: {class}, accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Mi}}}}}}\n"
        ));
    };
    set("none-such");
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "the volume claim data-broken-0 is not met",
            "events:\n",
            "none-such",
            "storage class",
            &file(&workspace, "chart/templates/workload.yaml"),
        ],
    );
    // A StatefulSet cannot be changed, and this one has nothing to lose.
    set("standard");
    let mended = workspace.plasma(&["deploy", "--yes"]).success();
    says(
        &String::from_utf8_lossy(&mended.get_output().stderr),
        &["broken: StatefulSet broken is made anew", "✓ broken"],
    );
    // This one has its volume.
    set("another");
    says(
        &workspace.digest(),
        &["a StatefulSet keeps what it was made with", "save the data"],
    );
    let phase = workspace.kubectl(&["get", "pvc", "data-broken-0", "--output=jsonpath={.status.phase}"]);
    assert_eq!(phase, "Bound");
}

#[test]
fn a_process_that_is_killed_for_want_of_memory() {
    let Some(workspace) = staging("memory") else {
        return;
    };
    // The kernel kills a child; the shell ends with its code.
    workspace.deployment(
        "{containers: [{name: app, image: 'IMAGE', command: [sh, -c, 'echo filling; head -c 300m /dev/zero | tail; exit $?'],\n        \
         resources: {limits: {memory: 32Mi}}}]}",
    );
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "was killed for want of memory: its limit is 32Mi",
            "events:\n",
            "last lines:\n",
            "filling",
            "`resources.limits.memory`",
            &file(&workspace, "values/staging/broken.yaml"),
        ],
    );
}

#[test]
fn a_hook_that_fails() {
    let Some(workspace) = staging("hook") else {
        return;
    };
    workspace.template(&format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: prepare\n  annotations: {{helm.sh/hook: pre-install}}\nspec:\n  backoffLimit: 0\n  \
         template:\n    spec: {{restartPolicy: Never, containers: [{{name: app, image: '{IMAGE}', command: [sh, -c, 'echo no table; exit 3']}}]}}\n"
    ));
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "Job prepare",
            "ended with exit code 3",
            "events:\n",
            "last lines:\n",
            "no table",
            &file(&workspace, "chart/templates/workload.yaml"),
        ],
    );
}

#[test]
fn a_broken_release_is_mended_by_the_next_deploy() {
    let Some(workspace) = staging("mended") else {
        return;
    };
    workspace.deployment("{containers: [{name: app, image: 'REGISTRY/none:1'}]}");
    workspace.digest();
    workspace.deployment("{terminationGracePeriodSeconds: 0, containers: [{name: app, image: 'IMAGE', command: [sleep, '600']}]}");
    workspace.plasma(&["deploy", "--yes"]).success();
    let again = workspace.plasma(&["deploy", "--yes"]).success();
    says(
        &String::from_utf8_lossy(&again.get_output().stderr),
        &["= broken unchanged"],
    );
    workspace.kubectl(&["delete", "deployment", "broken"]);
    let healed = workspace.plasma(&["deploy", "--yes", "--explain"]).success();
    says(
        &String::from_utf8_lossy(&healed.get_output().stderr),
        &["~ broken: Deployment broken was deleted", "✓ broken"],
    );
}

#[test]
fn a_startup_probe_that_is_answered_wrongly() {
    let Some(workspace) = staging("startup") else {
        return;
    };
    // Without a route it answers every path with 404.
    workspace.deployment(&format!(
        "{{terminationGracePeriodSeconds: 0, containers: [{{name: app, image: '{INGRESS}', \
         args: ['--entryPoints.web.address=:8080'],\n        \
         startupProbe: {{httpGet: {{path: /health, port: 8080}}, periodSeconds: 1, failureThreshold: 300}}}}]}}",
    ));
    let digest = workspace.digest();
    says(
        &digest,
        &["does not pass its startup probe: HTTP probe failed with statuscode: 404"],
    );
}

#[test]
fn a_deploy_that_died_is_repaired_by_the_next() {
    let Some(workspace) = staging("pending") else {
        return;
    };
    workspace.template(&format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: prepare\n  annotations: {{helm.sh/hook: pre-install}}\nspec:\n  \
         template:\n    spec: {{terminationGracePeriodSeconds: 0, restartPolicy: Never, containers: [{{name: app, image: '{IMAGE}', command: [sleep, '600']}}]}}\n"
    ));
    let mut deploy = workspace
        .command(&["deploy", "--yes"])
        .process_group(0)
        .spawn()
        .unwrap();
    let pending = "owner=helm,name=broken,status=pending-install";
    workspace.until("helm is at work", || {
        !workspace
            .kubectl(&["get", "secrets", "--selector", pending, "--output=name"])
            .is_empty()
    });
    // With all that it started, as when the machine goes down.
    killpg(Pid::from_raw(deploy.id().try_into().unwrap()), Signal::SIGKILL).unwrap();
    deploy.wait().unwrap();

    workspace.deployment("{terminationGracePeriodSeconds: 0, containers: [{name: app, image: 'IMAGE', command: [sleep, '600']}]}");
    let repaired = workspace.plasma(&["deploy", "--yes"]).success();
    says(
        &String::from_utf8_lossy(&repaired.get_output().stderr),
        &[
            "~ broken: helm was interrupted in its revision 1; its record is taken away",
            "✓ broken",
        ],
    );
}
