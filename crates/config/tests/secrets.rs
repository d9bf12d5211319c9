//! The secrets of a stage: made once, kept, or demanded.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use config::{PhotosEnv, Secrets, Stage, Target};
use support::{Variables, Workspace, map};

/// What a production process is given by its operators.
fn production_secrets() -> Variables {
    map(&[
        ("PS_DATABASE_PASSWORD", "uP4xWmTz9LqKcR2v"),
        ("PS_S3_ACCESS_KEY", "AKIAQ7XH3NZP5RLM2TWV"),
        ("PS_S3_SECRET_KEY", "vT5rKq0sWzYb8LmXnPcJ2hGdF4uA7eRi"),
        ("PS_JWT_SECRET", "Qm3v9ZtKx7LbWcRsYp2NfHdJ6gUa4eTi"),
    ])
}

#[test]
fn production_takes_its_secrets_from_the_process_and_refuses_those_that_everybody_knows() {
    let workspace = Workspace::new();
    let (stage, target) = (Stage::Production, Target::Cluster);

    let env = workspace
        .load(stage, target, &production_secrets(), Secrets::Needed)
        .unwrap();
    let photos = PhotosEnv::from_map(&env.variables()).unwrap();
    assert_eq!(photos.jwt_secret.expose(), "Qm3v9ZtKx7LbWcRsYp2NfHdJ6gUa4eTi");
    assert!(!workspace.state().exists(), "nothing is made for production");

    let mut known = production_secrets();
    known.extend(map(&[
        ("PS_DATABASE_PASSWORD", "postgres"),
        ("PS_JWT_SECRET", "change-me-change-me-change-me-change-me"),
        ("PS_S3_SECRET_KEY", "minioadmin"),
    ]));
    let told = workspace.faults(stage, &known);
    assert!(!told.contains("change-me") && !told.contains("minioadmin"));
    insta::assert_snapshot!(told, @r"
    3 faults in the environment:
      PS_DATABASE_PASSWORD: is a known default, which production refuses: make a new one
      PS_JWT_SECRET: is a known default, which production refuses: make a new one
      PS_S3_SECRET_KEY: is a known default, which production refuses: make a new one
    ");
}

#[test]
fn a_check_needs_no_secret_and_makes_none() {
    let workspace = Workspace::new();
    for stage in Stage::ALL {
        for target in Target::ALL {
            workspace
                .load(stage, target, &Variables::new(), Secrets::IfThere)
                .unwrap();
        }
    }
    assert!(!workspace.state().exists());
}
#[test]
fn local_secrets_are_made_once_and_only_their_owner_reads_them() {
    let workspace = Workspace::new();
    let local = |target| {
        workspace
            .load(Stage::Local, target, &Variables::new(), Secrets::Needed)
            .unwrap()
    };

    let native = local(Target::Native).variables();
    let secrets: Vec<_> = native
        .keys()
        .filter(|name| name.contains("SECRET") || name.contains("PASS"))
        .collect();
    assert_eq!(
        secrets,
        ["PS_ADMIN_PASSWORD", "PS_JWT_SECRET"],
        "a native run uses no others"
    );
    let cluster = local(Target::Cluster).variables();
    assert_eq!(cluster["PS_JWT_SECRET"], native["PS_JWT_SECRET"]);
    PhotosEnv::from_map(&native).unwrap();
    PhotosEnv::from_map(&cluster).unwrap();

    let mode = |path: &str| {
        fs::metadata(workspace.state().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!([mode(""), mode("zoo"), mode("zoo/local")], [0o700; 3]);
    assert_eq!(mode("zoo/local/secrets.yaml"), 0o600);

    let test = workspace
        .load(Stage::Test, Target::Native, &Variables::new(), Secrets::Needed)
        .unwrap();
    assert_ne!(test.variables()["PS_JWT_SECRET"], native["PS_JWT_SECRET"]);
}

#[test]
fn a_secret_that_a_person_wrote_is_kept_and_what_lacks_is_made() {
    let workspace = Workspace::new();
    let path = workspace.state().join("zoo/local/secrets.yaml");
    workspace.write(
        ".plasma/zoo/local/secrets.yaml",
        "photos: {admin_password: 'it''s \"mine\" \\ $1'}\n",
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();

    for _ in 0..2 {
        let env = workspace
            .load(Stage::Local, Target::Native, &Variables::new(), Secrets::Needed)
            .unwrap();
        assert_eq!(env.variables()["PS_ADMIN_PASSWORD"], "it's \"mine\" \\ $1");
        assert_eq!(env.variables()["PS_JWT_SECRET"].len(), 32);
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    workspace.write(
        ".plasma/zoo/local/secrets.yaml",
        "photos:\n  admin_password: 0123\n  log: info\n",
    );
    let told = workspace.faults(Stage::Local, &Variables::new());
    assert!(!told.contains("0123"));
    insta::assert_snapshot!(told, @r"
    2 faults in the environment:
      .plasma/zoo/local/secrets.yaml:2:19: photos.admin_password: the value without quotes is an octal number to some readers of YAML: write it in quotes
      .plasma/zoo/local/secrets.yaml:3:3: photos.log: is no secret: write it in the cluster's env files
    ");
}

#[test]
fn first_calls_at_the_same_moment_agree_on_the_secrets() {
    let workspace = Workspace::new();
    let barrier = std::sync::Barrier::new(16);
    let made: Vec<Variables> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let process = Variables::new();
                    workspace
                        .load(Stage::Local, Target::Cluster, &process, Secrets::Needed)
                        .unwrap()
                        .variables()
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(made.windows(2).all(|pair| pair[0] == pair[1]));
}
