//! `sotto withdraw`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::MeetingWithdraw;

/// Withdraw invitations that you sent
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sotto withdraw dara --meeting Planning\n  sotto withdraw desk"
)]
pub(crate) struct Withdraw {
    /// Whose invitation to withdraw; a group stands for those of it whom you have invited
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    /// To which meeting, instead of the one that you are in
    #[arg(long, value_name = "MEETING")]
    meeting: Option<String>,
}

impl Withdraw {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = MeetingWithdraw {
            names: self.names,
            meeting: self.meeting,
        };
        output.show(&ask(request).await?, format::withdrawn)
    }
}
