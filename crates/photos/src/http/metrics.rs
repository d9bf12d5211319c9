//! What the service counts, for Prometheus. Labels are route patterns and fixed words, never what a caller wrote.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// Where the time of a call falls, in seconds: from a cached thumbnail to a large upload.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// The service's counters.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    /// Uploads by `result`: `created`, `replayed`, `refused`, `failed`.
    pub uploads: IntCounterVec,
    /// Rows of the object ledger by `state`.
    pub objects: IntGaugeVec,
    /// Bytes that photos being decoded take together, by estimate.
    pub decode_bytes: IntGauge,
    counted: Mutex<Counted>,
}

/// When the ledger was last counted, and how long that took.
struct Counted {
    at: Option<Instant>,
    took: Duration,
}

impl Metrics {
    /// All counters at zero.
    ///
    /// # Errors
    /// When two metrics have one name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let labels = &["endpoint", "method", "status"];
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(Opts::new("photos_http_requests_total", "Calls answered"), labels)?,
            durations: HistogramVec::new(
                HistogramOpts::new(
                    "photos_http_requests_duration_seconds",
                    "Time until an answer began",
                )
                .buckets(SECONDS.to_vec()),
                labels,
            )?,
            uploads: IntCounterVec::new(Opts::new("photos_uploads_total", "Uploads ended"), &["result"])?,
            objects: IntGaugeVec::new(Opts::new("photos_objects", "Objects in the ledger"), &["state"])?,
            decode_bytes: IntGauge::new("photos_decode_bytes", "Bytes admitted for decoding")?,
            counted: Mutex::new(Counted {
                at: None,
                took: Duration::ZERO,
            }),
        };
        let build = IntGaugeVec::new(Opts::new("photos_build_info", "Always 1"), &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        for result in ["created", "replayed", "refused", "failed"] {
            metrics.uploads.with_label_values(&[result]);
        }
        metrics.registry.register(Box::new(build))?;
        metrics.registry.register(Box::new(metrics.requests.clone()))?;
        metrics.registry.register(Box::new(metrics.durations.clone()))?;
        metrics.registry.register(Box::new(metrics.uploads.clone()))?;
        metrics.registry.register(Box::new(metrics.objects.clone()))?;
        metrics
            .registry
            .register(Box::new(metrics.decode_bytes.clone()))?;
        Ok(metrics)
    }

    /// Shows a counter that somebody else counts with.
    ///
    /// # Errors
    /// When its name is taken.
    pub fn show(&self, counter: &IntCounter) -> Result<(), prometheus::Error> {
        self.registry.register(Box::new(counter.clone()))
    }

    pub(super) fn answered(&self, endpoint: &str, method: &str, status: u16, took: Duration) {
        let status = status.to_string();
        let labels = &[endpoint, method, status.as_str()];
        self.requests.with_label_values(labels).inc();
        self.durations
            .with_label_values(labels)
            .observe(took.as_secs_f64());
    }

    /// Whether the ledger should be counted again. Counting walks all of it, so the pause grows with what it takes.
    pub(super) fn is_count_due(&self) -> bool {
        let counted = self
            .counted
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        counted.at.is_none_or(|at| at.elapsed() >= 200 * counted.took)
    }

    pub(super) fn set_objects(&self, counts: &[(&str, u64)], took: Duration) {
        for (state, count) in counts {
            self.objects
                .with_label_values(&[*state])
                .set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
        let mut counted = self
            .counted
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *counted = Counted {
            at: Some(Instant::now()),
            took,
        };
    }

    /// Everything in Prometheus's text format.
    ///
    /// # Errors
    /// When a metric cannot be written.
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}
