//! What stands between a person and production: the cluster's identity, the differences, and their approval.

use std::fs;

use portable_pty::CommandBuilder;

use crate::{
    pty::Pty,
    workspace::{Workspace, says},
};

fn production(name: &str) -> Option<Workspace> {
    let workspace = Workspace::adopt(name, "production", "PLASMA_TEST_PRODUCTION_KUBECONFIG")?;
    pod(&workspace, 1);
    Some(workspace)
}

/// The release is a Deployment of the image that every node has, for each pod has a container of it.
fn pod(workspace: &Workspace, seconds: u32) {
    let images = workspace.kubectl(&[
        "get",
        "nodes",
        "--output=jsonpath={.items[0].status.images[*].names[*]}",
    ]);
    let image = images
        .split_whitespace()
        .find(|name| name.contains("/pause:"))
        .unwrap();
    workspace.deployment(&format!(
        "{{terminationGracePeriodSeconds: {seconds}, containers: [{{name: app, image: '{image}', imagePullPolicy: Never}}]}}"
    ));
}

/// The hash that a refusal asks to approve.
fn hash(refusal: &str) -> String {
    let (_, rest) = refusal
        .split_once("--approve ")
        .unwrap_or_else(|| panic!("no hash in:\n{refusal}"));
    rest.chars().take_while(char::is_ascii_hexdigit).collect()
}

#[test]
fn production_is_shown_before_it_is_changed() {
    let Some(workspace) = production("shown") else {
        return;
    };
    for arguments in [&["deploy"][..], &["deploy", "--yes"]] {
        let refusal = workspace.refusal(arguments, 3);
        says(
            &refusal,
            &[
                "+kind: Deployment",
                "is left as it is",
                "there is no terminal to ask on",
                "--approve ",
            ],
        );
    }
    assert_eq!(workspace.kubectl(&["get", "deployments", "--output=name"]), "");

    let approved = hash(&workspace.refusal(&["deploy"], 3));
    workspace.plasma(&["deploy", "--approve", &approved]).success();
    let again = workspace.plasma(&["deploy"]).success();
    says(
        &String::from_utf8_lossy(&again.get_output().stderr),
        &["= broken unchanged"],
    );
}

#[test]
fn what_changed_since_is_not_approved() {
    let Some(workspace) = production("changed") else {
        return;
    };
    let first = hash(&workspace.refusal(&["deploy"], 3));
    // Here: a file.
    pod(&workspace, 2);
    let refusal = workspace.refusal(&["deploy", "--approve", &first], 3);
    says(
        &refusal,
        &[
            &format!("{first} was approved"),
            "something changed since, here or there",
        ],
    );
    assert_eq!(workspace.kubectl(&["get", "deployments", "--output=name"]), "");
    workspace
        .plasma(&["deploy", "--approve", &hash(&refusal)])
        .success();

    // There: somebody's hand.
    pod(&workspace, 3);
    let second = hash(&workspace.refusal(&["deploy"], 3));
    let patch = r#"{"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 9}}}}"#;
    workspace.kubectl(&["patch", "deployment", "broken", "--type=merge", "--patch", patch]);
    let refusal = workspace.refusal(&["deploy", "--approve", &second], 3);
    says(
        &refusal,
        &[
            "something changed since, here or there",
            "terminationGracePeriodSeconds: 9",
        ],
    );
    workspace
        .plasma(&["deploy", "--approve", &hash(&refusal)])
        .success();
}

#[test]
fn another_cluster_is_not_production() {
    let Some(workspace) = production("identity") else {
        return;
    };
    // Somebody gives the stage the kubeconfig of another cluster.
    fs::copy(
        std::env::var_os("PLASMA_TEST_KUBECONFIG").unwrap(),
        workspace.state().join("kubeconfig"),
    )
    .unwrap();
    for arguments in [
        &["deploy"][..],
        &["deploy", "--approve", "5f3c0a8e92b17d46"],
        &["terminal", "photos", "--", "true"],
    ] {
        let refusal = workspace.refusal(arguments, 3);
        says(&refusal, &["the cluster that answers is not the one of"]);
    }
    // Nor does it become production by being adopted once more.
    let other = std::env::var("PLASMA_TEST_KUBECONFIG").unwrap();
    let refusal = workspace.refusal(&["bootstrap", "--kubeconfig", &other], 3);
    says(
        &refusal,
        &["add --yes if this cluster takes the place of the recorded one"],
    );
}

#[test]
fn a_person_types_the_name_of_the_stage() {
    let Some(workspace) = production("typed") else {
        return;
    };
    let (text, code) = answer(&workspace, "yes");
    says(&text, &["Type `production`:", "the answer was not `production`"]);
    assert_eq!(code, 3, "{text}");
    assert_eq!(workspace.kubectl(&["get", "deployments", "--output=name"]), "");
    let (text, code) = answer(&workspace, "production");
    assert_eq!(code, 0, "{text}");
    assert_eq!(
        workspace.kubectl(&["get", "deployments", "--output=name"]),
        "deployment.apps/broken\n"
    );
}

/// A deploy in a terminal, where somebody answers its question.
fn answer(workspace: &Workspace, word: &str) -> (String, u32) {
    let deploy = workspace.command(&["deploy"]);
    let mut command = CommandBuilder::new(deploy.get_program());
    command.args(deploy.get_args());
    command.cwd(deploy.get_current_dir().unwrap());
    for (name, value) in deploy.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let mut terminal = Pty::start(command, 40, 160).unwrap();
    let question = "Type `production`:";
    terminal.wait(question, 0, |shown| shown.find(question)).unwrap();
    terminal.type_text(&format!("{word}\n")).unwrap();
    let (code, text) = terminal.end().unwrap();
    (text, code)
}
