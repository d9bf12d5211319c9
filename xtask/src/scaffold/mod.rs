//! Makes a cluster, or an app in one: all files that a deploy needs, and the lines in the files that are there already. The
//! chart, the image and the ingress are those of hmlet, which are tested, under other names.

mod app;
mod cluster;
mod insert;
mod model;
mod names;
mod tree;

pub(crate) use app::app;
pub(crate) use cluster::cluster;
pub(crate) use insert::reference;
pub(crate) use names::{Code, Name, taken};
pub(crate) use tree::Tree;

/// Shared with the stories of the command line.
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
#[path = "../../tests/files/mod.rs"]
mod folders;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use config::{AppManifest, Cluster, Home, Stage};

    use super::*;
    use crate::outcome::Failure;

    /// What a scaffold reads and changes, copied from the repository; gone when dropped.
    struct Workspace {
        folder: tempfile::TempDir,
    }

    impl Workspace {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            for path in ["clusters/hmlet", "envs/hmlet", "crates/config/src", "doc"] {
                folders::copy(&root.join(path), &folder.path().join(path));
            }
            Self { folder }
        }

        fn root(&self) -> &Path {
            self.folder.path()
        }

        fn read(&self, path: &str) -> String {
            fs::read_to_string(self.root().join(path)).unwrap()
        }

        fn make(&self) -> Tree {
            let (name, app): (Name, Name) = ("rivertown".parse().unwrap(), "rent-roll".parse().unwrap());
            let mut tree = Tree::new(self.root());
            let homes = cluster(&mut tree, self.root(), &name, &name.code()).unwrap();
            super::app(&mut tree, self.root(), name.as_str(), &homes, &app, &app.code()).unwrap();
            tree
        }
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths
            .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
            .collect()
    }

    #[test]
    fn a_plan_names_every_file_and_touches_none() {
        let workspace = Workspace::new();
        let lines = workspace.make().plan();
        for line in [
            "change  crates/config/src/lib.rs",
            "change  crates/config/src/spec.rs",
            "change  doc/architecture.md",
            "new     clusters/rivertown/cluster.yaml",
            "new     clusters/rivertown/charts/traefik/Chart.yaml",
            "new     clusters/rivertown/rent-roll/chart/templates/deployment.yaml",
            "new     clusters/rivertown/rent-roll/values/production/backend.yaml",
            "new     crates/config/src/rent_roll.rs",
            "new     crates/rent-roll/src/main.rs",
            "new     envs/rivertown/native.yaml",
        ] {
            assert!(lines.contains(&line.to_owned()), "{line} in {lines:#?}");
        }
        assert!(!workspace.root().join("clusters/rivertown").exists());
    }

    #[test]
    fn a_new_cluster_has_ports_codes_and_names_of_its_own() {
        let workspace = Workspace::new();
        workspace.make().write().unwrap();
        let text = workspace.read("clusters/rivertown/cluster.yaml");
        assert!(
            text.starts_with("cluster: rivertown\ncode: rn\napps: [rent-roll]\n"),
            "{text}"
        );
        // Its app is none that this binary knows: without it the file is read as any other.
        let path = workspace.root().join("clusters/rivertown/cluster.yaml");
        fs::write(path, text.replace("[rent-roll]", "[]")).unwrap();
        let cluster = Cluster::load(workspace.root(), "rivertown").unwrap();
        let hmlet = Cluster::load(workspace.root(), "hmlet").unwrap();
        let ports = |cluster: &Cluster| -> Vec<u16> {
            let homes = cluster.stages.values();
            homes
                .flat_map(|home| match home {
                    Home::Kind {
                        http_port,
                        registry_port,
                        ..
                    } => vec![*http_port, *registry_port],
                    Home::Adopted => vec![],
                })
                .collect()
        };
        let (own, others) = (ports(&cluster), ports(&hmlet));
        assert_eq!((own.len(), cluster.stages.len()), (4, Stage::ALL.len()));
        assert!(
            own.iter().all(|port| !others.contains(port)),
            "{own:?} {others:?}"
        );

        let manifest = AppManifest::load(workspace.root(), "rivertown", "rent-roll").unwrap();
        for stage in Stage::ALL {
            let release = &manifest.releases[0];
            assert!(
                workspace
                    .root()
                    .join(release.values_file("rivertown", "rent-roll", stage))
                    .is_file()
            );
        }
        for path in files(&workspace.root().join("clusters/rivertown")) {
            let text = fs::read_to_string(&path).unwrap();
            for word in ["hmlet", "frontend", "FE_", "photos", "{{name}}"] {
                assert!(!text.contains(word), "{word} in {}", path.display());
            }
        }
        assert!(
            workspace
                .read("crates/config/src/spec.rs")
                .contains("&crate::rent_roll::APP")
        );
        assert!(
            workspace
                .read("crates/config/src/lib.rs")
                .contains("pub use rent_roll::RentRollEnv;")
        );
    }

    #[test]
    fn nothing_that_is_there_is_written_over() {
        let workspace = Workspace::new();
        let mut tree = Tree::new(workspace.root());
        let refused = |error: anyhow::Error| error.downcast_ref::<Failure>().unwrap().to_string();
        let photos: Name = "photos".parse().unwrap();
        let told =
            super::app(&mut tree, workspace.root(), "hmlet", &[], &photos, &photos.code()).unwrap_err();
        assert_eq!(refused(told), "the code `ps` is taken");
        let told = super::app(
            &mut tree,
            workspace.root(),
            "hmlet",
            &[],
            &photos,
            &"px".parse().unwrap(),
        );
        assert_eq!(
            refused(told.unwrap_err()),
            "crates/config/src/photos.rs is there already"
        );
        // In a shell of the whole workspace, `ht.status` is hmlet's and `ps.status` that of photos.
        let other: Name = "hut".parse().unwrap();
        let told = super::app(&mut tree, workspace.root(), "hmlet", &[], &other, &other.code()).unwrap_err();
        assert_eq!(refused(told), "the code `ht` is taken");
        let other: Name = "pubs".parse().unwrap();
        let told = cluster(&mut tree, workspace.root(), &other, &other.code()).unwrap_err();
        assert_eq!(refused(told), "the code `ps` is taken");
        let hmlet: Name = "hmlet".parse().unwrap();
        let told = cluster(&mut tree, workspace.root(), &hmlet, &"hx".parse().unwrap()).unwrap_err();
        assert_eq!(refused(told), "clusters/hmlet/cluster.yaml is there already");
    }
}
