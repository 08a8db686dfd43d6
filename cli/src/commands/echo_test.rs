//! `sotto echo-test`

use super::devices::{Listening, watched};
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::signals::interrupted;
use sotto_control::AudioTest;

/// Hear yourself as your colleagues would
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Speak while the level is shown; what was recorded goes through processing and codec and is played to you. Nobody else hears it; in a meeting, mute yourself first. Ctrl-C ends it.\n\nExamples:\n  sotto echo-test\n  sotto echo-test --listen 5s\n  sotto echo-test --json | jq -r .verdict"
)]
pub(crate) struct EchoTest {
    #[command(flatten)]
    listening: Listening,
}

impl EchoTest {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let time = self.listening.milliseconds();
        let test = AudioTest {
            listen_ms: Some(time),
            quiet: false,
            echo: true,
        };
        let seconds = time.div_ceil(1_000);
        if !output.is_watched() {
            output.remark(&format!("Speak for {seconds} s; then you hear yourself."));
        }
        // The daemon ends its part as soon as nobody waits for it.
        tokio::select! {
            reply = watched(test, output) => output.show(&reply?, format::echo_test),
            () = interrupted() => {
                output.progress("");
                output.remark("The test is over before its end.");
                Ok(())
            }
        }
    }
}
