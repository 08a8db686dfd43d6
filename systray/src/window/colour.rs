//! Colours: two palettes, light and dark, and the circles of people.

use eframe::egui::Color32;

/// How many colours the circles have.
pub(crate) const CIRCLES: usize = 12;

/// The circles of people: each dark enough for white initials.
const CIRCLE: [Color32; CIRCLES] = [
    Color32::from_rgb(0x2F, 0x6F, 0xB5),
    Color32::from_rgb(0x1F, 0x7A, 0x6B),
    Color32::from_rgb(0xA1, 0x4A, 0x76),
    Color32::from_rgb(0x8A, 0x5A, 0x1F),
    Color32::from_rgb(0x5E, 0x5A, 0xB8),
    Color32::from_rgb(0xB0, 0x4A, 0x3A),
    Color32::from_rgb(0x3B, 0x7D, 0x3E),
    Color32::from_rgb(0x7C, 0x4F, 0xA8),
    Color32::from_rgb(0x2A, 0x77, 0x92),
    Color32::from_rgb(0x9A, 0x4B, 0x4F),
    Color32::from_rgb(0x66, 0x70, 0x2A),
    Color32::from_rgb(0x4F, 0x66, 0x80),
];

/// Returns which circle a person has: always the same for the same id.
pub(crate) fn of_person(id: &str) -> usize {
    // FNV-1a: a hash that stays the same in every release.
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash as usize % CIRCLES
}

/// Returns the colour of a circle.
pub(crate) fn circle(index: usize) -> Color32 {
    CIRCLE.get(index).copied().unwrap_or(Color32::DARK_GRAY)
}

/// The colours of a theme.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    /// Behind everything.
    pub(crate) ground: Color32,
    /// Tiles, cards and bars.
    pub(crate) card: Color32,
    /// The same under the pointer.
    pub(crate) card_hovered: Color32,
    /// Lines between things.
    pub(crate) line: Color32,
    /// What is read first.
    pub(crate) text: Color32,
    /// What is read second.
    pub(crate) weak: Color32,
    /// Who speaks, and what is on.
    pub(crate) accent: Color32,
    /// Text on the accent.
    pub(crate) on_accent: Color32,
    /// Whispers.
    pub(crate) whisper: Color32,
    /// Behind what is said of whispers.
    pub(crate) whisper_ground: Color32,
    /// What needs attention.
    pub(crate) warning: Color32,
    /// Behind what needs attention.
    pub(crate) warning_ground: Color32,
    /// Closed microphones, and leaving.
    pub(crate) danger: Color32,
}

/// For light desktops.
pub(crate) const LIGHT: Palette = Palette {
    ground: Color32::from_rgb(0xF3, 0xF4, 0xF7),
    card: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    card_hovered: Color32::from_rgb(0xE9, 0xEC, 0xF1),
    line: Color32::from_rgb(0xDD, 0xE1, 0xE7),
    text: Color32::from_rgb(0x1A, 0x1E, 0x25),
    weak: Color32::from_rgb(0x5A, 0x63, 0x70),
    accent: Color32::from_rgb(0x0B, 0x7A, 0x5E),
    on_accent: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    whisper: Color32::from_rgb(0x6B, 0x46, 0xC8),
    whisper_ground: Color32::from_rgb(0xEC, 0xE7, 0xFB),
    warning: Color32::from_rgb(0x8A, 0x55, 0x00),
    warning_ground: Color32::from_rgb(0xFC, 0xF0, 0xD8),
    danger: Color32::from_rgb(0xBE, 0x2F, 0x26),
};

/// For dark desktops.
pub(crate) const DARK: Palette = Palette {
    ground: Color32::from_rgb(0x15, 0x17, 0x1B),
    card: Color32::from_rgb(0x20, 0x23, 0x29),
    card_hovered: Color32::from_rgb(0x2B, 0x2F, 0x37),
    line: Color32::from_rgb(0x33, 0x38, 0x41),
    text: Color32::from_rgb(0xEC, 0xEE, 0xF2),
    weak: Color32::from_rgb(0xA2, 0xAB, 0xB8),
    accent: Color32::from_rgb(0x3F, 0xCB, 0x9F),
    on_accent: Color32::from_rgb(0x08, 0x24, 0x1C),
    whisper: Color32::from_rgb(0xB5, 0x9C, 0xFF),
    whisper_ground: Color32::from_rgb(0x2D, 0x27, 0x47),
    warning: Color32::from_rgb(0xF2, 0xBD, 0x5C),
    warning_ground: Color32::from_rgb(0x3A, 0x2F, 0x17),
    danger: Color32::from_rgb(0xFF, 0x86, 0x7A),
};

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2's contrast.
    fn contrast(one: Color32, other: Color32) -> f32 {
        let part = |value: u8| {
            let share = f32::from(value) / 255.0;
            match share <= 0.04045 {
                true => share / 12.92,
                false => ((share + 0.055) / 1.055).powf(2.4),
            }
        };
        let luminance =
            |c: Color32| 0.2126 * part(c.r()) + 0.7152 * part(c.g()) + 0.0722 * part(c.b());
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn initials_are_readable_on_every_circle() {
        for circle in CIRCLE {
            let found = contrast(circle, Color32::WHITE);
            assert!(found >= 4.5, "{circle:?}: {found}");
        }
    }

    #[test]
    fn texts_are_readable_on_their_grounds_in_both_themes() {
        for palette in [LIGHT, DARK] {
            for (text, ground) in [
                (palette.text, palette.ground),
                (palette.text, palette.card),
                (palette.text, palette.card_hovered),
                (palette.text, palette.whisper_ground),
                (palette.text, palette.warning_ground),
                (palette.weak, palette.ground),
                (palette.weak, palette.card),
                (palette.on_accent, palette.accent),
                (palette.accent, palette.card),
                (palette.whisper, palette.card),
                (palette.whisper, palette.whisper_ground),
                (palette.warning, palette.warning_ground),
                (palette.danger, palette.card),
            ] {
                let found = contrast(text, ground);
                assert!(found >= 4.5, "{text:?} on {ground:?}: {found}");
            }
        }
    }

    #[test]
    fn a_person_keeps_a_colour_and_people_differ() {
        assert_eq!(of_person("12D3KooWAnna"), of_person("12D3KooWAnna"));
        let different: std::collections::HashSet<_> = (0..40)
            .map(|n| of_person(&format!("12D3KooW{n}")))
            .collect();
        assert!(different.len() >= 8, "{different:?}");
    }
}
