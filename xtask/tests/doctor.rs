//! `plasma doctor` on machines whose Docker is a small script: what is found, with which evidence, and what is mended.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::PathBuf,
    process::Command,
};

use serde_json::Value;

const INFO: &str = r#"{"ServerVersion":"26.1.5","Driver":"overlay2","CgroupVersion":"2","CgroupDriver":"systemd",
"DockerRootDir":"/","SystemTime":"2020-01-01T00:00:00Z"}"#;

struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// With a `docker` that runs this script.
    fn with_docker(script: &str) -> Self {
        let machine = Self::without_docker();
        let docker = machine.folder.path().join("bin/docker");
        fs::write(&docker, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
        machine
    }

    fn without_docker() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(folder.path().join("hosts"), "127.0.0.1 localhost\n").unwrap();
        Self { folder }
    }

    fn stage(&self) -> PathBuf {
        self.folder.path().join("state/hmlet/test")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plasma"));
        command
            .args(["doctor", "--stage", "test"])
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .env("PATH", self.folder.path().join("bin"))
            .env("PLASMA_STATE_DIR", self.folder.path().join("state"))
            .env("PLASMA_CACHE_DIR", self.folder.path().join("cache"))
            .env("PLASMA_HOSTS_FILE", self.folder.path().join("hosts"));
        command
    }

    /// The command as a user who is not root: a test must not raise the limits of the machine that it runs on.
    fn without_rights(&self, arguments: &[&str]) -> Command {
        let inherited = self.command(arguments);
        if !nix::unistd::geteuid().is_root() {
            return inherited;
        }
        // The program must be where everybody may run it.
        let (built, plasma) = (inherited.get_program(), self.folder.path().join("plasma"));
        if !plasma.exists() {
            fs::hard_link(built, &plasma)
                .or_else(|_| fs::copy(built, &plasma).map(drop))
                .unwrap();
        }
        let mut command = Command::new(&plasma);
        command
            .args(inherited.get_args())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .envs(
                inherited
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .uid(65534)
            .gid(65534);
        for path in [
            "",
            "bin",
            "state",
            "state/hmlet",
            "state/hmlet/test",
            "state/hmlet/test/up.json",
        ] {
            let path = self.folder.path().join(path);
            if path.exists() {
                chown(path, Some(65534), Some(65534)).unwrap();
            }
        }
        command
    }

    /// A plan without the limits of the kernel that this machine has, and without the folder of this test.
    fn without_limits(&self, plan: &[u8]) -> String {
        let plan = String::from_utf8(plan.to_vec()).unwrap();
        let steps = plan
            .lines()
            .filter(|step| !step.contains(" to /proc/sys/fs/inotify/"));
        let steps: Vec<&str> = steps.collect();
        steps
            .join("\n")
            .replace(&self.folder.path().display().to_string(), "TMP")
    }

    fn report(&self, arguments: &[&str], vars: &[(&str, &str)]) -> (Option<i32>, Vec<Value>) {
        let all = [arguments, &["--json"]].concat();
        let mut command = if arguments.contains(&"--fix") {
            self.without_rights(&all)
        } else {
            self.command(&all)
        };
        let output = command.envs(vars.iter().copied()).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().clone();
        let faults = findings.iter().any(|finding| finding["state"] == "fault");
        assert_eq!(report["healthy"], !faults);
        assert_eq!(output.status.code(), Some(i32::from(faults)));
        (output.status.code(), findings)
    }
}

fn of<'f>(findings: &'f [Value], check: &str) -> Vec<&'f Value> {
    findings
        .iter()
        .filter(|finding| finding["check"] == check)
        .collect()
}

