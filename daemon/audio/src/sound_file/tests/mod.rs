//! Sound files as other programs write them.

mod ahead;
mod made;

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::decoding::Decoding;
use crate::error::DeviceError;

use made::{Wav, chunk, extensible};

/// The files in `tests/sounds` that can be read.
const STORED: [&str; 7] = [
    "ms-adpcm.wav",
    "ima-adpcm.wav",
    "a.aiff",
    "a.flac",
    "a.mp3",
    "a.ogg",
    "a.opus",
];

fn decoded(path: &Path) -> Result<(u32, usize, Vec<f32>), DeviceError> {
    let mut decoding = Decoding::open(path)?;
    let form = decoding.form();
    let mut sound = Vec::new();
    while let Some(block) = decoding.next().unwrap() {
        sound.extend(block.iter().step_by(form.channels));
    }
    Ok((form.rate, form.channels, sound))
}

/// Says how far the first channel is from 440 Hz at `level`, if it is.
fn is_off(path: &Path, level: f32) -> Option<String> {
    let (rate, _, sound) = match decoded(path) {
        Ok(decoded) => decoded,
        Err(error) => return Some(error.to_string()),
    };
    let seconds = sound.len() as f32 / rate as f32;
    let middle = &sound[sound.len() / 4..sound.len() * 3 / 4];
    let crossings = middle
        .windows(2)
        .filter(|it| it[0] < 0.0 && it[1] >= 0.0)
        .count();
    let hertz = crossings as f32 / (middle.len() as f32 / rate as f32);
    let peak = middle.iter().fold(0.0_f32, |peak, it| peak.max(it.abs()));
    let right = (hertz - 440.0).abs() < 12.0 && (peak / level - 1.0).abs() < 0.06 && seconds > 0.15;
    (!right).then(|| format!("{hertz} Hz, peak {peak}, {seconds} s at {rate} Hz"))
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sounds")
        .join(name)
}

#[test]
fn a_wav_file_of_any_form_is_read() {
    let folder = Folder::new();
    let plain = Wav::default;
    let odd = [
        chunk(b"LIST", b"INFOISFT\x05\0\0\0Sotto\0\0"),
        chunk(b"odd ", b"abc"),
        vec![0],
    ];
    let unpadded = [chunk(b"odd ", b"abc")];
    let cut = |wav: Wav, by: usize| {
        let bytes = wav.bytes();
        bytes[..bytes.len() - by].to_vec()
    };
    let wide = Wav {
        channels: 6,
        ..plain()
    };
    for (name, bytes) in [
        ("plain", plain().bytes()),
        (
            "stereo",
            Wav {
                channels: 2,
                ..plain()
            }
            .bytes(),
        ),
        ("six channels", wide.bytes()),
        (
            "ffmpeg's pipe",
            Wav {
                riff: Some(u32::MAX),
                data: Some(u32::MAX),
                ..plain()
            }
            .bytes(),
        ),
        (
            "sox's pipe",
            Wav {
                riff: Some(0x7fff_f024),
                data: Some(0x7fff_f000),
                ..plain()
            }
            .bytes(),
        ),
        (
            "GStreamer's pipe",
            Wav {
                riff: Some(0),
                data: Some(0x7fff_0000),
                ..plain()
            }
            .bytes(),
        ),
        (
            "never completed",
            Wav {
                riff: Some(0),
                data: Some(0),
                ..plain()
            }
            .bytes(),
        ),
        (
            "header of an empty one",
            Wav {
                riff: Some(36),
                data: Some(0),
                ..plain()
            }
            .bytes(),
        ),
        ("tail cut off", cut(plain(), 4_001)),
        ("tail cut off, six channels", cut(wide, 1_001)),
        (
            "RIFF length too small",
            Wav {
                riff: Some(40),
                ..plain()
            }
            .bytes(),
        ),
        (
            "odd chunks",
            Wav {
                before: odd.concat(),
                ..plain()
            }
            .bytes(),
        ),
        (
            "odd chunk without padding",
            Wav {
                before: unpadded.concat(),
                ..plain()
            }
            .bytes(),
        ),
        (
            "format of 18",
            Wav {
                extension: vec![0, 0],
                ..plain()
            }
            .bytes(),
        ),
        (
            "format of 24",
            Wav {
                extension: b"\x06\0abcdef".to_vec(),
                ..plain()
            }
            .bytes(),
        ),
        (
            "format of 20",
            Wav {
                extension: vec![0; 4],
                ..plain()
            }
            .bytes(),
        ),
        (
            "long fact",
            Wav {
                before: chunk(b"fact", &[0; 8]),
                ..plain()
            }
            .bytes(),
        ),
        ("8 bits", Wav { bits: 8, ..plain() }.bytes()),
        (
            "24 bits",
            Wav {
                bits: 24,
                ..plain()
            }
            .bytes(),
        ),
        (
            "32 bits",
            Wav {
                bits: 32,
                ..plain()
            }
            .bytes(),
        ),
        (
            "20 in 24",
            Wav {
                bits: 20,
                ..plain()
            }
            .bytes(),
        ),
        (
            "20 in 24, extensible",
            Wav {
                bits: 24,
                extension: extensible(1, 20),
                ..plain()
            }
            .bytes(),
        ),
        (
            "24 in 32, extensible",
            Wav {
                bits: 32,
                extension: extensible(1, 24),
                ..plain()
            }
            .bytes(),
        ),
        (
            "float32",
            Wav {
                tag: 3,
                bits: 32,
                extension: vec![0, 0],
                ..plain()
            }
            .bytes(),
        ),
        (
            "float32, extensible",
            Wav {
                tag: 3,
                bits: 32,
                extension: extensible(3, 32),
                ..plain()
            }
            .bytes(),
        ),
        (
            "float64",
            Wav {
                tag: 3,
                bits: 64,
                extension: vec![0, 0],
                ..plain()
            }
            .bytes(),
        ),
        (
            "float64, long format",
            Wav {
                tag: 3,
                bits: 64,
                extension: b"\x04\0abcd".to_vec(),
                ..plain()
            }
            .bytes(),
        ),
        (
            "A-law",
            Wav {
                tag: 6,
                bits: 8,
                extension: vec![0, 0],
                ..plain()
            }
            .bytes(),
        ),
        (
            "A-law, short format",
            Wav {
                tag: 6,
                bits: 8,
                ..plain()
            }
            .bytes(),
        ),
        (
            "µ-law",
            Wav {
                tag: 7,
                bits: 8,
                extension: vec![0, 0],
                ..plain()
            }
            .bytes(),
        ),
        (
            "µ-law, extensible",
            Wav {
                tag: 7,
                bits: 8,
                extension: extensible(7, 8),
                ..plain()
            }
            .bytes(),
        ),
        (
            "RF64",
            Wav {
                id: b"RF64",
                riff: Some(u32::MAX),
                data: Some(u32::MAX),
                ..plain()
            }
            .bytes(),
        ),
        (
            "BW64",
            Wav {
                id: b"BW64",
                riff: Some(u32::MAX),
                data: Some(u32::MAX),
                ..plain()
            }
            .bytes(),
        ),
    ] {
        let path = folder.put("sound.wav", &bytes);
        assert_eq!(is_off(&path, 0.5), None, "{name}");
    }
}

