//! The environment of the photos service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::access::{DatabaseUrl, Registration, StoreUrl, Username};
use crate::environment::environment;
use crate::logging::{LogFormat, LogLevels};
use crate::preset::Preset;
use crate::secret::Secret;
use crate::spec::{Fallback, at_least, lasting, needed_if, range, schemes, used_if};

const HTTP: &[&str] = &["http", "https"];
const DAY: u64 = 24 * 60 * 60;
const CPUS: Fallback = Fallback::Computed("the number of CPUs", cpus);
const TEMP: Fallback = Fallback::Computed("the system's temporary folder", temp);

environment! {
    /// The photos service: uploads, thumbnails, lists, users.
    PhotosEnv, "photos", "PS_" {
        /// Where the public HTTP server listens. Port 0 takes a free one.
        PS_LISTEN => listen: SocketAddr = "127.0.0.1:8080";
        /// Where `/healthz`, `/readyz` and `/metrics` are served. Never make it public. Port 0 takes a free one.
        PS_INTERNAL_LISTEN => internal_listen: SocketAddr = "127.0.0.1:9180";
        /// The address under which clients reach the service; the links in answers begin with it. Unset: the address
        /// that the server was bound to.
        PS_PUBLIC_URL => public_url: Option<Url>, schemes(HTTP);
        /// The gallery, as browsers reach it: pages of the admin link to it. Unset: they do not.
        PS_GALLERY_URL => gallery_url: Option<Url>, schemes(HTTP);

        /// The database: `sqlite://<path>` or `postgres://<user>@<host>:5432/<database>`. The path is taken as it is;
        /// the password has its own variable.
        PS_DATABASE_URL => database_url: DatabaseUrl;
        /// The password of the PostgreSQL user.
        PS_DATABASE_PASSWORD => database_password: Option<Secret>, needed_if("database_url", "postgres");
        /// The most connections to the database at once.
        PS_DATABASE_POOL => database_pool: u32 = "8", range(1, 1_000);
        /// Whether the service brings the schema up to date when it starts. Replicas wait for each other.
        PS_MIGRATE => migrate: bool = "true";

        /// Where the photos' bytes lie: `file://<folder>` or `s3://<bucket>`. The folder is taken as it is.
        PS_STORE_URL => store_url: StoreUrl;
        /// The S3 server, if it is not AWS.
        PS_S3_ENDPOINT => s3_endpoint: Option<Url>, schemes(HTTP);
        /// The region of the bucket.
        PS_S3_REGION => s3_region: String = "us-east-1";
        /// The id of the S3 key.
        PS_S3_ACCESS_KEY => s3_access_key: Option<Secret>, needed_if("store_url", "s3");
        /// The secret half of the S3 key.
        PS_S3_SECRET_KEY => s3_secret_key: Option<Secret>, needed_if("store_url", "s3");

        /// Redis, which replicas share to count failed logins. Unset: each replica counts for itself.
        PS_REDIS_URL => redis_url: Option<Url>, schemes(&["redis", "rediss"]);
        /// The password of Redis.
        PS_REDIS_PASSWORD => redis_password: Option<Secret>, used_if("redis_url", "redis");

        /// Signs access tokens; the same in all replicas. A new one ends all access tokens.
        PS_JWT_SECRET => jwt_secret: Secret, at_least(32);
        /// How long an access token is good for.
        PS_ACCESS_TTL => access_ttl: Duration = "15m", lasting(1_000, DAY);
        /// How long a refresh token is good for, and so a session that nobody uses.
        PS_REFRESH_TTL => refresh_ttl: Duration = "7d", lasting(1_000, 365 * DAY);
        /// Who may make an account: everybody (`open`), or only the command line and the admin (`closed`).
        PS_REGISTRATION => registration: Registration = "open";
        /// The name of the first superuser.
        PS_ADMIN_USERNAME => admin_username: Username = "admin";
        /// The password of the first superuser, 10 to 128 characters. The superuser is made once, if there is none yet.
        /// Unset: none is made.
        PS_ADMIN_PASSWORD => admin_password: Option<Secret>, at_least(10);

        /// The largest photo file that is accepted.
        PS_MAX_BYTES => max_bytes: u64 = "26214400", at_least(1);
        /// The most pixels of a photo, width times height.
        PS_MAX_PIXELS => max_pixels: u64 = "50000000", range(1, 1_000_000_000);
        /// The longest side of a photo, in pixels.
        PS_MAX_SIDE => max_side: u32 = "12000", range(1, 65_535);
        /// The sizes in which photos are served: `<name>=<width>x<height>:<crop or fit>`, separated by commas.
        PS_PRESETS => presets: Vec<Preset> = "thumb=200x200:crop,small=640x640:fit,large=1440x1440:fit";

        /// Threads that decode and shrink photos.
        PS_WORKERS => workers: usize = CPUS, range(1, 1_024);
        /// The memory that photos being decoded may take together, in bytes. What does not fit waits.
        PS_DECODE_BYTES => decode_bytes: u64 = "335544320", at_least(16_777_216);
        /// How long an upload waits for memory before it is refused as `overloaded`.
        PS_QUEUE_TIMEOUT => queue_timeout: Duration = "10s", lasting(0, 3_600);
        /// Where uploads lie until they are accepted.
        PS_SPOOL_DIR => spool_dir: PathBuf = TEMP;

        /// How long a deleted photo can be restored; `0s` never.
        PS_TRASH_TTL => trash_ttl: Duration = "10m", lasting(0, 3_650 * DAY);
        /// How often the sweeper looks for what is left to finish or undo.
        PS_SWEEP_EVERY => sweep_every: Duration = "60s", lasting(10, DAY);
        /// How long an unfinished object is left alone.
        PS_SWEEP_GRACE => sweep_grace: Duration = "1h", lasting(0, 30 * DAY);

        /// Networks of the proxies whose `X-Forwarded-For` is believed, as CIDRs separated by commas.
        PS_TRUSTED_PROXIES => trusted_proxies: Vec<IpNet>;
        /// How long running requests may take to end when the service stops.
        PS_SHUTDOWN_TIMEOUT => shutdown_timeout: Duration = "30s", lasting(0, 3_600);
        /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or a list like `info,photos=debug`.
        PS_LOG => log: LogLevels = "info";
        /// How log lines are written: `text` for people, `json` for machines.
        PS_LOG_FORMAT => log_format: LogFormat = "text";
    }
}

fn cpus() -> String {
    std::thread::available_parallelism()
        .map_or(1, std::num::NonZero::get)
        .to_string()
}

fn temp() -> String {
    std::env::temp_dir().to_string_lossy().into_owned()
}
