//! What people and programs do to a cluster beside plasma, and what the next deploy makes of it.

use serde_json::{Value, json};

use crate::workspace::{IMAGE, Workspace, says};

fn staging(name: &str) -> Option<Workspace> {
    Workspace::adopt(name, "staging", "PLASMA_TEST_KUBECONFIG")
}

/// What a deploy says that succeeds.
fn deploy(workspace: &Workspace) -> String {
    let deployed = workspace.plasma(&["deploy", "--yes", "--explain"]).success();
    String::from_utf8(deployed.get_output().stderr.clone()).unwrap()
}

/// An object of the cluster.
fn object(workspace: &Workspace, kind: &str, name: &str) -> Value {
    serde_json::from_str(&workspace.kubectl(&["get", kind, name, "--output=json"])).unwrap()
}

/// Changes an object as this program.
fn patch(workspace: &Workspace, kind: &str, name: &str, by: &str, patch: &Value) {
    let (manager, patch) = (format!("--field-manager={by}"), patch.to_string());
    workspace.kubectl(&["patch", kind, name, "--type=merge", &manager, "--patch", &patch]);
}

/// A Service and a Deployment beside it, whose pod has this specification.
fn service(workspace: &Workspace, pod: &str) {
    workspace.template(&with_service(pod));
}

fn with_service(pod: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: broken\nspec: {{selector: {{app: broken}}, ports: [{{port: 80}}]}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: broken\nspec:\n  selector: {{matchLabels: {{app: broken}}}}\n  \
         template:\n    metadata: {{labels: {{app: broken}}}}\n    spec: {{terminationGracePeriodSeconds: 0, containers: [{pod}]}}\n"
    )
}

#[test]
fn what_somebody_changed_is_taken_back() {
    let Some(workspace) = staging("changed-by-hand") else {
        return;
    };
    workspace.template(&format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: broken\nspec: {{selector: {{app: broken}}, ports: [{{port: 80}}]}}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: broken\ndata: {{COLOUR: red}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: broken\nspec:\n  selector: {{matchLabels: {{app: broken}}}}\n  \
         template:\n    metadata: {{labels: {{app: broken}}}}\n    spec: {{terminationGracePeriodSeconds: 0, containers: [{{name: app, \
         image: '{IMAGE}', command: [sleep, '600'], envFrom: [{{configMapRef: {{name: broken}}}}]}}]}}\n"
    ));
    workspace.plasma(&["deploy", "--yes"]).success();
    says(&deploy(&workspace), &["= broken unchanged"]);

    let patch =
        r#"{"metadata": {"annotations": {"somebody": "was here"}}, "spec": {"selector": {"app": "nope"}}}"#;
    workspace.kubectl(&["patch", "service", "broken", "--type=merge", "--patch", patch]);
    says(
        &deploy(&workspace),
        &[
            "~ broken: Service broken was changed by somebody",
            "what kubectl-patch set is taken back: metadata.annotations.somebody, spec.selector",
        ],
    );
    let service = workspace.kubectl(&["get", "service", "broken", "--output=json"]);
    let service: serde_json::Value = serde_json::from_str(&service).unwrap();
    assert_eq!(service["spec"]["selector"]["app"], "broken");
    assert_eq!(
        service["metadata"]["annotations"]["somebody"],
        serde_json::Value::Null
    );
    says(&deploy(&workspace), &["= broken unchanged"]);

    // A pod that starts while its environment is another one must not keep it.
    let patch = r#"{"data": {"COLOUR": "blue"}}"#;
    workspace.kubectl(&["patch", "configmap", "broken", "--type=merge", "--patch", patch]);
    workspace.kubectl(&["delete", "pods", "--selector=app=broken"]);
    says(
        &deploy(&workspace),
        &[
            "Deployment broken: its pods are made anew, for they may have started while ConfigMap broken was changed",
        ],
    );
    let colour = workspace.exec(&["printenv", "COLOUR"]);
    assert_eq!(colour, "red\n");
    says(&deploy(&workspace), &["= broken unchanged"]);
}

#[test]
fn what_somebody_changes_while_a_rollout_runs_is_seen_by_the_next_deploy() {
    let Some(workspace) = staging("meanwhile") else {
        return;
    };
    service(
        &workspace,
        &format!(
            "{{name: app, image: '{IMAGE}', command: [sleep, '600'], readinessProbe: {{exec: {{command: [test, -f, /tmp/go]}}, \
             periodSeconds: 1}}}}"
        ),
    );
    let rollout = workspace.command(&["deploy", "--yes"]).spawn().unwrap();
    let running = ["get", "pods", "--output=jsonpath={.items[*].status.phase}"];
    workspace.until("the pod runs", || workspace.kubectl(&running) == "Running");
    patch(
        &workspace,
        "service",
        "broken",
        "kubectl-patch",
        &json!({"spec": {"selector": {"app": "nope"}}}),
    );
    workspace.exec(&["touch", "/tmp/go"]);
    assert!(rollout.wait_with_output().unwrap().status.success());
    says(
        &deploy(&workspace),
        &["~ broken: Service broken was changed by somebody"],
    );
    let service = object(&workspace, "service", "broken");
    assert_eq!(service["spec"]["selector"]["app"], "broken");
    says(&deploy(&workspace), &["= broken unchanged"]);
}

