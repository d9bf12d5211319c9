//! The environment of a stage: layers, chains, and what a stage shell leaves behind.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod support;

use std::fs;
use std::path::Path;

use config::{
    Cluster, FrontendEnv, PhotosEnv, Place, Request, SHELL_VARS, Secrets, Shell, Stage, StageEnv, Target,
    check_same_keys, shell_vars, strip_shell_vars,
};
use support::{Variables, Workspace, map};

fn chain(env: &StageEnv, name: &str) -> Vec<String> {
    let origins = &env.get(name).unwrap().chain;
    origins
        .iter()
        .map(|o| format!("{} {}", o.place, o.value.as_deref().unwrap_or("null")))
        .collect()
}

#[test]
fn each_layer_goes_over_the_one_before_and_every_value_knows_its_places() {
    let workspace = Workspace::new();
    let process = map(&[("PS_MAX_SIDE", "4000"), ("PS_LOG", ""), ("HOME", "/home/ann")]);
    let env = workspace
        .load(Stage::Local, Target::Native, &process, Secrets::IfThere)
        .unwrap();

    let state = workspace.state().join("zoo/local");
    assert_eq!(
        chain(&env, "PS_DATABASE_URL"),
        [
            "envs/zoo/local.yaml:3:17 postgres://photos@postgresql:5432/photos".to_owned(),
            format!(
                "envs/zoo/native.yaml:3:17 sqlite://{}/data/photos.sqlite",
                state.display()
            ),
        ],
    );
    assert_eq!(
        chain(&env, "PS_MAX_SIDE"),
        ["envs/zoo/comm.yaml:2:13 8000", "process environment 4000"]
    );

    // `null` and an empty variable unset, and a default comes back.
    assert_eq!(env.get("PS_PUBLIC_URL").unwrap().effective(), None);
    let log = env.get("PS_LOG").unwrap();
    assert_eq!(
        (log.value(), log.effective(), log.place()),
        (None, Some("info".into()), Place::Default)
    );

    let cluster = workspace
        .load(Stage::Local, Target::Cluster, &process, Secrets::IfThere)
        .unwrap();
    assert_eq!(
        cluster.get("PS_STORE_URL").unwrap().value(),
        Some("s3://zoo-local")
    );
}

