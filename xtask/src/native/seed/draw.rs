//! Draws landscapes: a sky, a sun, mountain ridges in the haze, and sometimes water. The same seed draws the same picture.

use std::{f32::consts::TAU, io::Cursor};

use anyhow::Context as _;
use image::{Rgb, RgbImage, codecs::jpeg::JpegEncoder};

/// What a picture shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Different pictures for different numbers.
    pub(crate) seed: u32,
    pub(crate) light: Light,
    /// Whether the lower part mirrors the upper one.
    pub(crate) water: bool,
}

/// The time of day: colours of the zenith, the horizon, the sun and the nearest ridge.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Light {
    Dawn,
    Noon,
    Dusk,
    Night,
}

impl Light {
    fn colours(self) -> [Rgb<u8>; 4] {
        match self {
            Light::Dawn => [
                Rgb([96, 120, 178]),
                Rgb([250, 208, 180]),
                Rgb([255, 244, 220]),
                Rgb([52, 58, 84]),
            ],
            Light::Noon => [
                Rgb([58, 128, 210]),
                Rgb([206, 228, 244]),
                Rgb([255, 255, 240]),
                Rgb([34, 74, 58]),
            ],
            Light::Dusk => [
                Rgb([62, 44, 104]),
                Rgb([246, 138, 88]),
                Rgb([255, 214, 130]),
                Rgb([36, 22, 52]),
            ],
            Light::Night => [
                Rgb([8, 12, 34]),
                Rgb([44, 62, 104]),
                Rgb([236, 240, 250]),
                Rgb([6, 8, 18]),
            ],
        }
    }
}

const RIDGES: u32 = 5;

/// The scene as a JPEG.
///
/// # Errors
/// When the encoder refuses the size.
pub(crate) fn jpeg(scene: &Scene) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    draw(scene)
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 88))
        .context("cannot encode a picture")?;
    Ok(bytes.into_inner())
}

fn draw(scene: &Scene) -> RgbImage {
    let &Scene {
        width,
        height,
        seed,
        light,
        water,
    } = scene;
    let [zenith, horizon, sun, near] = light.colours();
    // Where land ends and water begins.
    let shore = if water { height * 2 / 3 } else { height };
    let mut picture = RgbImage::new(width, height);
    for y in 0..shore {
        let colour = blend(zenith, horizon, fraction(y, shore * 3 / 4));
        for x in 0..width {
            picture.put_pixel(x, y, colour);
        }
    }
    put_sun(&mut picture, sun, noise(seed, 1) * 0.7 + 0.15, shore, seed);
    for ridge in 0..RIDGES {
        let depth = fraction(ridge + 1, RIDGES);
        let colour = blend(horizon, near, depth * depth * 0.9 + 0.1);
        for x in 0..width {
            let top = skyline(seed, ridge, fraction(x, width), depth) * shore as f32;
            for y in (top as u32).min(shore)..shore {
                picture.put_pixel(x, y, colour);
            }
        }
    }
    for y in shore..height {
        let ripple = ((y - shore) as f32 * 0.35).sin() * fraction(y - shore, height - shore) * 6.0;
        let mirrored = shore - 1 - ((y - shore) * shore / height).min(shore - 1);
        for x in 0..width {
            let from = (x as f32 + ripple).clamp(0.0, width as f32 - 1.0) as u32;
            picture.put_pixel(x, y, blend(*picture.get_pixel(from, mirrored), zenith, 0.25));
        }
    }
    picture
}

fn put_sun(picture: &mut RgbImage, colour: Rgb<u8>, across: f32, shore: u32, seed: u32) {
    let (width, radius) = (picture.width(), shore as f32 * 0.06);
    let (centre_x, centre_y) = (across * width as f32, (0.2 + noise(seed, 2) * 0.3) * shore as f32);
    let reach = radius * 5.0;
    let bounds = |centre: f32, end: u32| (centre - reach).max(0.0) as u32..((centre + reach) as u32).min(end);
    for y in bounds(centre_y, shore) {
        for x in bounds(centre_x, width) {
            let distance = (x as f32 - centre_x).hypot(y as f32 - centre_y);
            let glow = if distance < radius {
                1.0
            } else {
                (1.0 - (distance - radius) / (reach - radius)).max(0.0).powi(3) * 0.7
            };
            let behind = *picture.get_pixel(x, y);
            picture.put_pixel(x, y, blend(behind, colour, glow));
        }
    }
}

/// How far down a ridge begins at a place: 0 is the top, 1 the bottom.
fn skyline(seed: u32, ridge: u32, across: f32, depth: f32) -> f32 {
    let mut height = 0.0;
    for octave in 0..5 {
        let phase = noise(seed, 10 + ridge * 8 + octave) * TAU;
        let waves = 1.3 * 2.1_f32.powi(octave.cast_signed()) * (0.7 + depth);
        height += (across * waves * TAU + phase).sin() * 0.5_f32.powi(octave.cast_signed());
    }
    0.38 + depth * 0.5 - height * 0.09
}

/// A number from 0 to 1 that looks random.
fn noise(seed: u32, index: u32) -> f32 {
    let mut mixed = seed.wrapping_mul(0x9e37_79b9) ^ index.wrapping_mul(0x85eb_ca6b);
    mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d);
    mixed = (mixed ^ (mixed >> 12)).wrapping_mul(0x297a_2d39);
    fraction((mixed ^ (mixed >> 15)) >> 8, 1 << 24)
}

fn fraction(part: u32, whole: u32) -> f32 {
    (part as f32 / whole.max(1) as f32).min(1.0)
}

fn blend(from: Rgb<u8>, to: Rgb<u8>, share: f32) -> Rgb<u8> {
    let mix = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share) as u8;
    Rgb([
        mix(from.0[0], to.0[0]),
        mix(from.0[1], to.0[1]),
        mix(from.0[2], to.0[2]),
    ])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_scene_is_drawn_the_same_each_time_and_is_not_empty() {
        let scene = Scene {
            width: 120,
            height: 80,
            seed: 7,
            light: Light::Dusk,
            water: true,
        };
        let bytes = jpeg(&scene).unwrap();
        assert_eq!(bytes, jpeg(&scene).unwrap());
        let picture = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (120, 80));
        assert_ne!(picture.get_pixel(60, 1), picture.get_pixel(60, 50));
        assert_ne!(bytes, jpeg(&Scene { seed: 8, ..scene }).unwrap());
    }
}
