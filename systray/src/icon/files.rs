//! The icons as files of the *hicolor* theme, and their names.

use super::{Mood, Picture, SIZES, Style, draw_at, svg};
use crate::app;

/// The sizes of the program's own icon, in pixels.
const APP_SIZES: [u16; 8] = [16, 22, 24, 32, 48, 64, 128, 256];
/// The drawing that stands for the program itself: what it is named after.
const APP: Mood = Mood::Whispering;

/// A file, by its path within the theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// The path.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) bytes: Vec<u8>,
}

/// Returns the name of a state's icon.
pub(crate) fn name(mood: Mood, badge: bool) -> String {
    let invited = if badge { "-invited" } else { "" };
    format!("{}-{}{invited}", app::ID, mood.name())
}

/// Returns the path of a scalable icon within the theme.
pub(crate) fn scalable(name: &str) -> String {
    format!("scalable/apps/{name}.svg")
}

/// Returns every icon: the program's, and one for each state.
pub(crate) fn all() -> Vec<File> {
    let states = Mood::ALL
        .into_iter()
        .flat_map(|mood| [(mood, false), (mood, true)])
        .flat_map(|(mood, badge)| set(&name(mood, badge), mood, badge, &SIZES));
    set(app::ID, APP, false, &APP_SIZES)
        .into_iter()
        .chain(states)
        .collect()
}

fn set(name: &str, mood: Mood, badge: bool, sizes: &[u16]) -> Vec<File> {
    let drawing = |style| svg(style, mood, badge).into_bytes();
    let mut files = vec![
        File {
            path: scalable(name),
            bytes: drawing(Style::Colour),
        },
        File {
            path: format!("symbolic/apps/{name}-symbolic.svg"),
            bytes: drawing(Style::Symbolic),
        },
    ];
    files.extend(sizes.iter().filter_map(|size| {
        Some(File {
            path: format!("{size}x{size}/apps/{name}.png"),
            bytes: png(&draw_at(*size, mood, badge))?,
        })
    }));
    files
}

/// Writes pixels as a PNG file; none if the encoder refuses, which it has no reason to.
pub(crate) fn png(picture: &Picture) -> Option<Vec<u8>> {
    let rgba: Vec<u8> = picture
        .argb
        .chunks_exact(4)
        .flat_map(|pixel| match *pixel {
            [alpha, red, green, blue] => [red, green, blue, alpha],
            _ => [0; 4],
        })
        .collect();
    let mut bytes = Vec::new();
    let size = u32::from(picture.size);
    let mut encoder = png::Encoder::new(&mut bytes, size, size);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&rgba).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_there_in_every_size() {
        let files = all();
        let expected = APP_SIZES.len() + 2 + 2 * Mood::ALL.len() * (SIZES.len() + 2);
        assert_eq!(files.len(), expected);
        for file in files {
            let begins: &[u8] = if file.path.ends_with(".png") {
                b"\x89PNG"
            } else {
                b"<svg"
            };
            assert!(file.bytes.starts_with(begins), "{}", file.path);
        }
    }
}
