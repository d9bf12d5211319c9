//! The files of a small cluster: the stories do not change with the product's own values.

/// Path and text of each.
pub(crate) const FILES: [(&str, &str); 9] = [
    ("Cargo.toml", ""),
    ("xtask/Cargo.toml", ""),
    (
        "clusters/hmlet/cluster.yaml",
        "\
cluster: hmlet
code: ht
apps: [photos]
stages:
  test: {kind: kind.yaml, http_port: 8082, registry_port: 5002}
  local: {kind: kind.yaml, http_port: 8081, registry_port: 5001}
  staging: {adopt: true}
  production: {adopt: true}
",
    ),
    (
        "envs/hmlet/comm.yaml",
        "\
photos:
  listen: 0.0.0.0:8080
",
    ),
    (
        "envs/hmlet/local.yaml",
        "\
photos:
  public_url: http://hmlet.photos.local.localhost:8081
  database_url: postgres://photos@postgresql:5432/photos
  store_url: s3://photos
  s3_endpoint: http://minio:9000
  registration: open
  log: info,photos=debug
  log_format: text
  sweep_every: 60s
",
    ),
    (
        "envs/hmlet/test.yaml",
        "\
photos:
  public_url: http://hmlet.photos.test.localhost:8082
  database_url: postgres://photos@postgresql:5432/photos
  store_url: s3://photos-test
  s3_endpoint: http://minio:9000
  registration: open
  log: info
  log_format: text
  sweep_every: 1s
",
    ),
    (
        "envs/hmlet/native.yaml",
        "\
photos:
  listen: 127.0.0.1:8080
  public_url: null
  database_url: sqlite://{state}/data/photos.sqlite
  store_url: file://{state}/data/objects
  s3_endpoint: null
  log_format: text
",
    ),
    (
        "envs/hmlet/staging.yaml",
        "\
photos:
  public_url: https://hmlet.photos.staging
  database_url: postgres://photos@postgresql.staging.hmlet.internal:5432/photos
  store_url: s3://hmlet-photos-staging
  s3_endpoint: null
  registration: closed
  log: info
  log_format: json
  sweep_every: 60s
",
    ),
    (
        "envs/hmlet/production.yaml",
        "\
photos:
  public_url: https://hmlet.photos.production
  database_url: postgres://photos@postgresql.production.hmlet.internal:5432/photos
  store_url: s3://hmlet-photos-production
  s3_endpoint: null
  registration: open
  log: info
  log_format: json
  sweep_every: 60s
",
    ),
];
