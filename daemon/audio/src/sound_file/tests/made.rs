//! WAV files in every form that programs write.

pub(super) const RATE: u32 = 48_000;
pub(super) const SAMPLES: usize = 9_600;

/// A WAV file in the making: 440 Hz at half of full scale in each channel.
#[derive(Clone)]
pub(super) struct Wav {
    pub(super) tag: u16,
    pub(super) bits: u16,
    pub(super) channels: u16,
    /// What follows the first 16 bytes of the format.
    pub(super) extension: Vec<u8>,
    /// Chunks before the sound.
    pub(super) before: Vec<u8>,
    pub(super) riff: Option<u32>,
    pub(super) data: Option<u32>,
    pub(super) id: &'static [u8; 4],
}

impl Default for Wav {
    fn default() -> Self {
        Self {
            tag: 1,
            bits: 16,
            channels: 1,
            extension: Vec::new(),
            before: Vec::new(),
            riff: None,
            data: None,
            id: b"RIFF",
        }
    }
}

impl Wav {
    fn sound(&self) -> Vec<u8> {
        let mut sound = Vec::new();
        for n in 0..SAMPLES {
            let sample = 0.5 * (std::f64::consts::TAU * 440.0 * n as f64 / f64::from(RATE)).sin();
            let scaled = (sample * f64::from(i32::MAX)) as i32;
            for _ in 0..self.channels {
                match (self.tag, self.bits) {
                    (3, 32) => sound.extend((sample as f32).to_le_bytes()),
                    (3, 64) => sound.extend(sample.to_le_bytes()),
                    (6, _) => sound.push(a_law((scaled >> 16) as i16)),
                    (7, _) => sound.push(mu_law((scaled >> 16) as i16)),
                    (_, 64) => sound.extend((i64::from(scaled) << 32).to_le_bytes()),
                    (_, 8) => sound.push(((scaled >> 24) + 128) as u8),
                    (_, 20) => sound.extend(&(scaled & !0xfff).to_le_bytes()[1..]),
                    (_, bits) => sound.extend(&scaled.to_le_bytes()[4 - usize::from(bits / 8)..]),
                }
            }
        }
        sound
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let sound = self.sound();
        let block = self.channels * self.bits.div_ceil(8);
        let mut format = Vec::new();
        let tag = if self.extension.len() >= 24 {
            0xfffe
        } else {
            self.tag
        };
        format.extend(tag.to_le_bytes());
        format.extend(self.channels.to_le_bytes());
        format.extend(RATE.to_le_bytes());
        format.extend((RATE * u32::from(block)).to_le_bytes());
        format.extend(block.to_le_bytes());
        format.extend(self.bits.to_le_bytes());
        format.extend(&self.extension);
        let mut body = b"WAVE".to_vec();
        if self.id != b"RIFF" {
            body.extend(b"ds64");
            body.extend(28_u32.to_le_bytes());
            body.extend(0_u64.to_le_bytes());
            body.extend((sound.len() as u64).to_le_bytes());
            body.extend([0; 12]);
        }
        body.extend(chunk(b"fmt ", &format));
        body.extend(&self.before);
        body.extend(b"data");
        body.extend(self.data.unwrap_or(sound.len() as u32).to_le_bytes());
        body.extend(sound);
        let mut whole = self.id.to_vec();
        whole.extend(self.riff.unwrap_or(body.len() as u32).to_le_bytes());
        whole.extend(body);
        whole
    }
}

pub(super) fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = id.to_vec();
    chunk.extend((body.len() as u32).to_le_bytes());
    chunk.extend(body);
    chunk
}

/// What follows the first 16 bytes of an extensible format.
pub(super) fn extensible(tag: u8, valid: u8) -> Vec<u8> {
    let mut extension = vec![22, 0, valid, 0, 0, 0, 0, 0, tag, 0, 0, 0, 0, 0, 0x10, 0];
    extension.extend([0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    extension
}

/// G.711.
fn mu_law(sample: i16) -> u8 {
    let (sign, magnitude) = (if sample < 0 { 0x80 } else { 0 }, i32::from(sample).abs());
    let biased = (magnitude >> 2).min(8_158) + 33;
    let exponent = biased.ilog2() - 5;
    !(sign | (exponent as u8) << 4 | (biased >> (exponent + 1) & 0xf) as u8)
}

/// G.711.
fn a_law(sample: i16) -> u8 {
    let (sign, magnitude) = (
        if sample < 0 { 0 } else { 0x80 },
        i32::from(sample).abs() >> 3,
    );
    let coded = match magnitude {
        0..32 => magnitude >> 1,
        _ => {
            let exponent = magnitude.ilog2() - 4;
            (exponent as i32) << 4 | magnitude >> exponent & 0xf
        }
    };
    (sign | coded as u8) ^ 0x55
}
