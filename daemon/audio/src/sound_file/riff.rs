//! WAV files, as they are found.
//!
//! Programs that write into a pipe, or that ended before they were done, leave lengths that are not true. Others write
//! forms that the reader behind this refuses: long format chunks, 64-bit lengths, no padding. So the chunks are walked
//! here, and the reader is given the sound behind a header in the one form that it takes.

use std::io::{self, Read, Seek, SeekFrom};

/// More chunks than any program writes before the sound.
const CHUNKS: usize = 1_000;

/// What is read of a format chunk: more than any format that is understood needs.
const FORMAT: usize = 128;

/// A data chunk of at least this length was begun without knowing it: sox writes `0x7fff_f000`, ffmpeg all ones.
const UNKNOWN: u64 = 0x7fff_0000;

const PCM: u16 = 1;
const MS_ADPCM: u16 = 2;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const IMA_ADPCM: u16 = 0x11;
const MP3: u16 = 0x55;
const EXTENSIBLE: u16 = 0xfffe;

/// Where the sound of a WAV file lies, and the header to read it behind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wave {
    /// Empty if the sound is read as it is.
    pub(super) header: Vec<u8>,
    pub(super) begin: u64,
    pub(super) length: u64,
}

/// Why a WAV file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum WaveError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Form(String),
}

impl WaveError {
    fn form(text: impl Into<String>) -> Self {
        Self::Form(text.into())
    }
}

/// Looks for the sound in a file of `size` bytes. `None` if it is no WAV file.
pub(super) fn find(file: &mut (impl Read + Seek), size: u64) -> Result<Option<Wave>, WaveError> {
    let mut head = [0; 12];
    if read_at(file, 0, &mut head)? < head.len() || &head[8..] != b"WAVE" {
        return Ok(None);
    }
    match &head[..4] {
        b"RIFF" | b"RF64" | b"BW64" => {}
        _ => return Ok(None),
    }
    let told = u64::from(number(&head, 4)) + 8;
    let (mut format, mut sound, mut long) = (None, None, None);
    let mut at = head.len() as u64;
    for _ in 0..CHUNKS {
        let mut chunk = [0; 8];
        if read_at(file, at, &mut chunk)? < chunk.len() {
            break;
        }
        let (body, length) = (at + 8, u64::from(number(&chunk, 4)));
        match &chunk[..4] {
            b"fmt " => {
                let mut bytes = vec![0; FORMAT.min(usize::try_from(length).unwrap_or(FORMAT))];
                let read = read_at(file, body, &mut bytes)?;
                bytes.truncate(read);
                format = Some(bytes);
            }
            b"ds64" => {
                let mut bytes = [0; 16];
                if read_at(file, body, &mut bytes)? == bytes.len() {
                    long = Some(u64::from(number(&bytes, 8)) | u64::from(number(&bytes, 12)) << 32);
                }
            }
            b"data" => {
                let there = size.saturating_sub(body);
                let length = match (length, long) {
                    (0xffff_ffff, Some(long)) => long,
                    // A header that was never completed; an empty recording's agrees with the file.
                    (0, _) if told != size => there,
                    (length, _) => length,
                };
                let unknown = length >= UNKNOWN && length > there;
                let length = if unknown { there } else { length.min(there) };
                sound = Some((body, length));
            }
            _ => {}
        }
        if format.is_some() && sound.is_some() {
            break;
        }
        at = after(file, body, length)?;
    }
    let format =
        format.ok_or_else(|| WaveError::form("it does not say what form its sound has"))?;
    let (begin, length) = sound.ok_or_else(|| WaveError::form("it holds no sound"))?;
    let header = header(&format, length)?;
    Ok(Some(Wave {
        header,
        begin,
        length,
    }))
}

/// Returns where the next chunk begins: chunks of odd length are padded, except by programs that forget to.
fn after(file: &mut (impl Read + Seek), body: u64, length: u64) -> io::Result<u64> {
    let end = body.saturating_add(length);
    let mut pad = [0];
    let padded = length % 2 == 1 && read_at(file, end, &mut pad)? == 1 && pad == [0];
    Ok(end.saturating_add(u64::from(padded)))
}

