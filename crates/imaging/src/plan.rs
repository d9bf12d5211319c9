//! Which variant is made from which: every one from the smallest picture that is large enough.

use crate::preset::{Fit, PresetSpec, cut, output_size};

/// A picture to be made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// The position of its preset.
    pub(crate) preset: usize,
    /// The earlier step it is made from; none for the decoded picture.
    pub(crate) from: Option<usize>,
    /// Width and height of the centre that is used, in pixels of the source.
    pub(crate) cut: (f64, f64),
    /// Width and height in pixels.
    pub(crate) size: (u32, u32),
}

impl Step {
    /// Pixels of the outcome to a pixel of its source, the greater of both sides.
    pub(crate) fn scale(&self) -> f64 {
        (f64::from(self.size.0) / self.cut.0).max(f64::from(self.size.1) / self.cut.1)
    }
}

/// Steps from large to small for a `width` × `height` picture (after orientation).
pub(crate) fn plan(width: u32, height: u32, presets: &[PresetSpec]) -> Vec<Step> {
    let mut order: Vec<(usize, (u32, u32), f64)> = presets
        .iter()
        .enumerate()
        .map(|(index, preset)| {
            let size = output_size(width, height, preset);
            let cut = cut(width, height, preset);
            let scale = (f64::from(size.0) / f64::from(cut.0)).max(f64::from(size.1) / f64::from(cut.1));
            (index, size, scale)
        })
        .collect();
    // Whole pictures first among equals, so that the others can be made from them.
    order.sort_by(|a, b| {
        b.2.total_cmp(&a.2)
            .then_with(|| whole(&presets[b.0]).cmp(&whole(&presets[a.0])))
    });

    let mut steps: Vec<Step> = Vec::with_capacity(order.len());
    for (preset, size, scale) in order {
        let from = steps
            .iter()
            .rposition(|step| whole(&presets[step.preset]) && scale_of(step, width, height) >= scale);
        let (source_width, source_height) = from.map_or((width, height), |index| steps[index].size);
        let cut = cut_of(source_width, source_height, &presets[preset], size);
        steps.push(Step {
            preset,
            from,
            cut,
            size,
        });
    }
    steps
}

fn whole(preset: &PresetSpec) -> bool {
    preset.fit == Fit::Fit
}

fn scale_of(step: &Step, width: u32, height: u32) -> f64 {
    (f64::from(step.size.0) / f64::from(width)).min(f64::from(step.size.1) / f64::from(height))
}

/// The exact centre to use: of the output's aspect, and never less than the output.
fn cut_of(width: u32, height: u32, preset: &PresetSpec, size: (u32, u32)) -> (f64, f64) {
    if whole(preset) {
        return (f64::from(width), f64::from(height));
    }
    let factor = (f64::from(width) / f64::from(size.0)).min(f64::from(height) / f64::from(size.1));
    let full = (
        (f64::from(size.0) * factor).min(f64::from(width)),
        (f64::from(size.1) * factor).min(f64::from(height)),
    );
    if (size.0, size.1) == cut(width, height, preset) {
        (f64::from(size.0), f64::from(size.1))
    } else {
        full
    }
}
