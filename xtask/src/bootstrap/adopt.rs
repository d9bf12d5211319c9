//! Takes over a cluster that is somebody else's: exactly one context of a kubeconfig becomes the stage's own file, and who
//! the cluster is, is recorded. Nothing is changed in the cluster.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use base64::Engine as _;
use config::Stage;
use kube::config::Kubeconfig;

use crate::{
    commands::scope::Scope,
    context::{Context, private_folder},
    kube::{client_of, identity::Identity, identity::ask, kubeconfig},
    outcome::Failure,
};

/// A cluster that is about to be adopted.
#[derive(Debug)]
pub(crate) struct Adoption {
    /// The name of the context in the file it comes from.
    pub(crate) context: String,
    /// The address of the API server.
    pub(crate) server: String,
    /// With that context alone, and nothing that lies in other files.
    file: Kubeconfig,
}

impl Adoption {
    /// Takes one context out of a kubeconfig: the named one, else the current one.
    ///
    /// # Errors
    /// Exit code 2 when the file is not valid or has no such context.
    pub(crate) fn read(path: &Path, context: Option<&str>) -> anyhow::Result<Self> {
        let wrong = |why: String| {
            Failure::usage(format!("nothing can be adopted from {}", path.display())).because(why)
        };
        let mut file = Kubeconfig::read_from(path).map_err(|error| wrong(error.to_string()))?;
        let names: Vec<&str> = file.contexts.iter().map(|named| named.name.as_str()).collect();
        let wanted = match (context, file.current_context.as_deref(), names.as_slice()) {
            (Some(name), _, _) => name.to_owned(),
            (None, Some(name), _) if !name.is_empty() => name.to_owned(),
            (None, _, [only]) => (*only).to_owned(),
            _ => {
                return Err(
                    wrong("it does not say which context is the current one".to_owned())
                        .advise(format!("name one with --context: {}", names.join(", ")))
                        .into(),
                );
            }
        };
        let Some(found) = file.contexts.iter().find(|named| named.name == wanted) else {
            return Err(wrong(format!("it has no context `{wanted}`"))
                .advise(format!("name one with --context: {}", names.join(", ")))
                .into());
        };
        let parts = found.context.clone().unwrap_or_default();
        file.contexts.retain(|named| named.name == wanted);
        file.clusters.retain(|named| named.name == parts.cluster);
        file.auth_infos
            .retain(|named| Some(&named.name) == parts.user.as_ref());
        file.current_context = Some(wanted.clone());
        let server = file
            .clusters
            .first()
            .and_then(|named| named.cluster.as_ref()?.server.clone())
            .ok_or_else(|| wrong(format!("the context `{wanted}` names no cluster with a server")))?;
        embed(&mut file)?;
        Ok(Self {
            context: wanted,
            server,
            file,
        })
    }

    /// Asks the cluster who it is, and whether it may be this stage's; changes nothing. `replace` says that another recorded
    /// cluster may be forgotten for this one.
    ///
    /// # Errors
    /// 1 when the cluster does not answer; 3 when another one is recorded, or it is another stage's.
    pub(crate) async fn examine(
        &self,
        context: &Context,
        scope: &Scope,
        replace: bool,
    ) -> anyhow::Result<Identity> {
        let client = client_of(self.file.clone()).await.map_err(|error| {
            Failure::usage(format!("the context `{}` cannot be used", self.context))
                .because(error.to_string())
        })?;
        let uid = ask(&client).await.map_err(|error| {
            Failure::failed(format!("the cluster at {} cannot be adopted", self.server))
                .because(error.to_string())
                .advise("check the address, the network and the credentials of this context")
        })?;
        let identity = Identity {
            schema: 1,
            uid,
            server: self.server.clone(),
            adopted: true,
        };
        if let Some(recorded) = Identity::load(&scope.folder(context))?
            && recorded.uid != identity.uid
            && !replace
        {
            return Err(Failure::refused(format!(
                "{} is adopted already, and it is another cluster",
                scope.title()
            ))
            .because(format!(
                "recorded: {} at {}\nthis one: {} at {}",
                recorded.uid, recorded.server, identity.uid, identity.server
            ))
            .advise("add --yes if this cluster takes the place of the recorded one")
            .into());
        }
        if let Some(Other {
            title: other,
            folder,
            adopted,
        }) = elsewhere(context, scope, &identity.uid)?
        {
            return Err(Failure::refused(format!("this cluster is the one of {other} already"))
                .because(format!(
                    "both stages would be the releases of the namespace {}, and each deploy would take the other's back",
                    scope.cluster.name
                ))
                .advise(if adopted {
                    format!(
                        "give {} a cluster of its own; if {other} has it by mistake, remove {} and identity.json beside it: \
                         that changes nothing in the cluster",
                        scope.title(),
                        kubeconfig(&folder).display()
                    )
                } else {
                    format!("give {} a cluster of its own", scope.title())
                })
                .into());
        }
        Ok(identity)
    }

    /// Writes the stage's kubeconfig and records the identity, if the cluster may be this stage's.
    ///
    /// # Errors
    /// As [`Self::examine`], and when the stage's folder cannot be written.
    pub(crate) async fn adopt(
        &self,
        context: &Context,
        scope: &Scope,
        replace: bool,
    ) -> anyhow::Result<Identity> {
        let identity = self.examine(context, scope, replace).await?;
        let folder = context.stage_folder(&scope.cluster.name, scope.stage.name())?;
        private_folder(&folder)?;
        let mut new = tempfile::NamedTempFile::new_in(&folder)
            .with_context(|| format!("cannot write into {}", folder.display()))?;
        new.write_all(serde_yaml::to_string(&self.file)?.as_bytes())?;
        let path = kubeconfig(&folder);
        new.persist(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        identity.save(&folder)?;
        Ok(identity)
    }
}

/// Another stage of the same cluster file.
struct Other {
    /// `hmlet staging`.
    title: String,
    folder: PathBuf,
    /// Whether its cluster is somebody else's.
    adopted: bool,
}

/// Another stage that lives on the Kubernetes cluster with this UID.
fn elsewhere(context: &Context, scope: &Scope, uid: &str) -> anyhow::Result<Option<Other>> {
    for stage in Stage::ALL.into_iter().filter(|stage| *stage != scope.stage) {
        let folder = context.state.join(&scope.cluster.name).join(stage.name());
        if let Some(identity) = Identity::load(&folder)?.filter(|identity| identity.uid == uid) {
            return Ok(Some(Other {
                title: format!("{} {stage}", scope.cluster.name),
                folder,
                adopted: identity.adopted,
            }));
        }
    }
    Ok(None)
}

/// Puts the certificates and keys that lie in other files into the kubeconfig itself.
fn embed(file: &mut Kubeconfig) -> anyhow::Result<()> {
    let read = |path: &String| {
        let bytes =
            fs::read(path).with_context(|| format!("cannot read {path}, which the kubeconfig names"))?;
        anyhow::Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
    };
    for cluster in file
        .clusters
        .iter_mut()
        .filter_map(|named| named.cluster.as_mut())
    {
        if let Some(path) = cluster.certificate_authority.take() {
            cluster.certificate_authority_data = Some(read(&path)?);
        }
    }
    for user in file
        .auth_infos
        .iter_mut()
        .filter_map(|named| named.auth_info.as_mut())
    {
        if let Some(path) = user.client_certificate.take() {
            user.client_certificate_data = Some(read(&path)?);
        }
        if let Some(path) = user.client_key.take() {
            user.client_key_data = Some(read(&path)?.into());
        }
    }
    Ok(())
}
