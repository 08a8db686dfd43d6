//! `sotto roster`

use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::{MeetingRoster, StatusGet};

/// Show who is in a meeting, with presence, microphone and how well voice arrives, and who whispers to whom with you
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sotto roster\n  sotto roster retro --json | jq -r '.meeting.participants[].label'"
)]
pub(crate) struct Roster {
    /// Which meeting, instead of the one that you are in
    meeting: Option<String>,
}

impl Roster {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = MeetingRoster {
            meeting: self.meeting,
        };
        let client = connect().await?;
        let reply = client.call(request).await?;
        let talk = match reply.meeting.active && !output.is_json() {
            true => client.call(StatusGet {}).await?.talk,
            false => None,
        };
        output.show(&reply, |reply, style| {
            let mut text = format::roster(reply, style);
            for line in talk.iter().flat_map(|talk| format::whispers(talk, style)) {
                text.push('\n');
                text.push_str(&line);
            }
            text
        })
    }
}
