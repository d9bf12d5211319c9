//! Makes a stage's kind cluster, or makes whole what is there of it: look first, decide, then act.
//!
//! - [`site`]: what a stage's cluster is to be, from the files of the repository
//! - [`host`]: what Docker has of it; [`inside`]: what the nodes and the API server have of it
//! - [`plan`]: what is to be done about the difference, as text or as work
//! - [`work`]: does it; [`nodes`], [`registry`], [`early`], [`objects`]: its parts; [`node_image`], [`network`], [`images`], [`ingress`],
//!   [`ready`], [`deployed`], [`secrets`]: what those need
//! - [`adopt`]: takes over a cluster that is somebody else's
//! - [`trouble`]: what failures of Docker and kind mean, and what to do

pub(crate) mod adopt;
pub(crate) mod bare;
mod deployed;
mod early;
pub(crate) mod host;
pub(crate) mod images;
pub(crate) mod ingress;
pub(crate) mod inside;
mod network;
pub(crate) mod node_image;
mod nodes;
mod objects;
pub(crate) mod plan;
pub(crate) mod ready;
mod registry;
pub(crate) mod secrets;
pub(crate) mod site;
pub(crate) mod trouble;
pub(crate) mod work;
