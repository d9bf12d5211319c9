//! The registry of images: a container on a port of 127.0.0.1, in the network of the nodes.

use super::{host::Host, plan::Registries, work::Work};

impl Work<'_> {
    /// Makes the registry run on its port.
    pub(super) async fn registry(&self, host: &Host) -> anyhow::Result<()> {
        let (site, docker) = (self.site, &self.tools.docker);
        let name = [site.registry.clone()];
        let address = format!("127.0.0.1:{}", site.registry_port);
        let decided = Registries::decide(site, host);
        if decided == Registries::Run {
            self.progress
                .unchanged(format_args!("the registry runs on {address}"));
            return Ok(());
        }
        let mut step = self.progress.step(format!("make the registry on {address} run"));
        if decided == Registries::Start {
            self.call(&docker.start(&name)).await?;
            step.done();
            self.did(format!("started the registry on {address}"));
            return Ok(());
        }
        if decided == Registries::Replace {
            self.call(&docker.remove(&name)).await?;
            self.did("removed the registry that was on another port; deploy builds again what it held");
        }
        if !host.images.contains(&site.registry_image) {
            step.says(&format!("pulling {}", site.registry_image));
            self.call(&docker.pull(&site.registry_image)).await?;
        }
        let run = docker.run_registry(&site.registry, &site.registry_image, site.registry_port);
        let clear = docker.remove(&name);
        if let Err(error) = self
            .make_container(&site.registry, &clear, async || self.call(&run).await)
            .await
        {
            // Docker keeps a container whose port it could not have. If that fails too, the first cause is the one to tell.
            let _ = self.call(&clear).await;
            return Err(error);
        }
        step.done();
        self.did(format!("created the registry on {address}"));
        Ok(())
    }

    /// Puts the registry into the network of the nodes.
    pub(super) async fn join(&self, host: &Host) -> anyhow::Result<()> {
        let Some(network) = host.network() else {
            return Ok(());
        };
        let joined = host
            .registry
            .as_ref()
            .is_some_and(|registry| registry.networks.contains(network));
        if !joined {
            self.call(&self.tools.docker.connect(network, &self.site.registry))
                .await?;
            self.did("connected the registry to the nodes");
        }
        Ok(())
    }
}
