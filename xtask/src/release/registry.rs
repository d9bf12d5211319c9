//! Asks the registry of a stage whether it has an image.

use std::time::Duration;

use crate::outcome::Failure;

/// How long a registry of this machine may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The kinds of manifests that count: of one platform or of several, by Docker's name or OCI's.
const MANIFESTS: &str = "application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json";

/// The parts of a reference to a registry of this machine: the address, the name and the tag. Others need a login, which
/// Docker keeps.
pub(crate) fn on_this_machine(reference: &str) -> Option<(&str, &str, &str)> {
    let (host, rest) = reference.split_once('/')?;
    let (name, tag) = rest.rsplit_once(':')?;
    host.starts_with("localhost:").then_some((host, name, tag))
}

/// Whether a registry of this machine has the image.
///
/// # Errors
/// When it does not answer.
pub(crate) async fn has(client: &reqwest::Client, host: &str, name: &str, tag: &str) -> anyhow::Result<bool> {
    let address = host.replace("localhost", "127.0.0.1");
    let answer = client
        .head(format!("http://{address}/v2/{name}/manifests/{tag}"))
        .header("accept", MANIFESTS)
        .timeout(PATIENCE)
        .send()
        .await;
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(true),
        Ok(answer) if answer.status() == reqwest::StatusCode::NOT_FOUND => Ok(false),
        Ok(answer) => Err(silent(host, &format!("it answers {}", answer.status())).into()),
        Err(error) => Err(silent(host, &error.to_string()).into()),
    }
}

fn silent(host: &str, why: &str) -> Failure {
    Failure::failed(format!("the registry {host} cannot be asked for images"))
        .because(why)
        .advise("`cargo xtask bootstrap` starts the registry of a stage, or makes it")
}
