//! What the frontend counts, for Prometheus. Labels are route patterns and fixed words, never what a caller wrote.

use std::time::Duration;

use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Where the time of a call falls, in seconds.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    /// Renewals of sessions by `result`: `renewed`, `shared`, `ended`, `failed`.
    pub(crate) renewals: IntCounterVec,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let labels = &["endpoint", "method", "status"];
        let seconds = HistogramOpts::new(
            "frontend_http_requests_duration_seconds",
            "Time until an answer began",
        );
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new("frontend_http_requests_total", "Calls answered"),
                labels,
            )?,
            durations: HistogramVec::new(seconds.buckets(SECONDS.to_vec()), labels)?,
            renewals: IntCounterVec::new(
                Opts::new("frontend_session_renewals_total", "Sessions renewed or not"),
                &["result"],
            )?,
        };
        let build = IntGaugeVec::new(Opts::new("frontend_build_info", "Always 1"), &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        for result in ["renewed", "shared", "ended", "failed"] {
            metrics.renewals.with_label_values(&[result]);
        }
        metrics.registry.register(Box::new(build))?;
        metrics.registry.register(Box::new(metrics.requests.clone()))?;
        metrics.registry.register(Box::new(metrics.durations.clone()))?;
        metrics.registry.register(Box::new(metrics.renewals.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn answered(&self, endpoint: &str, method: &str, status: u16, took: Duration) {
        let status = status.to_string();
        let labels = &[endpoint, method, status.as_str()];
        self.requests.with_label_values(labels).inc();
        self.durations
            .with_label_values(labels)
            .observe(took.as_secs_f64());
    }

    pub(crate) fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}
