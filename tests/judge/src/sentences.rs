//! What is said, by the names of Debian's spoken prompts.

/// Natural speech: what Debian's sound tools say (`alsa-utils`, `/usr/share/sounds/alsa`), one prompt after the other, 8 to
/// 12 s each.
pub const SENTENCES: [&[&str]; 4] = [
    &[
        "Front_Center",
        "Rear_Left",
        "Side_Right",
        "Front_Left",
        "Rear_Center",
        "Side_Left",
    ],
    &[
        "Side_Left",
        "Front_Right",
        "Rear_Right",
        "Front_Center",
        "Side_Right",
        "Rear_Left",
    ],
    &[
        "Rear_Center",
        "Front_Left",
        "Side_Right",
        "Rear_Right",
        "Side_Left",
        "Front_Right",
    ],
    &[
        "Front_Right",
        "Rear_Center",
        "Rear_Left",
        "Side_Left",
        "Front_Center",
        "Rear_Right",
    ],
];
