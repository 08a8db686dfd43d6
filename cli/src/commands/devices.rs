//! `sotto devices`

use crate::connection::{ask, connect};
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::between;
use sotto_control::model::MicrophoneTest;
use sotto_control::{
    AudioDevices, AudioTest, AudioUse, Client, DeviceRole, Event, Events, MAX_TEST, MIN_TEST,
    USUAL_TEST,
};
use std::time::Duration;

/// List microphones and loudspeakers, choose them, and try them out
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  sotto devices\n  sotto devices use headset\n  sotto devices test"
)]
pub(crate) struct Devices {
    /// Also list what is no microphone but what another device plays
    #[arg(long)]
    all: bool,

    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Use a device from now on, also in the meeting that you are in
    #[command(
        after_help = "The choice is kept in config.toml. A headset's name means its microphone and its loudspeaker.\n\nExamples:\n  sotto devices use headset\n  sotto devices use --input pulseaudio:alsa_input.usb-Camera\n  sotto devices use --output default"
    )]
    Use {
        /// Its identifier, or the beginning of its name; 'default' for what the system uses, 'null' for none
        device: String,

        /// As the microphone alone
        #[arg(long, conflicts_with = "output")]
        input: bool,

        /// As the loudspeaker alone
        #[arg(long)]
        output: bool,
    },
    /// Play a sound, listen to the microphone, and play what was heard
    #[command(
        after_help = "Nobody else hears it. In a meeting, mute yourself first.\n\nExamples:\n  sotto devices test\n  sotto devices test --listen 5s --quiet\n  sotto devices test --json | jq -r .verdict"
    )]
    Test {
        #[command(flatten)]
        listening: Listening,

        /// Measure only: play nothing
        #[arg(long)]
        quiet: bool,
    },
}

/// The time for which a test listens.
#[derive(Debug, clap::Args)]
pub(super) struct Listening {
    #[arg(
        long,
        value_name = "TIME",
        value_parser = between(MIN_TEST, MAX_TEST),
        help = format!("How long to listen (3s), at most {}", format::bound(MAX_TEST))
    )]
    listen: Option<Duration>,
}

impl Listening {
    /// Returns it, in milliseconds.
    pub(super) fn milliseconds(&self) -> u64 {
        let time = self.listen.unwrap_or(USUAL_TEST);
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Devices {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        match self.action {
            None => {
                let mut devices = ask(AudioDevices {}).await?;
                if !self.all {
                    devices.inputs.retain(|it| !it.monitor || it.in_use);
                    devices.outputs.retain(|it| !it.monitor || it.in_use);
                }
                output.show(&devices, format::devices)
            }
            Some(Action::Use {
                device,
                input,
                output: loudspeaker,
            }) => {
                let only = match (input, loudspeaker) {
                    (true, _) => Some(DeviceRole::Input),
                    (_, true) => Some(DeviceRole::Output),
                    (false, false) => None,
                };
                let reply = ask(AudioUse { device, only }).await?;
                output.show(&reply, format::device_choice)
            }
            Some(Action::Test { listening, quiet }) => {
                let test = AudioTest {
                    listen_ms: Some(listening.milliseconds()),
                    quiet,
                    echo: false,
                };
                let reply = watched(test, output).await?;
                output.show(&reply, format::microphone_test)
            }
        }
    }
}

/// Does a test and shows the level meanwhile, where somebody watches.
pub(super) async fn watched(test: AudioTest, output: &Output) -> Result<MicrophoneTest, Failure> {
    if !output.is_watched() {
        return ask(test).await;
    }
    // Its own connection, so that no test goes on whose beginning was not seen.
    let watching = connect().await?;
    let (_, mut events) = watching.subscribe(true).await?;
    let client = connect().await?;
    let mut testing = std::pin::pin!(done(&client, test));
    loop {
        tokio::select! {
            reply = &mut testing => {
                output.progress("");
                return reply;
            }
            progress = next_progress(&mut events) => match progress {
                Some(line) => output.progress(&line),
                None => return testing.await,
            },
        }
    }
}

async fn done(client: &Client, test: AudioTest) -> Result<MicrophoneTest, Failure> {
    Ok(client.call(test).await?)
}

/// The next line that says how the test goes.
async fn next_progress(events: &mut Events) -> Option<String> {
    loop {
        if let Event::Test { test } = events.next().await? {
            return Some(format::test_progress(&test));
        }
    }
}