fn text(finding: &Value, key: &str) -> String {
    finding[key].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_machine_without_docker_is_told_so_and_keeps_the_native_run() {
    let (code, findings) = Machine::without_docker().report(&[], &[]);
    assert_eq!(code, Some(1));
    let docker = of(&findings, "docker")[0];
    assert_eq!(docker["says"], "Docker is not installed");
    assert!(text(docker, "remedy").contains("`cargo xtask up` needs none of it"));
    assert_eq!(of(&findings, "clock")[0]["state"], "unknown");
}

#[test]
fn an_engine_that_does_not_answer_is_told_from_one_that_may_not_be_asked() {
    let stopped = r#"echo '{"ServerErrors":["Cannot connect to the Docker daemon"]}'; exit 1"#;
    let (_, findings) = Machine::with_docker(stopped).report(&[], &[]);
    let docker = of(&findings, "docker")[0];
    assert_eq!(docker["says"], "Docker's engine does not answer");
    assert_eq!(docker["evidence"], "Cannot connect to the Docker daemon");
    assert!(text(docker, "remedy").contains("systemctl start docker"));

    let denied = r#"echo 'permission denied while trying to connect' >&2; exit 1"#;
    let (_, findings) = Machine::with_docker(denied).report(&[], &[]);
    assert!(text(of(&findings, "docker")[0], "remedy").contains("usermod -aG docker"));
}

#[test]
fn an_engine_whose_clock_is_wrong_is_found() {
    let script = format!("case \"$1\" in info) echo '{}';; esac", INFO.replace('\n', ""));
    let (code, findings) = Machine::with_docker(&script).report(&[], &[]);
    assert_eq!(code, Some(1));
    assert_eq!(of(&findings, "docker")[0]["state"], "fine");
    let clock = of(&findings, "clock")[0];
    assert_eq!(clock["says"], "Docker's clock and ours differ");
    assert!(
        of(&findings, "disk")
            .iter()
            .any(|disk| text(disk, "says").starts_with("Docker's data")
                || text(disk, "says").contains("disk of Docker's data"))
    );
}

#[test]
fn a_taken_port_names_the_process_and_the_way_around_it() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let (code, findings) = Machine::without_docker().report(&[], &[("PS_LISTEN", &address)]);
    assert_eq!(code, Some(1));
    let ports = of(&findings, "ports");
    let taken = ports
        .iter()
        .find(|port| port["state"] == "fault" && text(port, "evidence").contains(&address));
    let taken = taken.unwrap();
    assert!(
        text(taken, "evidence").contains(&format!("(pid {})", std::process::id())),
        "{taken}"
    );
    assert!(text(taken, "remedy").contains("PS_LISTEN=127.0.0.1:0"), "{taken}");
}

#[test]
fn stopped_nodes_and_what_a_dead_up_left_are_mended_and_said() {
    let machine = Machine::without_docker();
    let started = machine.folder.path().join("started");
    let script = format!(
        "state=exited; [ -e '{0}' ] && state=running\ncase \"$1 $*\" in\n  start*) echo \"$*\" >'{0}';;\n  \
         *kind.cluster=hmlet-test*) echo \"hmlet-test-control-plane $state\";;\nesac",
        started.display()
    );
    let docker = machine.folder.path().join("bin/docker");
    fs::write(&docker, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(machine.stage()).unwrap();
    let record = r#"{"schema":1,"cluster":"hmlet","stage":"test","supervisor":{"pid":1,"started":1},"ready":true,
        "patience":5,"apps":[]}"#;
    fs::write(machine.stage().join("up.json"), record).unwrap();

    let (_, findings) = machine.report(&[], &[]);
    assert_eq!(of(&findings, "native")[0]["state"], "note");
    assert_eq!(
        of(&findings, "cluster")[0]["evidence"],
        "hmlet-test-control-plane is exited"
    );
    assert!(machine.stage().join("up.json").exists());

    let plan = machine.command(&["--fix", "--plan"]).output().unwrap();
    assert_eq!(plan.status.code(), Some(0));
    insta::assert_snapshot!("the_plan_of_a_fix", machine.without_limits(&plan.stdout));
    assert!(!started.exists() && machine.stage().join("up.json").exists());

    let (_, findings) = machine.report(&["--fix"], &[]);
    assert_eq!(
        fs::read_to_string(&started).unwrap(),
        "start hmlet-test-control-plane\n"
    );
    assert!(!machine.stage().join("up.json").exists());
    assert_eq!(
        of(&findings, "cluster")[0]["evidence"],
        "hmlet-test-control-plane is running"
    );
    let fixed: Vec<String> = findings.iter().map(|finding| text(finding, "fixed")).collect();
    assert!(
        fixed.contains(&"docker start hmlet-test-control-plane".to_owned()),
        "{fixed:?}"
    );
}

#[test]
fn a_cluster_that_does_not_answer_is_a_fault() {
    let machine = Machine::without_docker();
    fs::create_dir_all(machine.stage()).unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'http://{address}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    );
    fs::write(machine.stage().join("kubeconfig"), kubeconfig).unwrap();
    let (code, findings) = machine.report(&[], &[]);
    assert_eq!(code, Some(1));
    let cluster = of(&findings, "cluster")[0];
    assert_eq!(cluster["says"], "the cluster of hmlet test is not ready");
    assert!(
        text(cluster, "evidence").to_lowercase().contains("refused"),
        "{cluster}"
    );
    assert!(
        text(cluster, "remedy").contains("bootstrap --stage test"),
        "{cluster}"
    );
}

#[test]
fn what_people_read_is_plain_in_a_pipe() {
    let output = Machine::without_docker().command(&[]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("fault   docker   Docker is not installed\n"),
        "{text}"
    );
    assert!(text.contains("                 do: install Docker"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}
