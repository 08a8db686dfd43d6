//! `sotto talk`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::config::TalkMode;
use sotto_control::{LONGEST_PRESS, SettingsSet, TalkEveryone, TalkPress, TalkToggle, TalkUnpress};

/// What to do with the microphone
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(multiple = false)]
struct Key {
    /// Open the microphone as a talk key does, also while muted; a second press closes it again
    #[arg(long)]
    press: bool,

    /// Let go of the talk key
    #[arg(long)]
    release: bool,

    /// Press the talk key, or let go of it
    #[arg(long)]
    toggle: bool,

    /// Say when the microphone is open, from now on: always (open), always but sending nothing in pauses (voice), while
    /// you press (push)
    #[arg(long, value_name = "MODE", value_parser = mode)]
    mode: Option<TalkMode>,
}

fn mode(text: &str) -> Result<TalkMode, String> {
    text.parse()
}

/// Speak to everyone in the meeting again, or press the talk key
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(crate) struct Talk {
    #[command(flatten)]
    key: Key,
}

fn after_help() -> String {
    format!(
        "Without an option: back to everyone, whatever whisper there was. --mode is kept in config.toml as talk.mode.\n\n--press and --release are for shortcuts of a desktop that knows both; where it only knows a press, use --toggle. They speak to whomever you speak to now. A microphone that is pressed open closes by itself after {}. A key that repeats while it is down counts once.\n\nExamples:\n  sotto talk\n  sotto talk --mode push\n  sotto talk --toggle\n  bindsym --no-repeat F9 exec sotto talk --press      # sway\n  bindsym --release F9 exec sotto talk --release",
        format::bound(LONGEST_PRESS)
    )
}

impl Talk {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        match self.key {
            Key { press: true, .. } => {
                let press = TalkPress { lasting: true };
                output.show(&ask(press).await?, format::press_reply)
            }
            Key { release: true, .. } => {
                output.show(&ask(TalkUnpress {}).await?, format::press_reply)
            }
            Key { toggle: true, .. } => {
                output.show(&ask(TalkToggle {}).await?, format::press_reply)
            }
            Key {
                mode: Some(mode), ..
            } => {
                let set = SettingsSet {
                    key: "talk.mode".to_owned(),
                    value: Some(mode.to_string()),
                };
                output.show(&ask(set).await?, format::setting)
            }
            Key { .. } => output.show(&ask(TalkEveryone {}).await?, format::talk_reply),
        }
    }
}
