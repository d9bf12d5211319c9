//! What `up --seed` adds: three people and their photos.

use super::draw::{Light, Scene};

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
                true,
            ),
            photo(
                "Five ridges",
                "Counted them twice. #mountains #haze",
                1800,
                1000,
                12,
                Light::Noon,
                false,
            ),
            photo(
                "Last light",
                "Stayed too long again. #dusk #mountains",
                1200,
                1600,
                13,
                Light::Dusk,
                false,
            ),
            photo(
                "Still water",
                "Not a breath of wind. #lake #dawn",
                1500,
                1500,
                14,
                Light::Dawn,
                true,
            ),
            photo(
                "Night ferry",
                "Two hours late, and worth it. #night #sea",
                2000,
                900,
                15,
                Light::Night,
                true,
            ),
            draft("Unsorted", "Needs a better name", 1400, 1050, 16, Light::Noon),
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
                false,
            ),
            photo(
                "Lunch break",
                "Bread, cheese, this. #hike",
                1440,
                1440,
                22,
                Light::Noon,
                false,
            ),
            photo(
                "The long way down",
                "Knees say no. #hike #dusk",
                1080,
                1620,
                23,
                Light::Dusk,
                false,
            ),
            photo(
                "Panorama",
                "Wide as it gets #mountains #panorama",
                2400,
                800,
                24,
                Light::Noon,
                false,
            ),
            photo(
                "Camp",
                "The stove died, the stars did not. #night #hike",
                1500,
                1000,
                25,
                Light::Night,
                false,
            ),
            draft("Blurry", "Keep or delete?", 1200, 900, 26, Light::Dusk),
        ],
    },
    Person {
        username: "cleo",
        password: "cleo-on-the-road",
        photos: &[
            photo("日の出", "山の朝 #日本 #dawn", 1600, 1200, 31, Light::Dawn, false),
            photo(
                "Fjord",
                "Colder than it looks. #lake #mountains",
                1200,
                1500,
                32,
                Light::Noon,
                true,
            ),
            photo(
                "Köln–Bonn",
                "Taken from the train window. #train #haze",
                1920,
                1080,
                33,
                Light::Dawn,
                false,
            ),
            photo(
                "Moonrise",
                "Nobody else on the beach. #night #sea",
                1500,
                1125,
                34,
                Light::Night,
                true,
            ),
            photo(
                "Orange",
                "No filter, only dust. #dusk #desert",
                1300,
                1300,
                35,
                Light::Dusk,
                false,
            ),
            photo(
                "Afterglow",
                "Ten minutes later. #dusk #desert",
                1300,
                975,
                36,
                Light::Dusk,
                true,
            ),
        ],
    },
];

const fn photo(
    name: &'static str,
    caption: &'static str,
    width: u32,
    height: u32,
    seed: u32,
    light: Light,
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
            water: false,
        },
    }
}
