//! `sotto switch`

use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::microphone;
use crate::output::Output;
use crate::wait::{Wait, until_voice_travels};
use sotto_control::{MeetingReply, MeetingSwitch};

/// Switch to another of your meetings, in one step
#[derive(Debug, clap::Args)]
#[command(
    after_help = "With --wait, waits until voice travels between you and everyone present there.\n\nExample:\n  sotto switch retro --wait"
)]
pub(crate) struct Switch {
    /// Which meeting; the first letters of its title are enough if they fit one only
    meeting: String,

    #[command(flatten)]
    wait: Wait,
}

impl Switch {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let request = MeetingSwitch {
            meeting: self.meeting,
        };
        if self.wait.limit.is_none() {
            output.show(&client.call(request).await?, format::joined)?;
            microphone::check(output).await;
            return Ok(());
        }
        let switched = async {
            let mut subscription = client.subscribe(false).await?;
            let id = client.call(request).await?.meeting.id;
            until_voice_travels(&mut subscription, &id).await
        };
        let meeting = self.wait.limited("switching", switched).await?;
        output.show(&MeetingReply { meeting }, format::joined)?;
        microphone::check(output).await;
        Ok(())
    }
}
