//! Records and direct messages as each release wrote them.
//!
//! The samples say what the kept bytes mean: the same values, built in code. A field that a later release adds has its
//! default in them, so files of earlier releases go on reading as what they said.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::path::PathBuf;

use crate::growable::Unread;
use crate::record;
use crate::wire::{self, Message};

/// This release.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where the bytes of a release are.
pub(super) fn release(version: &str) -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/interop/releases"
    ))
    .join(version)
}

/// All releases whose bytes are kept.
pub(super) fn releases() -> Vec<String> {
    let mut all: Vec<String> = std::fs::read_dir(release(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    all.sort();
    all
}

/// Whether the developer asked to write the bytes of this release.
pub(super) fn keeps() -> bool {
    std::env::var_os("SOTTO_KEEP_BYTES").is_some()
}

/// Says whether bytes read as what a sample says, and else how they read.
type Reads = Box<dyn Fn(&[u8]) -> Result<(), String>>;

/// Something that travels: how it is written, and whether bytes read as it.
struct Sample {
    name: String,
    bytes: Vec<u8>,
    reads: Reads,
}

fn samples() -> Vec<Sample> {
    let mut all = Vec::new();
    for (index, sample) in record::tests::samples().into_iter().enumerate() {
        let bytes = sample.raw().to_vec();
        let expected = record::tests::body_of(&sample);
        let reads = move |bytes: &[u8]| {
            let read = record::read_verified(bytes).ok_or("is not read")?;
            let (body, head) = (record::tests::body_of(&read), *read.head());
            (body == expected && head == *sample.head() && read.raw()[..] == *bytes)
                .then_some(())
                .ok_or_else(|| format!("reads as {head:?}, {body}"))
        };
        all.push(Sample {
            name: format!("record-{}", index + 1),
            bytes,
            reads: Box::new(reads),
        });
    }
    add("request", wire::tests::requests(), &mut all);
    add("response", wire::tests::responses(), &mut all);
    add("meeting-request", wire::tests::meeting_requests(), &mut all);
    add(
        "meeting-response",
        wire::tests::meeting_responses(),
        &mut all,
    );
    all
}

fn add<M: Message + Debug + PartialEq + 'static>(
    name: &str,
    messages: Vec<M>,
    all: &mut Vec<Sample>,
) {
    for (index, message) in messages.into_iter().enumerate() {
        all.push(Sample {
            name: format!("{name}-{index}"),
            bytes: message.encode(),
            reads: Box::new(move |bytes| {
                let read: Result<M, Unread> = M::decode(bytes);
                (read.as_ref() == Ok(&message))
                    .then_some(())
                    .ok_or_else(|| format!("reads as {read:?}"))
            }),
        });
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The messages of a release by name; none if it kept none.
fn kept(version: &str) -> BTreeMap<String, Vec<u8>> {
    let Ok(text) = std::fs::read_to_string(release(version).join("messages.txt")) else {
        return BTreeMap::new();
    };
    text.lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, bytes)| (name.to_owned(), from_hex(bytes)))
        .collect()
}

#[test]
fn what_every_release_wrote_reads_as_what_it_said() {
    let samples = samples();
    for version in releases() {
        for (name, bytes) in kept(&version) {
            let sample = samples.iter().find(|sample| sample.name == name);
            let sample = sample.unwrap_or_else(|| panic!("{version}: no sample {name}"));
            if let Err(why) = (sample.reads)(&bytes) {
                panic!("{version}: {name} {why}");
            }
        }
    }
}

#[test]
fn this_release_writes_what_is_kept_of_it() {
    let file = release(VERSION).join("messages.txt");
    let samples = samples();
    if keeps() {
        let mut text = String::new();
        for sample in &samples {
            let _ = writeln!(text, "{} {}", sample.name, hex(&sample.bytes));
        }
        std::fs::create_dir_all(release(VERSION)).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let kept = kept(VERSION);
    assert!(
        !kept.is_empty(),
        "nothing is kept of {VERSION}: see daemon/tests/interop/README.md"
    );
    for sample in &samples {
        assert_eq!(
            kept.get(&sample.name).map(|bytes| hex(bytes)),
            Some(hex(&sample.bytes)),
            "{} is written in another way than is kept of {VERSION}: see daemon/tests/interop/README.md",
            sample.name
        );
    }
    assert_eq!(kept.len(), samples.len());
}
