//! Files while they are played.

use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use super::super::ahead::run;
use super::super::{Ahead, Block};
use super::made::{SAMPLES, Wav};
use super::{Folder, STORED, stored};

#[test]
fn damaged_files_never_stop_the_program() {
    let folder = Folder::new();
    let mut chance = sotto_instruments::Chance::new(9);
    for name in STORED.into_iter().chain(["gsm.wav"]) {
        let whole = std::fs::read(stored(name)).unwrap();
        for _ in 0..40 {
            let mut bytes = whole.clone();
            for _ in 0..8 {
                let at = (chance.sample().abs() * bytes.len().min(400) as f32) as usize;
                let at = at.min(bytes.len() - 1);
                bytes[at] = (chance.sample().abs() * 255.0) as u8;
            }
            // Whatever comes of it is an error or sound, and comes soon.
            let begin = Instant::now();
            if let Ok(mut file) = Ahead::open(&folder.put(name, &bytes), false) {
                let mut block = vec![0.0; 480 * file.channels];
                for _ in 0..20 {
                    file.fill(&mut block);
                    assert!(block.iter().all(|it| it.abs() <= 1.0));
                }
            }
            assert!(begin.elapsed() < Duration::from_secs(2), "{name}");
        }
    }
}

/// Reads until the file ends or fails, waiting for the reading thread as a device would.
fn played(file: &mut Ahead) -> (Vec<f32>, Block) {
    let mut sound = Vec::new();
    let mut block = vec![0.0; 480 * file.channels];
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        match file.fill(&mut block) {
            Block::Whole => sound.extend_from_slice(&block),
            Block::Late(missing) => {
                sound.extend_from_slice(&block[..block.len() - missing]);
                std::thread::yield_now();
            }
            over => {
                sound.extend_from_slice(&block);
                return (sound, over);
            }
        }
    }
    panic!("the file does not end")
}

#[test]
fn a_long_file_is_read_while_it_plays() {
    let folder = Folder::new();
    // Half an hour of stereo, as a hole in the disk.
    let path = folder.put(
        "long.wav",
        &Wav {
            channels: 2,
            ..Wav::default()
        }
        .bytes()[..44],
    );
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(44 + 30 * 60 * 48_000 * 4).unwrap();
    let begin = Instant::now();
    let mut file = Ahead::open(&path, false).unwrap();
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    let mut block = [0.0; 960];
    assert_eq!(file.fill(&mut block), Block::Whole);
}

/// Removes a file when it is dropped.
struct Removal(PathBuf);

impl Drop for Removal {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn a_file_counts_as_being_opened_until_there_is_enough_to_play() {
    let folder = Folder::new();
    let path = folder.put("short.wav", &Wav::default().bytes());
    let (sender, opened) = sync_channel(1);
    // It is read several times before that, and cannot be once it has gone.
    run(&path, true, Removal(path.clone()), &sender);
    let (form, ring, _) = opened.recv().unwrap().unwrap();
    let enough = form.rate as usize / 2;
    assert!(ring.slots() >= enough, "{} of {enough}", ring.slots());
    assert!(!path.exists());
}

#[test]
fn a_file_ends_in_silence_and_a_looped_one_begins_anew() {
    let folder = Folder::new();
    let path = folder.put("short.wav", &Wav::default().bytes());
    let (sound, over) = played(&mut Ahead::open(&path, false).unwrap());
    assert_eq!((sound.len(), over), (SAMPLES + 480, Block::Ended));
    assert!(sound[SAMPLES..].iter().all(|it| *it == 0.0));
    let mut looped = Ahead::open(&path, true).unwrap();
    let mut block = [0.0; 480];
    let mut heard = Vec::new();
    while heard.len() < 20 * SAMPLES {
        match looped.fill(&mut block) {
            Block::Whole => heard.extend_from_slice(&block),
            Block::Late(missing) => {
                heard.extend_from_slice(&block[..480 - missing]);
                std::thread::yield_now();
            }
            over => panic!("{over:?}"),
        }
    }
    for (n, sample) in heard.iter().enumerate() {
        assert_eq!(*sample, sound[n % SAMPLES], "sample {n}");
    }
}

#[test]
fn a_looped_file_that_has_gone_fails_with_a_reason() {
    let folder = Folder::new();
    let path = folder.put("short.wav", &Wav::default().bytes());
    let mut file = Ahead::open(&path, true).unwrap();
    std::fs::remove_file(&path).unwrap();
    let (_, over) = played(&mut file);
    assert!(
        matches!(&over, Block::Failed(detail) if detail.contains("short.wav")),
        "{over:?}"
    );
}
