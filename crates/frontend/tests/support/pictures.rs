//! Pictures to upload: real ones from the folder of `PLASMA_PHOTOS` if it is set, else made ones.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{ImageFormat, Rgb, RgbImage};

/// A JPEG of soft hills under a sky; `seed` gives their colours.
pub(crate) fn jpeg(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    painting(width, height, seed)
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg)
        .unwrap();
    bytes
}

fn painting(width: u32, height: u32, seed: u32) -> RgbImage {
    let phase = seed as f32 * 1.7;
    let shade = |x: f32, low: f32, high: f32| (low + (high - low) * (0.5 + 0.5 * (x + phase).sin())) as u8;
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let ridge = |n: f32| 0.45 + 0.13 * n + 0.08 * (u * (5.0 + n * 2.0) + phase * (n + 1.0)).sin();
        let layer = (0..4).rev().map(|n| n as f32).find(|n| v > ridge(*n));
        match layer {
            Some(n) => Rgb([
                shade(n * 0.9, 30.0, 150.0),
                shade(n * 0.7 + 1.0, 50.0, 160.0),
                shade(n * 0.5 + 2.0, 60.0, 150.0),
            ]),
            None => Rgb([
                shade(v * 2.0, 150.0, 250.0),
                shade(v * 1.5 + 0.6, 150.0, 235.0),
                shade(v + 1.4, 160.0, 240.0),
            ]),
        }
    })
}

/// Three photos as files: from the folder of `PLASMA_PHOTOS`, or made in `folder`.
pub(crate) fn three(folder: &Path) -> Vec<PathBuf> {
    if let Some(given) = std::env::var_os("PLASMA_PHOTOS") {
        let mut found: Vec<PathBuf> = std::fs::read_dir(&given)
            .unwrap_or_else(|error| panic!("PLASMA_PHOTOS: {error}"))
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "jpg"))
            .collect();
        found.sort();
        assert!(found.len() >= 3, "PLASMA_PHOTOS has fewer than three .jpg files");
        found.truncate(3);
        return found;
    }
    made(folder)
}

/// Three photos as files, made in `folder`.
pub(crate) fn made(folder: &Path) -> Vec<PathBuf> {
    let sizes = [
        ("Harbour.jpg", 1600, 1000),
        ("Hills.jpg", 900, 1350),
        ("Wide.jpg", 2000, 900),
    ];
    (1..)
        .zip(sizes)
        .map(|(seed, (name, width, height))| {
            let path = folder.join(name);
            std::fs::write(&path, jpeg(width, height, seed)).unwrap();
            path
        })
        .collect()
}
