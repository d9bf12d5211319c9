//! What `up --seed` adds: three people and their photos.

use super::draw::{Land, Light, Scene};

/// Somebody with photos. The password is for a machine of one's own: it is printed and public.
pub(super) struct Person {
    pub(super) username: &'static str,
    pub(super) password: &'static str,
    pub(super) photos: &'static [Photo],
}

/// One photo of the catalogue.
pub(super) struct Photo {
    pub(super) name: &'static str,
    pub(super) caption: &'static str,
    pub(super) draft: bool,
    pub(super) scene: Scene,
}

pub(super) const PEOPLE: [Person; 3] = [
    Person {
        username: "ann",
        password: "ann-by-the-sea",
        photos: &[
            photo(
                "Pier",
                "The first boat leaves at #dawn. #sea",
                1600,
                1200,
                11,
                Light::Dawn,
                Land::Coast,
                true,
            ),
            photo(
                "Five ridges",
                "Counted them twice. #mountains #haze",
                1800,
                1000,
                12,
                Light::Noon,
                Land::Mountains,
                false,
            ),
            photo(
                "Last light",
                "Stayed too long again. #dusk #mountains",
                1200,
                1600,
                13,
                Light::Dusk,
                Land::Mountains,
                false,
            ),
            photo(
                "Still water",
                "Not a breath of wind. #lake #dawn",
                1500,
                1500,
                14,
                Light::Dawn,
                Land::Hills,
                true,
            ),
            photo(
                "Night ferry",
                "Two hours late, and worth it. #night #sea",
                2000,
                900,
                15,
                Light::Night,
                Land::Coast,
                true,
            ),
            draft(
                "Unsorted",
                "Needs a better name",
                1400,
                1050,
                16,
                Light::Noon,
                Land::Hills,
            ),
        ],
    },
    Person {
        username: "ben",
        password: "ben-up-the-hill",
        photos: &[
            photo(
                "Above the fog",
                "Four o'clock start, no regrets. #mountains #dawn #haze",
                1600,
                1067,
                21,
                Light::Dawn,
                Land::Mountains,
                false,
            ),
            photo(
                "Lunch break",
                "Bread, cheese, this. #hike",
                1440,
                1440,
                22,
                Light::Noon,
                Land::Hills,
                false,
            ),
            photo(
                "The long way down",
                "Knees say no. #hike #dusk",
                1080,
                1620,
                23,
                Light::Dusk,
                Land::Hills,
                false,
            ),
            photo(
                "Panorama",
                "Wide as it gets #mountains #panorama",
                2400,
                800,
                24,
                Light::Noon,
                Land::Mountains,
                false,
            ),
            photo(
                "Camp",
                "The stove died, the stars did not. #night #hike",
                1500,
                1000,
                25,
                Light::Night,
                Land::Hills,
                false,
            ),
            draft(
                "Blurry",
                "Keep or delete?",
                1200,
                900,
                26,
                Light::Dusk,
                Land::Dunes,
            ),
        ],
    },
    Person {
        username: "cleo",
        password: "cleo-on-the-road",
        photos: &[
            photo(
                "日の出",
                "山の朝 #日本 #dawn",
                1600,
                1200,
                31,
                Light::Dawn,
                Land::Mountains,
                false,
            ),
            photo(
                "Orange",
                "No filter, only dust. #dusk #desert",
                1300,
                1300,
                35,
                Light::Dusk,
                Land::Dunes,
                false,
            ),
            photo(
                "Fjord",
                "Colder than it looks. #lake #mountains",
                1200,
                1500,
                32,
                Light::Noon,
                Land::Mountains,
                true,
            ),
            photo(
                "Köln–Bonn",
                "Taken from the train window. #train #haze",
                1920,
                1080,
                33,
                Light::Dawn,
                Land::Hills,
                false,
            ),
            photo(
                "Moonrise",
                "Nobody else on the beach. #night #sea",
                1500,
                1125,
                34,
                Light::Night,
                Land::Coast,
                true,
            ),
            photo(
                "Afterglow",
                "And then it was gone. #dusk #desert",
                1300,
                975,
                36,
                Light::Dusk,
                Land::Dunes,
                false,
            ),
        ],
    },
];

#[expect(clippy::too_many_arguments, reason = "a row of the table above")]
const fn photo(
    name: &'static str,
    caption: &'static str,
    width: u32,
    height: u32,
    seed: u32,
    light: Light,
    land: Land,
    water: bool,
) -> Photo {
    Photo {
        name,
        caption,
        draft: false,
        scene: Scene {
            width,
            height,
            seed,
            light,
            land,
            water,
        },
    }
}

const fn draft(
    name: &'static str,
    caption: &'static str,
    width: u32,
    height: u32,
    seed: u32,
    light: Light,
    land: Land,
) -> Photo {
    Photo {
        name,
        caption,
        draft: true,
        scene: Scene {
            width,
            height,
            seed,
            light,
            land,
            water: false,
        },
    }
}
