//! `skaffold` and `telepresence` by recorded shims: arguments, environment, context, and where they are refused.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod stage;

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use stage::{Plasma, api_server, tools};

#[test]
fn skaffold_works_on_the_stages_cluster_and_on_no_other() {
    let plasma = Plasma::new();
    tools(&plasma);
    plasma.answer("skaffold dev", 42, "", "");
    plasma.bootstrapped("local", &api_server("uid-1"), "uid-1");
    let secret = "0123456789abcdef0123456789abcdef";
    let plan = plasma
        .run_with(&["skaffold", "photos", "--plan"], &[("PS_JWT_SECRET", secret)])
        .code(0);
    let plan = plasma.stdout(&plan);
    assert!(!plan.contains(secret), "{plan}");
    insta::assert_snapshot!("the_plan_of_skaffold", plan);
    assert!(!plasma.calls().contains("skaffold"), "{}", plasma.calls());
    plasma
        .run_with(
            &["skaffold", "photos", "dev", "--", "--tail=false"],
            &[("KUBECONFIG", "/somebody/elses"), ("PS_JWT_SECRET", secret)],
        )
        .code(42);
    insta::assert_snapshot!("the_calls_of_skaffold", plasma.calls());

    let other = Plasma::new();
    tools(&other);
    other.bootstrapped("local", &api_server("uid-2"), "uid-1");
    let text = other.stderr(&other.run(&["skaffold", "photos", "run"]).code(3));
    assert!(text.contains("uid-2"), "{text}");
    assert!(!other.calls().contains("skaffold run"), "{}", other.calls());
}

#[test]
fn telepresence_joins_runs_the_program_and_leaves() {
    let plasma = Plasma::new();
    tools(&plasma);
    plasma.answer("telepresence intercept", 7, "", "");
    plasma.bootstrapped("local", &api_server("uid-1"), "uid-1");
    let plan = plasma.run(&["telepresence", "photos", "--plan", "--", "cargo", "run"]);
    insta::assert_snapshot!("the_plan_of_telepresence", plasma.stdout(&plan.code(0)));
    assert!(!plasma.calls().contains("telepresence"), "{}", plasma.calls());
    let arguments = ["telepresence", "photos", "--", "cargo", "run", "-p", "photos"];
    plasma.run(&arguments).code(7);
    insta::assert_snapshot!(plasma.calls());
    plasma.answer("telepresence connect", 1, "", "traffic manager not found");
    let text = plasma.stderr(&plasma.run(&arguments).code(1));
    assert!(text.contains("telepresence helm install"), "{text}");
}

#[test]
fn telepresence_leaves_also_when_it_is_asked_to_end() {
    for begun in ["connect", "intercept"] {
        let plasma = Plasma::new();
        tools(&plasma);
        plasma.hang(&format!("telepresence {begun}"));
        plasma.bootstrapped("local", &api_server("uid-1"), "uid-1");
        let mut running = plasma
            .command(&["telepresence", "photos", "--", "cargo", "run"])
            .spawn()
            .unwrap();
        while !plasma.calls().contains(&format!("telepresence {begun}")) {
            assert_eq!(running.try_wait().unwrap(), None);
            std::thread::yield_now();
        }
        signal::kill(Pid::from_raw(running.id().cast_signed()), Signal::SIGTERM).unwrap();
        let ended = running.wait().unwrap();
        assert_eq!(ended.code(), Some(if begun == "connect" { 130 } else { 143 }));
        assert!(plasma.calls().contains("telepresence quit"), "{}", plasma.calls());
    }
}

#[test]
fn what_shows_no_differences_does_not_run_on_production() {
    let plasma = Plasma::new();
    tools(&plasma);
    plasma.bootstrapped("production", &api_server("uid-1"), "uid-1");
    for arguments in [
        &["skaffold", "photos", "run", "--stage", "production"][..],
        &["skaffold", "photos", "--plan", "--stage", "production"],
        &[
            "telepresence",
            "photos",
            "--stage",
            "production",
            "--",
            "cargo",
            "run",
        ],
    ] {
        let text = plasma.stderr(&plasma.run(arguments).code(3));
        assert!(text.contains("does not run on hmlet production"), "{text}");
        assert!(
            text.contains("cargo xtask deploy --stage production --plan"),
            "{text}"
        );
    }
    for tool in ["skaffold", "telepresence"] {
        assert!(!plasma.calls().contains(tool), "{}", plasma.calls());
    }
}
