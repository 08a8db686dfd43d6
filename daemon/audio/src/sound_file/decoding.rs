//! A sound file as interleaved samples, block by block.

use std::fs::File;
use std::path::Path;

use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::default::get_probe;

use super::codec::{Codec, Decoded};
use super::form::Form;
use super::riff::{self, WaveError};
use super::section::Section;
use crate::error::DeviceError;
use crate::resampling::RATES;

/// So many packets in a row that cannot be decoded are a file that is damaged, or no sound file at all.
const DAMAGED: u32 = 100;

/// Reads a sound file from its beginning to its end.
pub(super) struct Decoding {
    format: Box<dyn FormatReader>,
    codec: Codec,
    track: u32,
    form: Form,
    block: Vec<f32>,
    /// The first block was decoded to learn its form, and has not been handed out.
    first: bool,
}

impl Decoding {
    /// Opens a file and decodes its first block.
    pub(super) fn open(path: &Path) -> Result<Self, DeviceError> {
        // Opening a pipe or a terminal would wait for somebody at its other end.
        let metadata = std::fs::metadata(path).map_err(|error| DeviceError::file(path, &error))?;
        if metadata.is_dir() {
            return Err(DeviceError::file(path, &"it is a directory"));
        }
        if !metadata.is_file() {
            return Err(DeviceError::file(path, &"it is not a regular file"));
        }
        let mut file = File::open(path).map_err(|error| DeviceError::file(path, &error))?;
        let size = metadata.len();
        if size == 0 {
            return Err(DeviceError::file(path, &"it is empty"));
        }
        let sound = match riff::find(&mut file, size) {
            Ok(Some(wave)) => Section::new(wave.header, file, wave.begin, wave.length),
            Ok(None) => Section::new(Vec::new(), file, 0, size),
            Err(WaveError::Io(error)) => return Err(DeviceError::file(path, &error)),
            Err(error @ WaveError::Form(_)) => return Err(DeviceError::unreadable(path, &error)),
        };
        let mut decoding = Self::begin(path, sound)?;
        match decoding.advance() {
            Ok(true) => {}
            Ok(false) => return Err(DeviceError::file(path, &"it holds no sound")),
            Err(detail) => return Err(DeviceError::unreadable(path, &detail)),
        }
        let form = decoding.form;
        if !RATES.contains(&form.rate) || form.channels == 0 {
            let detail = format!("its sample rate of {} Hz cannot be used", form.rate);
            return Err(DeviceError::unreadable(path, &detail));
        }
        decoding.first = true;
        Ok(decoding)
    }

    fn begin(path: &Path, sound: Section) -> Result<Self, DeviceError> {
        let unreadable = |error: Error| match error {
            Error::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                DeviceError::file(path, &error)
            }
            Error::DecodeError(detail) => {
                DeviceError::unreadable(path, &format!("it is damaged ({detail})"))
            }
            Error::IoError(_) => DeviceError::unreadable(
                path,
                &"it is cut off, or none of the sound files that can be read",
            ),
            _ => DeviceError::unreadable(
                path,
                &"it is none of the sound files that can be read: WAV, AIFF, FLAC, MP3, Ogg Vorbis, Opus",
            ),
        };
        let stream = MediaSourceStream::new(Box::new(sound), MediaSourceStreamOptions::default());
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|it| it.to_str()) {
            hint.with_extension(extension);
        }
        let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
        let format = get_probe()
            .probe(&hint, stream, format, metadata)
            .map_err(unreadable)?;
        let none = || DeviceError::file(path, &"it holds no sound");
        let track = format.default_track(TrackType::Audio).ok_or_else(none)?;
        let parameters = track
            .codec_params
            .as_ref()
            .and_then(|parameters| parameters.audio())
            .ok_or_else(none)?;
        let skip = track.delay.unwrap_or(0);
        let codec = Codec::of(parameters, skip).ok_or_else(|| {
            DeviceError::unreadable(
                path,
                &"its sound is compressed by a codec that Sotto has not",
            )
        })?;
        let track = track.id;
        Ok(Self {
            format,
            codec,
            track,
            form: Form::default(),
            block: Vec::new(),
            first: false,
        })
    }

    /// The form that all of the file's sound has.
    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// Returns the next block, interleaved and in −1…1; `None` at the end.
    ///
    /// # Errors
    ///
    /// A sentence about a file that cannot be read on.
    pub(super) fn next(&mut self) -> Result<Option<&[f32]>, String> {
        let there = std::mem::take(&mut self.first) || self.advance()?;
        Ok(there.then_some(&self.block[..]))
    }

    /// Decodes the next block that is not empty. Returns whether there was one.
    fn advance(&mut self) -> Result<bool, String> {
        let mut damaged = 0;
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(false),
                // A tail that was cut off.
                Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return Ok(false);
                }
                // Another recording behind the first.
                Err(Error::ResetRequired) => return Ok(false),
                Err(error) => return Err(error.to_string()),
            };
            if packet.track_id != self.track {
                continue;
            }
            match self.codec.decode(&packet, &mut self.block)? {
                Decoded::Block(_) if self.block.is_empty() => {}
                Decoded::Block(form) => {
                    if self.form != Form::default() && self.form != form {
                        return Err("its form changes in the middle".to_owned());
                    }
                    self.form = form;
                    for sample in &mut self.block {
                        *sample = if sample.is_finite() {
                            sample.clamp(-1.0, 1.0)
                        } else {
                            0.0
                        };
                    }
                    return Ok(true);
                }
                Decoded::Damaged(detail) if damaged == DAMAGED => {
                    return Err(format!("it is damaged ({detail})"));
                }
                Decoded::Damaged(_) => damaged += 1,
                Decoded::Ended => return Ok(false),
            }
        }
    }
}