#[test]
fn files_that_other_programs_wrote_are_read() {
    for name in STORED {
        assert_eq!(is_off(&stored(name), 0.4), None, "{name}");
    }
    // Known by what it holds, whatever its name is.
    let folder = Folder::new();
    let named = folder.put("song.wav", &std::fs::read(stored("a.mp3")).unwrap());
    assert_eq!(is_off(&named, 0.4), None);
    // An MP3 in a WAV file, as some recorders write it.
    let mp3 = std::fs::read(stored("a.mp3")).unwrap();
    let mut format = vec![
        0x55, 0, 1, 0, 0x22, 0x56, 0, 0, 0x70, 0x17, 0, 0, 1, 0, 0, 0,
    ];
    format.extend([12, 0, 1, 0, 2, 0, 0, 0, 0x9d, 0, 1, 0, 0, 0]);
    let body = [
        b"WAVE".to_vec(),
        chunk(b"fmt ", &format),
        chunk(b"data", &mp3),
    ]
    .concat();
    let wrapped = folder.put("wrapped.wav", &chunk(b"RIFF", &body));
    assert_eq!(is_off(&wrapped, 0.4), None);
}

#[test]
fn what_cannot_be_read_says_how_it_can_be_converted() {
    let folder = Folder::new();
    for path in [
        folder.put("text.wav", b"no wave"),
        folder.put(
            "video.mp4",
            &[b"\0\0\0\x18ftypmp42".to_vec(), vec![7; 40_000]].concat(),
        ),
        folder.put(
            "odd.wav",
            &Wav {
                tag: 0x161,
                ..Wav::default()
            }
            .bytes(),
        ),
        folder.put(
            "wide.wav",
            &Wav {
                bits: 64,
                ..Wav::default()
            }
            .bytes(),
        ),
        folder.put("none.wav", b"RIFF\x04\0\0\0WAVE"),
        folder.put("cut.wav", &Wav::default().bytes()[..30]),
        stored("gsm.wav"),
        folder.put(
            "cut.aiff",
            &std::fs::read(stored("a.aiff")).unwrap()[..20_000],
        ),
    ] {
        let error = decoded(&path).unwrap_err();
        let (text, hint) = (error.to_string(), error.hint().unwrap_or_default());
        assert!(text.contains(&path.display().to_string()), "{text}");
        assert!(hint.contains("ffmpeg -i"), "{text}: {hint}");
    }
}

#[test]
fn what_is_no_sound_file_is_refused_with_its_name() {
    let folder = Folder::new();
    for path in [
        folder.put("empty.wav", b""),
        folder.put("silent.wav", &Wav::default().bytes()[..44]),
        folder.0.path().to_owned(),
        folder.0.path().join("missing.wav"),
        PathBuf::from("/dev/zero"),
    ] {
        let error = decoded(&path).unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn what_is_left_of_a_file_that_was_cut_off_is_read() {
    let folder = Folder::new();
    // An Ogg file of this length is one page, which is whole or nothing.
    for name in ["ms-adpcm.wav", "a.flac", "a.mp3"] {
        let whole = std::fs::read(stored(name)).unwrap();
        let cut = folder.put(name, &whole[..whole.len() * 3 / 4]);
        let (rate, _, sound) = decoded(&cut).unwrap();
        let seconds = sound.len() as f32 / rate as f32;
        assert!((0.1..0.45).contains(&seconds), "{name}: {seconds} s");
    }
}

#[test]
fn compressed_files_are_read_faster_than_they_play() {
    for name in ["a.flac", "a.mp3", "a.ogg", "a.opus", "ms-adpcm.wav"] {
        let begin = Instant::now();
        let mut sound = 0.0;
        for _ in 0..20 {
            let (rate, _, samples) = decoded(&stored(name)).unwrap();
            sound += samples.len() as f64 / f64::from(rate);
        }
        let times = sound / begin.elapsed().as_secs_f64();
        println!("measured: {name} is read {times:.0} times as fast as it plays");
        assert!(times > 4.0, "{name}: {times:.1} times");
    }
}
