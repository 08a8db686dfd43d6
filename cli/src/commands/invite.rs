//! `sotto invite`

use super::meet::answers;
use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::Wait;
use sotto_control::MeetingInvite;

/// Invite more colleagues to your meeting
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A colleague who is not running gets the invitation as soon as they are. With --wait, waits until everyone invited has joined or declined.\n\nExamples:\n  sotto invite dara\n  sotto invite dara emil --meeting Planning"
)]
pub(crate) struct Invite {
    /// Whom to invite; a group stands for its members
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    /// To which meeting, instead of the one that you are in
    #[arg(long, value_name = "MEETING")]
    meeting: Option<String>,

    #[command(flatten)]
    wait: Wait,
}

impl Invite {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let request = MeetingInvite {
            names: self.names,
            meeting: self.meeting,
        };
        if self.wait.limit.is_none() {
            return output.show(&client.call(request).await?, format::invited);
        }
        let mut subscription = client.subscribe(false).await?;
        let mut reply = client.call(request).await?;
        let answered = answers(&mut subscription, &mut reply);
        self.wait
            .limited("an answer of everyone invited", answered)
            .await?;
        output.show(&reply, format::invited)
    }
}
