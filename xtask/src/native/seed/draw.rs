//! Draws landscapes: a sky with its sun or stars, land in the haze, and sometimes water. The same seed draws the same picture.

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
    pub(crate) land: Land,
    /// Whether the lower part mirrors the upper one.
    pub(crate) water: bool,
}

/// What stands on the horizon.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Land {
    Mountains,
    /// Round ones, close together.
    Hills,
    /// Long waves of sand.
    Dunes,
    /// A far coast, or none.
    Coast,
}

impl Land {
    /// How many ridges, how many finer waves each has, how high they go, and how far down the first begins.
    fn shape(self) -> (u32, u32, f32, f32) {
        match self {
            Self::Mountains => (5, 5, 0.09, 0.38),
            Self::Hills => (6, 3, 0.06, 0.5),
            Self::Dunes => (4, 2, 0.085, 0.52),
            Self::Coast => (2, 4, 0.035, 0.84),
        }
    }
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

const STARS: u32 = 240;

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
        land,
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
    if matches!(light, Light::Night) {
        put_stars(&mut picture, sun, shore, seed);
    }
    put_sun(&mut picture, sun, noise(seed, 1) * 0.7 + 0.15, shore, seed);
    let (ridges, waves, rise, first) = land.shape();
    for ridge in 0..ridges {
        let depth = fraction(ridge + 1, ridges);
        let tone = depth * depth * 0.9 + 0.1;
        let (colour, foot) = (blend(horizon, near, tone), blend(horizon, near, tone * 0.72));
        for x in 0..width {
            let down = skyline(seed, ridge, fraction(x, width), depth, waves) * rise;
            let top = (first + depth * (0.88 - first) - down).clamp(0.0, 1.0) * shore as f32;
            let edge = (top as u32).min(shore);
            for y in edge..shore {
                // Haze lies in the valleys, and the edge is as soft as one pixel.
                let haze = (fraction(y - edge, shore - edge) * 1.2).min(1.0);
                let cover = if y == edge { 1.0 - top.fract() } else { 1.0 };
                let behind = *picture.get_pixel(x, y);
                picture.put_pixel(x, y, blend(behind, blend(colour, foot, haze), cover));
            }
        }
    }
    put_water(&mut picture, zenith, shore, seed);
    picture
}

/// The picture above the shore upside down, in waves that grow towards the viewer.
fn put_water(picture: &mut RgbImage, zenith: Rgb<u8>, shore: u32, seed: u32) {
    let (width, height) = picture.dimensions();
    for y in shore..height {
        let near = fraction(y - shore, height - shore);
        let mirrored = shore - 1 - ((y - shore) * shore / height).min(shore - 1);
        // Waves are long at the shore and broad before the feet.
        let phase = near.sqrt() * 60.0 + noise(seed, 3) * TAU;
        for x in 0..width {
            let along = fraction(x, width) * TAU;
            let swing = (phase + (along * 3.0).sin() * 1.4 + (along * 7.0).cos() * 0.6).sin();
            let lift = (swing * near * shore as f32 * 0.012) as i64;
            let from = (i64::from(mirrored) + lift).clamp(0, i64::from(shore) - 1) as u32;
            let shade = 0.22 + 0.08 * swing * near;
            let seen = *picture.get_pixel(x, from);
            picture.put_pixel(x, y, blend(seen, zenith, shade));
        }
    }
}

fn put_stars(picture: &mut RgbImage, colour: Rgb<u8>, shore: u32, seed: u32) {
    for star in 0..STARS {
        let place = |index| noise(seed, 100 + star * 3 + index);
        let (x, y) = (place(0) * picture.width() as f32, place(1) * shore as f32 * 0.6);
        let size = 1 + u32::from(place(2) > 0.85);
        for (x, y) in (0..size).flat_map(|dx| (0..size).map(move |dy| (x as u32 + dx, y as u32 + dy))) {
            if x < picture.width() {
                let behind = *picture.get_pixel(x, y);
                picture.put_pixel(x, y, blend(behind, colour, 0.25 + place(2) * 0.6));
            }
        }
    }
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

/// How high a ridge stands at a place, about -1 to 1.
fn skyline(seed: u32, ridge: u32, across: f32, depth: f32, waves: u32) -> f32 {
    let mut height = 0.0;
    for octave in 0..waves {
        let phase = noise(seed, 10 + ridge * 8 + octave) * TAU;
        let length = 1.3 * 2.1_f32.powi(octave.cast_signed()) * (0.7 + depth);
        height += (across * length * TAU + phase).sin() * 0.5_f32.powi(octave.cast_signed());
    }
    height
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
            land: Land::Mountains,
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
