//! Uploads: one photo after the other, end to end, and sixteen large ones at once with the memory that they take.

use std::path::Path;

use anyhow::Context as _;
use comfy_table::Table;
use futures_util::future;
use image::{RgbImage, codecs::jpeg::JpegEncoder, imageops};
use photos_client::{Client, NewPhoto};
use tokio::time::Instant;

use super::{
    load::{milliseconds, percentile},
    server::Server,
    table,
};

/// One photo after the other, of a usual camera.
const SEQUENTIAL: (u32, u32, u32) = (20, 4000, 3000);
/// At once, as large as is accepted.
const AT_ONCE: (u32, u32, u32) = (16, 8660, 5773);

pub(super) async fn measure(program: &Path) -> anyhow::Result<Table> {
    let mut table = table(["uploads", "CPU ms/upload", "p50 ms", "p99 ms", "peak MiB"]);
    // Large ones wait for their turn instead of being refused.
    for (name, (count, width, height), at_once) in [
        ("12 MP, one by one", SEQUENTIAL, false),
        ("50 MP, 16 at once", AT_ONCE, true),
    ] {
        eprintln!("uploads: {name}");
        let photo = picture(width, height)?;
        let mut running = Server::prepare(program, None)?
            .with("PS_QUEUE_TIMEOUT", "10m")
            .start()
            .await?;
        let client = Client::new(&running.url())?;
        client.users().register("bench", "only-for-a-measurement").await?;
        client.auth().login("bench", "only-for-a-measurement").await?;
        let before = running.cpu()?;
        let upload = async |number: u32| -> anyhow::Result<_> {
            let begin = Instant::now();
            client
                .photos()
                .create(NewPhoto::from_bytes(format!("Photo {number}"), photo.clone()))
                .await?;
            Ok(begin.elapsed())
        };
        let mut times = Vec::new();
        if at_once {
            times = future::try_join_all((0..count).map(&upload)).await?;
        } else {
            for number in 0..count {
                times.push(upload(number).await?);
            }
        }
        times.sort_unstable();
        let cpu = milliseconds(running.cpu()?.saturating_sub(before)) / f64::from(count);
        let peak = running.peak_memory()?;
        running.stop().await;
        let [p50, p99] = [50, 99].map(|percent| format!("{:.0}", percentile(&times, percent)));
        table.add_row([
            name.to_owned(),
            format!("{cpu:.0}"),
            p50,
            p99,
            format!("{peak:.0}"),
        ]);
    }
    Ok(table)
}

/// A JPEG with some detail everywhere.
fn picture(width: u32, height: u32) -> anyhow::Result<Vec<u8>> {
    let small = RgbImage::from_fn(width / 8, height / 8, |x, y| {
        let waves = ((x * x + y * y) / 64) as u8;
        image::Rgb([waves, (x ^ y) as u8, waves.wrapping_add(y as u8)])
    });
    let large = imageops::resize(&small, width, height, imageops::FilterType::Triangle);
    let mut bytes = Vec::new();
    large
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90))
        .context("cannot encode a picture")?;
    Ok(bytes)
}
