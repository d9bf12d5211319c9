//! Values that follow another app: `http://{photos}` in `native.yaml` leads to where photos listens in the same run.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::fault::Place;
use crate::setting::Setting;
use crate::spec::App;
use crate::value::Kind;

/// A value that names an app in the place of its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    /// The name of the app that is followed.
    pub app: &'static str,
    /// The value as it is written: `http://{photos}`.
    pub text: String,
}

impl Follow {
    /// The app that a text names, if it names one.
    pub(crate) fn find(apps: &[&'static App], text: &str) -> Option<Self> {
        let app = apps.iter().find(|app| text.contains(&braced(app.name)))?;
        Some(Self {
            app: app.name,
            text: text.to_owned(),
        })
    }

    /// The value while the app listens there.
    pub fn value(&self, listen: SocketAddr) -> String {
        self.text
            .replace(&braced(self.app), &reachable(listen).to_string())
    }
}

fn braced(name: &str) -> String {
    format!("{{{name}}}")
}

/// Whether `{photos}` may stand for the address of that app in this place: only on one machine, where this file is read.
pub(crate) fn is_known_in(path: &Path) -> bool {
    path.ends_with("native.yaml")
}

/// Puts addresses in the places of names in the URLs of `native.yaml`, once all layers have said where everybody listens.
pub(crate) fn resolve(apps: &[&'static App], settings: &mut [Setting]) {
    let listens: Vec<(&str, SocketAddr)> = settings
        .iter()
        .filter(|setting| setting.variable.key == "listen")
        .filter_map(|setting| Some((setting.app.name, setting.effective()?.parse().ok()?)))
        .collect();
    for setting in settings {
        let Some(origin) = setting.chain.last_mut() else {
            continue;
        };
        let may_follow = setting.variable.kind == Kind::Url
            && matches!(&origin.place, Place::File { path, .. } if is_known_in(path));
        let Some(value) = origin.value.as_mut().filter(|_| may_follow) else {
            continue;
        };
        let Some(follow) = Follow::find(apps, value) else {
            continue;
        };
        if let Some((_, listen)) = listens.iter().find(|(app, _)| *app == follow.app) {
            *value = follow.value(*listen);
            setting.follows = Some(follow);
        }
    }
}

/// The address under which a listener is reached from its own machine: all addresses means loopback.
pub fn reachable(listen: SocketAddr) -> SocketAddr {
    let mut address = listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
