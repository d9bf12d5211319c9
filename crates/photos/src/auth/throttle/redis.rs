//! Counters of failed logins in Redis, shared by all replicas.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, IntoConnectionInfo as _, RedisError, Script};

use super::{Attempt, Step, Verdict, WINDOW};

/// Longer than this no login waits for Redis.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long an unreachable Redis is left alone.
const PAUSE: Duration = Duration::from_secs(5);

/// A list per counter, newest failure first, cut at the limit: its last place is filled when the limit is reached, and
/// holds the time from which to wait. Looking and counting are one script, hence one step for all replicas.
const SCRIPT: &str = r"
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local window = tonumber(ARGV[2])
local wait = 0
for i, key in ipairs(KEYS) do
  local first = redis.call('LINDEX', key, tonumber(ARGV[i + 2]) - 1)
  if first then wait = math.max(wait, tonumber(first) + window - now) end
end
if wait == 0 and ARGV[1] == 'count' then
  for i, key in ipairs(KEYS) do
    redis.call('LPUSH', key, now)
    redis.call('LTRIM', key, 0, tonumber(ARGV[i + 2]) - 1)
    redis.call('PEXPIRE', key, window)
  end
end
return wait
";

pub(super) struct Shared {
    client: Client,
    connection: Mutex<Option<ConnectionManager>>,
    script: Script,
    /// Before this time Redis is not asked.
    paused_until: Mutex<Option<Instant>>,
    /// Whether the log knows that Redis is away.
    told: AtomicBool,
}

impl Shared {
    pub(super) fn new(url: &url::Url, password: Option<&str>) -> Result<Self, RedisError> {
        let mut info = url.as_str().into_connection_info()?;
        if let Some(password) = password {
            let settings = info.redis_settings().clone().set_password(password);
            info = info.set_redis_settings(settings);
        }
        Ok(Self {
            client: Client::open(info)?,
            connection: Mutex::new(None),
            script: Script::new(SCRIPT),
            paused_until: Mutex::new(None),
            told: AtomicBool::new(false),
        })
    }

    /// The verdict, or none while Redis does not answer.
    pub(super) async fn step(&self, attempt: &Attempt, step: Step) -> Option<Verdict> {
        if self.is_paused() {
            return None;
        }
        match tokio::time::timeout(2 * PATIENCE, self.ask(attempt, step)).await {
            Ok(Ok(wait)) => {
                if self.told.swap(false, Ordering::Relaxed) {
                    tracing::info!("Redis answers again: failed logins are counted for all replicas");
                }
                Some(if wait == 0 {
                    Verdict::Free
                } else {
                    Verdict::Wait(Duration::from_millis(wait))
                })
            }
            Ok(Err(error)) => self.pause(&error),
            Err(_) => self.pause(&"no answer in time"),
        }
    }

    /// One trip, whatever the throttle thinks of it.
    pub(super) async fn ping(&self) -> Result<(), RedisError> {
        let mut connection = self.connection()?;
        redis::cmd("PING").query_async(&mut connection).await
    }

    async fn ask(&self, attempt: &Attempt, step: Step) -> Result<u64, RedisError> {
        let mut connection = self.connection()?;
        let mut call = self.script.prepare_invoke();
        call.arg(if step == Step::Count { "count" } else { "look" });
        call.arg(u64::try_from(WINDOW.as_millis()).unwrap_or(u64::MAX));
        for counter in &attempt.counters {
            call.key(&counter.key).arg(counter.limit);
        }
        call.invoke_async(&mut connection).await
    }

    /// The connection, made at its first use because it belongs to the runtime that makes it.
    fn connection(&self) -> Result<ConnectionManager, RedisError> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = slot.as_ref() {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        Ok(slot.insert(connection).clone())
    }

    fn is_paused(&self) -> bool {
        let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn pause(&self, error: &dyn std::fmt::Display) -> Option<Verdict> {
        *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %error,
                "Redis does not answer: failed logins are counted in each replica alone until it does; check PS_REDIS_URL"
            );
        }
        None
    }
}
