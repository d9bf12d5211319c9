//! Docker: the containers behind a kind cluster, the registry beside it, and the images for both.

use std::{ffi::OsStr, path::PathBuf};

use super::runner::{Call, Included};

/// The `docker` program.
#[derive(Clone, Debug)]
pub(crate) struct Docker {
    program: PathBuf,
}

/// An image to build.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    /// What the Dockerfile may copy from.
    pub(crate) folder: PathBuf,
    pub(crate) dockerfile: PathBuf,
    /// The stage of the Dockerfile that is the image, if it is not the last.
    pub(crate) target: Option<&'static str>,
    /// Its name and tag.
    pub(crate) reference: String,
}

impl Docker {
    /// The program at this path, or of this name on `PATH`.
    pub(crate) fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
        }
    }

    /// The names of all containers with this label, running or not, one a line.
    pub(crate) fn containers(&self, label: &str) -> Call {
        self.call(["ps", "--all", "--format", "{{.Names}}", "--filter"])
            .arg(format!("label={label}"))
    }

    /// What the engine says of itself, as JSON; fails, and says why in `ServerErrors`, if there is no engine.
    pub(crate) fn info(&self) -> Call {
        self.call(["info", "--format", "{{json .}}"])
    }

    /// The names and states (`running`, `exited`) of all containers with this label, one a line with a space between.
    pub(crate) fn states(&self, label: &str) -> Call {
        self.call(["ps", "--all", "--format", "{{.Names}} {{.State}}", "--filter"])
            .arg(format!("label={label}"))
    }

    /// The name of a container, if there is one of it, running or not.
    pub(crate) fn named(&self, container: &str) -> Call {
        self.call(["ps", "--all", "--format", "{{.Names}}", "--filter"])
            .arg(format!("name=^/?{container}$"))
    }

    /// The names of the containers that publish this port, one a line.
    pub(crate) fn publishing(&self, port: u16) -> Call {
        self.call(["ps", "--format", "{{.Names}}", "--filter"])
            .arg(format!("publish={port}"))
    }

    /// Containers as a JSON array; fails if one does not exist, but prints the others.
    pub(crate) fn inspect(&self, containers: &[String]) -> Call {
        self.call(["container", "inspect"]).args(containers)
    }

    /// Of each container that exists one line: its name, when it was started last, and the value of a label. Fails if one
    /// does not exist.
    pub(crate) fn started(&self, containers: &[String], label: &str) -> Call {
        let format = format!(
            "{{{{slice .Name 1}}}} {{{{.State.StartedAt}}}} {{{{index .Config.Labels \"{label}\"}}}}"
        );
        self.call(["container", "inspect", "--format"])
            .arg(format)
            .args(containers)
    }

    /// The images of the engine, each as `name:tag name@digest`, one a line. A tag or a digest that it has not is `<none>`: what
    /// was pulled by its digest has no tag.
    pub(crate) fn images(&self) -> Call {
        self.call(["image", "ls", "--digests", "--format"])
            .arg("{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}")
    }

    /// The tags that the engine has of a repository, one a line.
    pub(crate) fn tags(&self, repository: &str) -> Call {
        self.call(["image", "ls", "--format", "{{.Tag}}", repository])
    }

    /// Writes images as an archive to standard output.
    pub(crate) fn save(&self, images: &[String]) -> Call {
        self.call(["save"]).args(images)
    }

    /// Starts containers that exist; harmless if they run.
    pub(crate) fn start(&self, containers: &[String]) -> Call {
        self.call(["start"]).args(containers)
    }

    /// Deletes containers with their volumes, running or not.
    pub(crate) fn remove(&self, containers: &[String]) -> Call {
        self.call(["rm", "--force", "--volumes"]).args(containers)
    }

    /// Runs a program in a container.
    pub(crate) fn exec(&self, container: &str, program: &[&str]) -> Call {
        self.call(["exec", "--interactive", container]).args(program)
    }

    /// Joins a container to a network; fails if it is in it.
    pub(crate) fn connect(&self, network: &str, container: &str) -> Call {
        self.call(["network", "connect", network, container])
    }

    /// A registry of images on 127.0.0.1 that comes back with the engine, and keeps its images in a volume of its own.
    pub(crate) fn run_registry(&self, container: &str, image: &str, port: u16) -> Call {
        self.call([
            "run",
            "--detach",
            "--restart",
            "unless-stopped",
            "--name",
            container,
        ])
        .arg("--publish")
        .arg(format!("127.0.0.1:{port}:5000"))
        .arg("--env")
        .arg("REGISTRY_STORAGE_DELETE_ENABLED=true")
        .arg(image)
    }

    /// Runs a script of bash in a new container of an image, with this side's standard input, until it ends. The container
    /// stays. The script may do what a node may, mount and run containers, but has no network.
    pub(crate) fn run_script(&self, container: &str, image: &str, script: Included) -> Call {
        self.call(["run", "--interactive", "--name", container])
            .args(["--privileged", "--network", "none"])
            .args(["--entrypoint", "bash", image, "-c"])
            .text(script)
    }

    /// Makes an image of what a container has become, with changes in the words of a Dockerfile.
    pub(crate) fn commit(&self, container: &str, reference: &str, changes: &[String]) -> Call {
        let changes = changes.iter().flat_map(|change| ["--change", change]);
        self.call(["commit"]).args(changes).args([container, reference])
    }

    /// Images as a JSON array; fails if one does not exist.
    pub(crate) fn inspect_images(&self, images: &[String]) -> Call {
        self.call(["image", "inspect"]).args(images)
    }

    /// The identifiers and tags of the images with this label, one a line with a space between. Who lost the tag to another
    /// has `<none>`.
    pub(crate) fn labelled_images(&self, label: &str) -> Call {
        self.call(["image", "ls", "--format"])
            .args(["{{.ID}} {{.Repository}}:{{.Tag}}", "--filter"])
            .arg(format!("label={label}"))
    }

    /// Removes images; fails for those that a container is made of.
    pub(crate) fn remove_images<A: AsRef<OsStr>>(&self, images: impl IntoIterator<Item = A>) -> Call {
        self.call(["image", "rm"]).args(images)
    }

    /// Pulls an image: `name:tag@sha256:…` is checked against the digest.
    pub(crate) fn pull(&self, image: &str) -> Call {
        self.call(["pull", "--quiet", image])
    }

    /// Gives an image another name.
    pub(crate) fn tag(&self, image: &str, name: &str) -> Call {
        self.call(["tag", image, name])
    }

    /// Asks whether there is the plugin that builds images.
    pub(crate) fn buildx_version(&self) -> Call {
        self.call(["buildx", "version"])
    }

    /// Builds an image by its Dockerfile.
    pub(crate) fn build(&self, build: &Build) -> Call {
        self.call([
            "buildx",
            "build",
            "--progress",
            "plain",
            "--load",
            "--provenance",
            "false",
        ])
        .arg("--file")
        .arg(&build.dockerfile)
        .args(build.target.iter().flat_map(|target| ["--target", target]))
        .args(["--tag", &build.reference])
        .arg(&build.folder)
    }

    /// Gives an image to its registry: the layers that it does not have.
    pub(crate) fn push(&self, reference: &str) -> Call {
        self.call(["push", "--quiet", reference])
    }

    /// Asks a registry for an image, with the logins that Docker keeps; fails if it does not have it.
    pub(crate) fn inspect_remote(&self, reference: &str) -> Call {
        self.call(["buildx", "imagetools", "inspect", reference])
    }

    fn call<const N: usize>(&self, args: [&str; N]) -> Call {
        Call::new(&self.program).args(args)
    }
}
