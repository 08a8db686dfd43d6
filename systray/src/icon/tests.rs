use super::*;

fn pixel(picture: &Picture, x: u16, y: u16) -> [u8; 4] {
    let at = (usize::from(y) * usize::from(picture.size) + usize::from(x)) * 4;
    picture.argb[at..at + 4].try_into().unwrap()
}

/// White, coloured or nothing: what is left when colours are not told apart.
fn shape_of(picture: &Picture) -> Vec<u8> {
    picture
        .argb
        .chunks_exact(4)
        .map(|pixel| match pixel {
            [alpha, ..] if *alpha < 128 => 0,
            [_, red, green, blue] if (*red).min(*green).min(*blue) > 190 => 2,
            _ => 1,
        })
        .collect()
}

#[test]
fn every_size_has_four_bytes_a_pixel() {
    for picture in Mood::ALL.into_iter().flat_map(|mood| draw(mood, true)) {
        assert_eq!(
            picture.argb.len(),
            usize::from(picture.size) * usize::from(picture.size) * 4
        );
    }
}

#[test]
fn no_two_states_look_alike_even_without_colour() {
    for size in SIZES {
        let all: Vec<_> = Mood::ALL
            .into_iter()
            .flat_map(|mood| [(mood, false), (mood, true)])
            .map(|(mood, badge)| ((mood, badge), shape_of(&draw_at(size, mood, badge))))
            .collect();
        for (place, (first, one)) in all.iter().enumerate() {
            for (second, other) in &all[..place] {
                let differ = one.iter().zip(other).filter(|(a, b)| a != b).count();
                // As many pixels as a small letter has.
                assert!(
                    differ >= one.len() / 32,
                    "{first:?} and {second:?} differ in {differ} pixels at {size}"
                );
            }
        }
    }
}

#[test]
fn alpha_comes_first_and_then_red_green_blue() {
    let picture = draw_at(48, Mood::Muted, false);
    assert_eq!(pixel(&picture, 0, 47), [0, 0, 0, 0], "the corner is clear");
    let [alpha, red, green, blue] = pixel(&picture, 6, 16);
    assert_eq!(alpha, 255);
    assert!(red > 180 && green < 90 && blue < 90, "the body is red");
}

#[test]
fn the_badge_is_set_off_from_the_bubble() {
    let with = draw_at(24, Mood::Speaking, true);
    assert_eq!(pixel(&with, 19, 4)[0], 255);
    assert!(pixel(&with, 19, 8)[0] < 128, "a gap around the dot");
}