/// Returns a header in the form that the reader takes.
fn header(format: &[u8], length: u64) -> Result<Vec<u8>, WaveError> {
    if format.len() < 16 {
        return Err(WaveError::form("it does not say what form its sound has"));
    }
    let mut tag = short(format, 0);
    if tag == EXTENSIBLE && format.len() >= 26 {
        tag = short(format, 24);
    }
    let (channels, rate) = (short(format, 2), number(format, 4));
    let (block, bits) = (short(format, 12), short(format, 14));
    if channels == 0 || rate == 0 {
        return Err(WaveError::form("its header is damaged"));
    }
    // 20 bits lie in the upper part of 24, and 24 sometimes in that of 32: the room is what is read.
    let room = match block.checked_rem(channels) {
        Some(0) if block > 0 => block / channels,
        _ => bits.div_ceil(8),
    };
    let (room, extension): (u16, &[u8]) = match (tag, room) {
        (PCM, 1..=4) | (FLOAT, 4 | 8) | (A_LAW | MU_LAW, 1) => (room, &[]),
        (MS_ADPCM | IMA_ADPCM, _) => (0, format.get(18..).unwrap_or_default()),
        (MP3, _) => return Ok(Vec::new()),
        (PCM | FLOAT | A_LAW | MU_LAW, _) => {
            return Err(WaveError::form(format!(
                "its samples of {bits} bits cannot be read"
            )));
        }
        (0x31, _) => return Err(WaveError::form("its sound is compressed by GSM")),
        (tag, _) => {
            return Err(WaveError::form(format!(
                "its sound is compressed by a codec that Sotto has not (number {tag:#x})"
            )));
        }
    };
    let (block, bits) = match room {
        0 => (block, bits),
        room => (
            room.checked_mul(channels)
                .ok_or_else(|| WaveError::form("it has too many channels"))?,
            room * 8,
        ),
    };
    let declared = match room {
        0 => short(format.get(16..18).unwrap_or(&[0, 0]), 0),
        _ => 0,
    };
    let extension = &extension[..extension.len().min(usize::from(declared))];
    let extended = u16::try_from(extension.len()).unwrap_or(0);
    let whole = length - length % u64::from(block.max(1));
    let data = match u32::try_from(whole) {
        Ok(length) if length < u32::MAX => length,
        _ => u32::MAX,
    };
    let mut header = Vec::with_capacity(64);
    header.extend_from_slice(b"RIFF\xff\xff\xff\xffWAVEfmt ");
    header.extend_from_slice(&(18 + u32::from(extended)).to_le_bytes());
    header.extend_from_slice(&tag.to_le_bytes());
    header.extend_from_slice(&channels.to_le_bytes());
    header.extend_from_slice(&rate.to_le_bytes());
    header.extend_from_slice(&rate.saturating_mul(u32::from(block)).to_le_bytes());
    header.extend_from_slice(&block.to_le_bytes());
    header.extend_from_slice(&bits.to_le_bytes());
    header.extend_from_slice(&extended.to_le_bytes());
    header.extend_from_slice(extension);
    if extended % 2 == 1 {
        header.push(0);
    }
    header.extend_from_slice(b"data");
    header.extend_from_slice(&data.to_le_bytes());
    Ok(header)
}

/// Reads as much of `bytes` as the file has at `position`.
fn read_at(file: &mut (impl Read + Seek), position: u64, bytes: &mut [u8]) -> io::Result<usize> {
    file.seek(SeekFrom::Start(position))?;
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from(short(bytes, at)) | u32::from(short(bytes, at + 2)) << 16
}

fn short(bytes: &[u8], at: usize) -> u16 {
    let byte = |at| u16::from(bytes.get(at).copied().unwrap_or(0));
    byte(at) | byte(at + 1) << 8
}
