//! Stages whose clusters are adopted, on real ones. needs: kind.
//!
//! `cargo xtask ci e2e-kind` gives the clusters: `PLASMA_TEST_KUBECONFIG` leads to one, `PLASMA_TEST_PRODUCTION_KUBECONFIG` to
//! a second, which plays production, and `PLASMA_TEST_REGISTRY` is a registry that the nodes of the first know. Each test has
//! a workspace of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod digests;
mod hands;
mod production;
#[path = "../../examples/terminal/pty.rs"]
mod pty;
mod workspace;
