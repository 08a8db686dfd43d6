//! How a person names a device and a sound system: the one grammar, by which `sotto config set` refuses what the
//! daemon would refuse.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The highest frequency that a tone may have, in hertz: what 48 kHz can carry.
pub const HIGHEST_TONE: u32 = 20_000;
/// The longest text that may name a device, in bytes.
pub const LONGEST_DEVICE: usize = 1024;

/// A device by the name that a person gives it.
///
/// ```
/// use sotto_control::config::Device;
///
/// let device: Device = "file:/tmp/speech.wav?loop".parse()?;
/// assert_eq!(device, Device::File { path: "/tmp/speech.wav".into(), looped: true });
/// assert_eq!(device.to_string(), "file:/tmp/speech.wav?loop");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Device {
    /// `default`: what the system uses by default.
    #[default]
    Default,
    /// A device by its identifier or name, as `sotto devices` lists it.
    Named(String),
    /// `file:PATH`: a sound file. As a microphone it is spoken in real time from the moment of joining, once (`?once`,
    /// the default) or again and again (`?loop`); as a loudspeaker it is written, as WAV.
    File {
        /// Where the file is: from the root, or from the home directory after `~/`.
        path: PathBuf,
        /// Whether it begins anew at its end.
        looped: bool,
    },
    /// `tone:HZ`: a sine, as a microphone.
    Tone {
        /// Its frequency, 1 to [`HIGHEST_TONE`].
        hertz: u32,
    },
    /// `null`: silence as a microphone, nowhere as a loudspeaker.
    Null,
}

impl FromStr for Device {
    /// What the text must be, to be read after the name of its setting.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err(
                "must be \"default\", a name from 'sotto devices', \"file:PATH\", \"tone:HZ\" or \"null\"".into(),
            );
        }
        if text.len() > LONGEST_DEVICE {
            return Err(format!("is longer than {LONGEST_DEVICE} bytes"));
        }
        if text.contains('\0') {
            return Err("contains control characters".into());
        }
        if let Some(rest) = text.strip_prefix("file:") {
            return file(rest);
        }
        if let Some(hertz) = text.strip_prefix("tone:") {
            return match hertz.parse() {
                Ok(hertz) if (1..=HIGHEST_TONE).contains(&hertz) => Ok(Self::Tone { hertz }),
                _ => Err(format!(
                    "must be a whole frequency from 1 to {HIGHEST_TONE} after \"tone:\", as in \"tone:440\""
                )),
            };
        }
        Ok(match text {
            "default" => Self::Default,
            "null" => Self::Null,
            name => Self::Named(name.to_owned()),
        })
    }
}

/// What follows `file:`.
fn file(rest: &str) -> Result<Device, String> {
    let (path, looped) = match rest.rsplit_once('?') {
        Some((path, "loop")) => (path, true),
        Some((path, "once")) => (path, false),
        // A question mark before a slash or an extension belongs to the path.
        Some((_, option)) if !option.contains(['/', '.']) => {
            return Err(format!(
                "can be played \"?once\" or \"?loop\", not \"?{}\"",
                option.escape_debug()
            ));
        }
        _ => (rest, false),
    };
    if path.is_empty() {
        return Err(
            "needs the path of a sound file after \"file:\", as in \"file:/home/anna/speech.wav\""
                .into(),
        );
    }
    // A daemon has a directory of its own, which is not the one where this was typed.
    if !path.starts_with('/') && !path.starts_with("~/") {
        return Err(format!(
            "needs a path that begins with \"/\" or \"~/\" after \"file:\": \"{}\" would be looked for wherever sottod was started",
            path.escape_debug()
        ));
    }
    Ok(Device::File {
        path: path.into(),
        looped,
    })
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Named(name) => f.write_str(name),
            Self::File { path, looped: true } => write!(f, "file:{}?loop", path.display()),
            Self::File {
                path,
                looped: false,
            } if path.to_string_lossy().contains('?') => {
                write!(f, "file:{}?once", path.display())
            }
            Self::File {
                path,
                looped: false,
            } => write!(f, "file:{}", path.display()),
            Self::Tone { hertz } => write!(f, "tone:{hertz}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// Through which sound system devices are opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Backend {
    /// `auto`: the best that answers.
    #[default]
    Auto,
    /// `pulseaudio`: PulseAudio, or PipeWire's stand-in for it.
    PulseAudio,
    /// `pipewire`: PipeWire itself.
    PipeWire,
    /// `alsa`
    Alsa,
    /// `null`: none; every device is silent.
    Null,
}

impl Backend {
    /// Every sound system that the configuration may name.
    pub const ALL: [Self; 5] = [
        Self::Auto,
        Self::PulseAudio,
        Self::PipeWire,
        Self::Alsa,
        Self::Null,
    ];

    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::PulseAudio => "pulseaudio",
            Self::PipeWire => "pipewire",
            Self::Alsa => "alsa",
            Self::Null => "null",
        }
    }
}

impl FromStr for Backend {
    /// What the text must be, to be read after the name of its setting.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|backend| backend.name() == text)
            .ok_or_else(|| {
                "must be \"auto\", \"pulseaudio\", \"pipewire\", \"alsa\" or \"null\"".into()
            })
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