#[test]
fn all_faults_of_all_files_are_told_at_once_with_their_lines() {
    let workspace = Workspace::new();
    workspace.write(
        "envs/zoo/comm.yaml",
        r#"photos:
  max_side: 12_000
  max_bytes: 25 MB
  admin_username: no
  s3_region: 12:30
  spool_dir: 0123
  database_pool: 0123
  jwt_secret: "this was committed by mistake"
  log: info
  log: debug
photo:
  listen: 127.0.0.1:8080
frontend:
  listen: 127.0.0.1:8000
"#,
    );
    workspace.write(
        "envs/zoo/local.yaml",
        r#"photos:
  databse_url: postgres://photos@postgresql:5432/photos
  PS_STORE_URL: s3://zoo-local
  public_url: https://ann:hunter2@zoo.photos.local
  redis_url: http://redis:6379
  access_ttl: 15
  migrate: yes
  registration: off
  presets: [thumb=200x200:crop]
  sweep_every: {minutes: 1}
  trash_ttl: &ttl 10m
  sweep_grace: *ttl
  max_pixels: !!int 5
  listen: ""
  database_pool: 5000
"#,
    );
    workspace.write(
        "envs/zoo/native.yaml",
        "photos:\n  workers: 1.5\n  log: off\n  s3_region: \"us\n",
    );
    let told = workspace.faults(
        Stage::Local,
        &map(&[("PS_TRASH_TLL", "1m"), ("PS_MAX_PIXELS", "many")]),
    );
    assert!(!told.contains("by mistake") && !told.contains("hunter2"));
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_missing_says_where_to_write_it() {
    let workspace = Workspace::new();
    workspace.write(
        "envs/zoo/staging.yaml",
        "photos:\n  database_url: postgres://photos@db/photos\n",
    );
    insta::assert_snapshot!(workspace.faults(Stage::Staging, &Variables::new()), @r"
    3 faults in the environment:
      PS_DATABASE_PASSWORD: is not set, but required because PS_DATABASE_URL begins with postgres: staging takes its secrets from the process environment
      PS_JWT_SECRET: is not set, but required: staging takes its secrets from the process environment
      PS_STORE_URL: is not set, but required: write `store_url` under `photos` in envs/zoo/staging.yaml
    ");

    // A wrong value is not missing as well.
    workspace.write(
        "envs/zoo/local.yaml",
        "photos:\n  database_url: mysql://db/photos\n",
    );
    let loaded = workspace.load(Stage::Local, Target::Cluster, &Variables::new(), Secrets::IfThere);
    insta::assert_snapshot!(loaded.unwrap_err(), @r"
    2 faults in the environment:
      envs/zoo/local.yaml:2:17: photos.database_url: is no database URL: write sqlite://<path> or postgres://user@host:5432/database
      PS_STORE_URL: is not set, but required: write `store_url` under `photos` in envs/zoo/local.yaml
    ");

    fs::remove_file(workspace.root().join("envs/zoo/comm.yaml")).unwrap();
    let told = workspace.faults(Stage::Staging, &Variables::new());
    assert!(
        told.contains("envs/zoo/comm.yaml: cannot be read: No such file"),
        "{told}"
    );
}

#[test]
fn production_from_inside_a_local_shell_is_production() {
    let workspace = Workspace::new();
    let own = map(&[("PS_MAX_SIDE", "4000"), ("EDITOR", "vi")]);
    let local = workspace
        .load(Stage::Local, Target::Native, &own, Secrets::Needed)
        .unwrap();

    // What a process of a local stage shell sees.
    let mut shell = own.clone();
    shell.extend(local.variables());
    shell.insert(SHELL_VARS.to_owned(), shell_vars(&local, &local.variables()));
    assert_eq!(
        Shell::of(&shell).map(|shell| (shell.stage, shell.target)),
        Some((Stage::Local, Target::Native))
    );

    // Only what the person had set before is left of it, inside as outside.
    assert_eq!(strip_shell_vars(&shell), own);
    let inside = workspace
        .load(Stage::Production, Target::Cluster, &shell, Secrets::IfThere)
        .unwrap();
    let outside = workspace
        .load(Stage::Production, Target::Cluster, &own, Secrets::IfThere)
        .unwrap();
    assert_eq!(inside.variables(), outside.variables());
    assert_eq!(inside.variables()["PS_STORE_URL"], "s3://zoo-production");

    // What the person changes inside is theirs, and a layer.
    shell.insert("PS_STORE_URL".into(), "s3://another".into());
    let changed = workspace
        .load(Stage::Production, Target::Cluster, &shell, Secrets::IfThere)
        .unwrap();
    assert_eq!(changed.variables()["PS_STORE_URL"], "s3://another");
}

#[test]
fn a_key_that_one_stage_forgets_is_found() {
    let workspace = Workspace::new();
    let cluster = workspace.cluster().unwrap();
    check_same_keys(&workspace.root(), &cluster).unwrap();

    let path = "envs/zoo/staging.yaml";
    let mut text = fs::read_to_string(workspace.root().join(path)).unwrap();
    text.push_str("  redis_url: redis://redis:6379\n  max_side: 100\n");
    workspace.write(path, &text);
    workspace.write(
        "envs/zoo/production.yaml",
        "photos:\n  public_url: no url\n  store_url: s3://zoo\n  redis_url: null\n",
    );
    // What is there and wrong, as `public_url`, is not missing.
    insta::assert_snapshot!(check_same_keys(&workspace.root(), &cluster).unwrap_err(), @r"
    3 faults in the environment:
      envs/zoo/local.yaml: photos.redis_url: is set for staging, production and not here: set it, or write `null` if it is meant to be unset
      envs/zoo/production.yaml: photos.database_url: is set for test, local, staging and not here: set it, or write `null` if it is meant to be unset
      envs/zoo/test.yaml: photos.redis_url: is set for staging, production and not here: set it, or write `null` if it is meant to be unset
    ");
}

#[test]
fn a_wrong_cluster_file_is_told_line_by_line() {
    let workspace = Workspace::new();
    workspace.write(
        "clusters/zoo/cluster.yaml",
        "cluster: circus\ncode: no\napps: [photos, foto, photos, {a: b}]\nstage: {}\nstages:\n  locl: {adopt: true}\n  \
         local: {kind: kind.yaml, http_port: 80810, registry_prot: 5001}\n  staging: {adopt: yes}\n",
    );
    insta::assert_snapshot!(workspace.cluster().unwrap_err());

    let told = Cluster::load(&workspace.root(), "zo").unwrap_err().to_string();
    assert!(
        told.ends_with("clusters/zo/cluster.yaml: there is no cluster `zo`; did you mean `zoo`?"),
        "{told}"
    );
}

#[test]
fn the_stages_of_hmlet_start_the_service_they_describe() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cluster = Cluster::load(&root, "hmlet").unwrap();
    check_same_keys(&root, &cluster).unwrap();
    let state = tempfile::tempdir().unwrap();
    for stage in Stage::ALL {
        for target in Target::ALL {
            // What the operators of staging and production give.
            let given = [
                ("PS_DATABASE_PASSWORD", "bN6rYw3sTgKd8ZpL"),
                ("PS_S3_ACCESS_KEY", "AKIAX4TQ8WMC2LJV9RHD"),
                ("PS_S3_SECRET_KEY", "kG2mXs7dQwYc9TpRzVbJ4hLfN6uE8aWi"),
                ("PS_JWT_SECRET", "Zt5rWm8xKv3LcYbQsNp7HfJd2gUa6eTo"),
                ("FE_SESSION_SECRET", "Hd7kPq2XvRz9LmYb4TnWc8JsGfKa3eUi"),
            ];
            let process = if stage.makes_secrets() {
                map(&[])
            } else {
                map(&given)
            };
            let request = Request {
                root: &root,
                state: state.path(),
                cluster: &cluster,
                stage,
                target,
                process: &process,
                secrets: Secrets::Needed,
            };
            let variables = StageEnv::load(&request).unwrap().variables();
            PhotosEnv::from_map(&variables).unwrap();
            FrontendEnv::from_map(&variables).unwrap();
        }
    }
}
