//! The measuring half of `cargo xtask bench imaging`: times the pipeline on one photo, scores what any pipeline made of
//! it, and makes photos to measure with. Prints one line of JSON.
//!
//! It needs the feature `bench`. Build it with `turbo` as well to measure libjpeg-turbo.

mod reference;
mod scene;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use cpu_time::ProcessTime;
use imaging::{Encoding, Fit, Limits, PresetSpec};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["generate", folder] => scene::generate(Path::new(folder)),
        ["time", photo, rounds, out] => time(Path::new(photo), rounds.parse()?, Path::new(out)),
        ["score", photo, made] => reference::score(Path::new(photo), Path::new(made)),
        _ => Err("usage: photo_bench generate FOLDER | time PHOTO ROUNDS OUT | score PHOTO MADE".into()),
    }
}

/// The presets of the default configuration.
fn presets() -> [PresetSpec; 3] {
    let preset = |name: &str, side, fit| PresetSpec {
        name: name.to_owned(),
        width: side,
        height: side,
        fit,
    };
    [
        preset("thumb", 200, Fit::Crop),
        preset("small", 640, Fit::Fit),
        preset("large", 1440, Fit::Fit),
    ]
}

/// Renders a photo so many times and writes the last outcome to a folder.
fn time(photo: &Path, rounds: usize, out: &Path) -> Outcome<()> {
    let bytes = fs::read(photo)?;
    let limits = Limits {
        max_pixels: 50_000_000,
        max_side: 12_000,
    };
    let mut milliseconds = Vec::with_capacity(rounds);
    let header = imaging::probe(&bytes, &limits)?;
    for round in 0..=rounds {
        let start = ProcessTime::now();
        let header = imaging::probe(&bytes, &limits)?;
        let rendered = imaging::render(&bytes, &header, &presets(), &[Encoding::Jpeg])?;
        if round > 0 {
            milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
        }
        for variant in &rendered.variants {
            fs::write(out.join(format!("{}.jpg", variant.preset)), &variant.bytes)?;
        }
    }
    let (width, height) = (header.width, header.height);
    let (estimate, peak) = (
        header.decode_bytes(&presets()),
        peak_memory()?.saturating_sub(bytes.len() as u64),
    );
    println!(
        r#"{{"cpu_ms":{milliseconds:?},"width":{width},"height":{height},"estimate":{estimate},"peak":{peak}}}"#
    );
    Ok(())
}

/// The most memory that this process ever had resident, in bytes.
fn peak_memory() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("the system does not tell")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
}
