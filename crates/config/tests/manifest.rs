//! `app.yaml`: the releases of an app, and how a wrong file is told.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::Path;

use config::{AppManifest, Faults, Stage};

const RIGHT: &str = "app: photos\ncode: ps\nreleases:\n  \
     - {name: postgresql, chart: ../charts/postgresql, values: postgresql.yaml, stages: [local, test]}\n  \
     - {name: photos, chart: chart, values: backend.yaml}\n";

fn manifest(text: &str) -> Result<AppManifest, Faults> {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join(AppManifest::folder("zoo", "photos"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("app.yaml"), text).unwrap();
    AppManifest::load(root.path(), "zoo", "photos")
}

#[test]
fn a_stage_has_its_releases_in_the_order_of_the_file() {
    let photos = manifest(RIGHT).unwrap();
    assert_eq!((photos.app.as_str(), photos.code.as_str()), ("photos", "ps"));
    let names = |stage| -> Vec<&str> {
        photos
            .releases_of(stage)
            .map(|release| release.name.as_str())
            .collect()
    };
    assert_eq!(names(Stage::Local), ["postgresql", "photos"]);
    assert_eq!(names(Stage::Production), ["photos"]);

    let postgresql = &photos.releases[0];
    assert_eq!(
        postgresql.chart_folder("zoo", "photos"),
        Path::new("clusters/zoo/charts/postgresql")
    );
    assert_eq!(
        postgresql.values_file("zoo", "photos", Stage::Local),
        Path::new("clusters/zoo/photos/values/local/postgresql.yaml")
    );
}

#[test]
fn a_wrong_manifest_is_told_line_by_line() {
    let text = "app: fotos\ncode: fo\nrelease: []\nreleases:\n  \
         - {name: Photos, chart: /chart, values: ../backend.yaml, stage: [local]}\n  \
         - {name: redis, chart: ../charts/redis}\n  \
         - {name: minio, chart: c, values: minio.yaml, stages: [locl, test, test]}\n  \
         - {name: minio, chart: c, values: minio.yaml, stages: local}\n  \
         - redis\n  \
         - {name: no, chart: c, values: redis.yaml}\n";
    insta::assert_snapshot!(manifest(text).unwrap_err(), @r#"
    14 faults in the environment:
      clusters/zoo/photos/app.yaml:1:6: app: must be the folder's name, `photos`
      clusters/zoo/photos/app.yaml:2:7: code: `fo` is not the prefix of the app's variables in small letters, `ps`
      clusters/zoo/photos/app.yaml:3:1: release: is unknown; did you mean `releases`?
      clusters/zoo/photos/app.yaml:5:12: name: `Photos` is not a release's name: a-z, 0-9 and `-`
      clusters/zoo/photos/app.yaml:5:27: chart: `/chart` is not a folder relative to this file's
      clusters/zoo/photos/app.yaml:5:43: values: `../backend.yaml` is not a file name like backend.yaml
      clusters/zoo/photos/app.yaml:5:60: stage: is unknown; did you mean `stages`?
      clusters/zoo/photos/app.yaml:6:5: releases: must be {name: <release>, chart: <folder>, values: <file>}, with stages: [<stage>] or without
      clusters/zoo/photos/app.yaml:7:58: stages: `locl` is unknown; did you mean `local`?
      clusters/zoo/photos/app.yaml:7:70: stages: `test` is listed twice
      clusters/zoo/photos/app.yaml:8:5: release `minio`: is listed twice
      clusters/zoo/photos/app.yaml:8:57: stages: must be a list like [local, test]; without it all stages have the release
      clusters/zoo/photos/app.yaml:9:5: releases: is one value, must be a mapping: write `key: value` lines
      clusters/zoo/photos/app.yaml:10:12: name: `no` without quotes is true or false to some readers of YAML: write "no"
    "#);
    insta::assert_snapshot!(manifest("app: photos\nreleases: []\n").unwrap_err(), @r"
    2 faults in the environment:
      clusters/zoo/photos/app.yaml:2:11: releases: is an empty list, must be a list like [{name: photos, chart: chart, values: backend.yaml}]
      clusters/zoo/photos/app.yaml: code: is missing
    ");
}

#[test]
fn an_app_without_a_manifest_is_said() {
    let root = tempfile::tempdir().unwrap();
    let told = AppManifest::load(root.path(), "zoo", "photos").unwrap_err();
    insta::assert_snapshot!(told, @r"
    1 fault in the environment:
      clusters/zoo/photos/app.yaml: there is no such file, and cluster `zoo` lists the app `photos`
    ");
}

#[test]
fn every_app_of_hmlet_has_a_manifest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for app in ["photos", "frontend"] {
        let manifest = AppManifest::load(&root, "hmlet", app).unwrap();
        let last = manifest.releases.last().unwrap();
        assert_eq!((last.name.as_str(), &last.stages), (app, &None));
    }
}
