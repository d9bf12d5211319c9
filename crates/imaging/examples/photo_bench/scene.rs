//! Photos to measure with when there are none: 12 megapixels of JPEG, the same on every machine.
//!
//! What makes a photo costly to decode is what these have: structure at every scale (noise in octaves), hard edges,
//! smooth sky, and a sensor's grain. At quality 90 they take three to four megabytes, as a phone's do.

use std::fs;
use std::path::Path;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::Outcome;

const WIDTH: u16 = 4000;
const HEIGHT: u16 = 3000;

/// Writes two of them to a folder: `ridge.jpg`, and `shore.jpg` with more sky.
pub(crate) fn generate(folder: &Path) -> Outcome<()> {
    for (name, seed, horizon) in [("ridge", 1, 0.25), ("shore", 2, 0.6)] {
        let pixels: Vec<u8> = (0..u32::from(HEIGHT))
            .flat_map(|y| (0..u32::from(WIDTH)).flat_map(move |x| pixel(x, y, seed, horizon)))
            .collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 90);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.encode(&pixels, WIDTH, HEIGHT, ColorType::Rgb)?;
        fs::write(folder.join(format!("{name}.jpg")), bytes)?;
    }
    println!("{{}}");
    Ok(())
}

fn pixel(x: u32, y: u32, seed: u32, horizon: f32) -> [u8; 3] {
    let (across, down) = (x as f32 / f32::from(WIDTH), y as f32 / f32::from(HEIGHT));
    let ridge = horizon + 0.2 * (noise(across * 6.0, 0.5, seed) - 0.5);
    let grain = (hash(x, y, seed) & 0xff) as f32 / 255.0 - 0.5;
    let [red, green, blue, rough] = if down < ridge {
        [150.0 + 60.0 * down, 180.0 + 40.0 * down, 235.0, 6.0]
    } else {
        let hue = noise(across * 9.0, down * 9.0, seed + 7);
        [70.0 + 90.0 * hue, 105.0 - 20.0 * hue, 60.0 + 25.0 * hue, 120.0]
    };
    // Octaves: every half of the size with a little more than half of the contrast, down to some pixels.
    let detail: f32 = (0..9_u32)
        .map(|octave| {
            let (scale, share) = (
                4.0 * 2_f32.powi(octave.cast_signed()),
                0.5 * 0.62_f32.powi(octave.cast_signed()),
            );
            (noise(across * scale * 4.0 / 3.0, down * scale, seed + octave) - 0.5) * share
        })
        .sum();
    [red, green, blue].map(|value| (value + rough * detail + 9.0 * grain).clamp(0.0, 255.0) as u8)
}

/// Smooth noise between 0 and 1: the corners of a lattice are random, what lies between is interpolated.
fn noise(x: f32, y: f32, seed: u32) -> f32 {
    let corner = |dx: u32, dy: u32| (hash(x as u32 + dx, y as u32 + dy, seed) & 0xffff) as f32 / 65_535.0;
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (across, down) = (ease(x.fract()), ease(y.fract()));
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    mix(
        mix(corner(0, 0), corner(1, 0), across),
        mix(corner(0, 1), corner(1, 1), across),
        down,
    )
}

fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mixed = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ seed.wrapping_mul(0xc2b2_ae3d);
    let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d);
    let mixed = (mixed ^ mixed >> 12).wrapping_mul(0x297a_2d39);
    mixed ^ mixed >> 15
}