#[test]
fn what_was_changed_after_a_deploy_that_failed_is_taken_back_too() {
    let Some(workspace) = staging("no-record") else {
        return;
    };
    let pod = format!("{{name: app, image: '{IMAGE}', command: [sleep, '600']}}");
    service(&workspace, &pod);
    deploy(&workspace);
    // There is no record of a release whose last deploy failed.
    service(&workspace, "{name: app, image: 'localhost:1/none:1'}");
    workspace.digest();
    let annotation = json!({"metadata": {"annotations": {"somebody": "was here"}}});
    patch(&workspace, "service", "broken", "kubectl-patch", &annotation);
    // And of an object that was deleted and made anew, nothing is helm's.
    let mut made = object(&workspace, "deployment", "broken");
    made["spec"]["template"]["spec"]["containers"][0]["image"] = json!(IMAGE);
    made["metadata"]["labels"]["somebody"] = json!("was-here");
    workspace.kubectl(&["delete", "deployment", "broken"]);
    workspace.create(&made);

    service(&workspace, &pod);
    says(
        &deploy(&workspace),
        &["what kubectl-patch set is taken back: metadata.annotations.somebody"],
    );
    let metadata = |kind: &str| object(&workspace, kind, "broken")["metadata"].clone();
    assert_eq!(metadata("service")["annotations"]["somebody"], Value::Null);
    assert_eq!(metadata("deployment")["labels"]["somebody"], Value::Null);
    says(&deploy(&workspace), &["= broken unchanged"]);
}

#[test]
fn what_controllers_note_at_an_object_is_theirs() {
    let Some(workspace) = staging("controllers") else {
        return;
    };
    service(
        &workspace,
        &format!("{{name: app, image: '{IMAGE}', command: [sleep, '600']}}"),
    );
    deploy(&workspace);
    let note = json!({"metadata": {"annotations": {"cloud/backends": "2"}, "finalizers": ["cloud.example/balancer"]}});
    patch(&workspace, "service", "broken", "lb-controller", &note);
    let note = json!({"metadata": {"annotations": {"cloud/endpoints": "1"}}});
    patch(&workspace, "deployment", "broken", "lb-controller", &note);
    workspace.kubectl(&["rollout", "restart", "deployment/broken"]);
    workspace.kubectl(&["rollout", "status", "deployment/broken"]);
    says(&deploy(&workspace), &["= broken unchanged"]);
    // It stays where it is when the release is deployed for another reason.
    workspace.kubectl(&["annotate", "service", "broken", "somebody=was here"]);
    says(
        &deploy(&workspace),
        &["what kubectl-annotate set is taken back: metadata.annotations.somebody"],
    );
    let metadata = &object(&workspace, "service", "broken")["metadata"];
    assert_eq!(metadata["annotations"]["cloud/backends"], "2");
    assert_eq!(metadata["annotations"]["somebody"], Value::Null);
    assert_eq!(metadata["finalizers"], json!(["cloud.example/balancer"]));
    patch(
        &workspace,
        "service",
        "broken",
        "lb-controller",
        &json!({"metadata": {"finalizers": null}}),
    );
}

#[test]
fn a_secret_has_only_the_keys_that_plasma_gives_it() {
    let Some(workspace) = staging("secret") else {
        return;
    };
    let pod = format!(
        "{{name: app, image: '{IMAGE}', command: [sleep, '600'], envFrom: [{{secretRef: {{name: photos-env}}}}]}}"
    );
    service(&workspace, &pod);
    deploy(&workspace);
    says(&deploy(&workspace), &["= broken unchanged"]);
    let anew = "its pods are made anew, for they may have started while Secret photos-env was changed";
    let printed = |name: &str| {
        let script = format!("echo ${name}");
        workspace.exec(&["sh", "-c", &script])
    };
    let right = printed("PS_JWT_SECRET");

    // One that no app knows, and one that another app has.
    for key in ["PS_NOPE", "FE_ANYTHING"] {
        patch(
            &workspace,
            "secret",
            "photos-env",
            "kubectl-patch",
            &json!({"stringData": {key: "1"}}),
        );
        workspace.kubectl(&["delete", "pods", "--selector=app=broken"]);
        says(
            &deploy(&workspace),
            &[&format!("✓ Secret photos-env: - {key}"), anew],
        );
        assert_eq!(printed(key), "\n");
        assert_eq!(
            object(&workspace, "secret", "photos-env")["data"][key],
            Value::Null
        );
        says(&deploy(&workspace), &["= broken unchanged"]);
    }

    // Changed, read by a new pod, and put back: nothing in the Secret differs any more.
    for value in ["somebody's", right.trim()] {
        patch(
            &workspace,
            "secret",
            "photos-env",
            "kubectl-patch",
            &json!({"stringData": {"PS_JWT_SECRET": value}}),
        );
        if value != right.trim() {
            workspace.kubectl(&["delete", "pods", "--selector=app=broken"]);
            workspace.kubectl(&["rollout", "status", "deployment/broken"]);
            assert_eq!(printed("PS_JWT_SECRET"), "somebody's\n");
        }
    }
    // Also where the release is deployed for another reason, which makes no pods anew by itself.
    let other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n";
    workspace.template(&(with_service(&pod) + other));
    says(&deploy(&workspace), &[anew]);
    assert_eq!(printed("PS_JWT_SECRET"), right);
    says(&deploy(&workspace), &["= broken unchanged"]);

    // What a program or a person notes at a Secret is no change of its content.
    let note = json!({"metadata": {"labels": {"backup": "done"}}});
    patch(&workspace, "secret", "photos-env", "backup", &note);
    workspace.kubectl(&["label", "secret", "photos-env", "somebody=was-here"]);
    says(&deploy(&workspace), &["= broken unchanged"]);
}
