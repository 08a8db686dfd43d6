//! The decoders of what lies in a sound file.

use opus::Channels;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::packet::Packet;
use symphonia::default::get_codecs;

use super::form::Form;
use crate::SAMPLE_RATE;

/// The longest packet of Opus, in samples of each channel: 120 ms.
const LONGEST_OPUS: usize = SAMPLE_RATE as usize * 120 / 1_000;

/// A decoder of one file's packets.
pub(super) enum Codec {
    Usual(Box<dyn AudioDecoder>),
    /// Voice messages are Opus in Ogg, which symphonia takes apart but does not decode.
    Opus {
        decoder: opus::Decoder,
        channels: usize,
        /// Samples of each channel at the beginning that are none of the sound.
        skip: usize,
    },
}

/// What became of a packet.
pub(super) enum Decoded {
    /// A block, in this form.
    Block(Form),
    /// Nothing, and the next packet may be whole.
    Damaged(String),
    /// The sound has ended.
    Ended,
}

impl Codec {
    /// The decoder for a track, whose sound begins after `skip` samples. `None` if there is none for it.
    pub(super) fn of(parameters: &AudioCodecParameters, skip: u32) -> Option<Self> {
        if parameters.codec != CODEC_ID_OPUS {
            let options = AudioDecoderOptions::default();
            let decoder = get_codecs().make_audio_decoder(parameters, &options);
            return decoder.ok().map(Self::Usual);
        }
        let channels = parameters.channels.as_ref().map_or(1, |it| it.count());
        let form = match channels {
            1 => Channels::Mono,
            2 => Channels::Stereo,
            _ => return None,
        };
        Some(Self::Opus {
            decoder: opus::Decoder::new(SAMPLE_RATE, form).ok()?,
            channels,
            skip: usize::try_from(skip).unwrap_or(0),
        })
    }

    /// Decodes a packet into `block`, interleaved.
    ///
    /// # Errors
    ///
    /// A sentence about sound that cannot be read on.
    pub(super) fn decode(
        &mut self,
        packet: &Packet,
        block: &mut Vec<f32>,
    ) -> Result<Decoded, String> {
        match self {
            Self::Usual(decoder) => match decoder.decode(packet) {
                Ok(decoded) => {
                    let spec = decoded.spec();
                    let form = Form {
                        rate: spec.rate(),
                        channels: spec.channels().count(),
                    };
                    decoded.copy_to_vec_interleaved(block);
                    Ok(Decoded::Block(form))
                }
                Err(Error::DecodeError(detail)) => Ok(Decoded::Damaged(detail.to_owned())),
                Err(Error::IoError(error)) => Ok(Decoded::Damaged(error.to_string())),
                Err(Error::ResetRequired) => Ok(Decoded::Ended),
                Err(error) => Err(error.to_string()),
            },
            Self::Opus {
                decoder,
                channels,
                skip,
            } => {
                block.resize(LONGEST_OPUS * *channels, 0.0);
                match decoder.decode_float(&packet.data, block, false) {
                    Ok(samples) => {
                        block.truncate(samples * *channels);
                        let skipped = samples.min(*skip);
                        block.drain(..skipped * *channels);
                        *skip -= skipped;
                        Ok(Decoded::Block(Form {
                            rate: SAMPLE_RATE,
                            channels: *channels,
                        }))
                    }
                    Err(error) => Ok(Decoded::Damaged(error.to_string())),
                }
            }
        }
    }
}
