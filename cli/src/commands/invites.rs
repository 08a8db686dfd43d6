//! `sotto invites`

use crate::connection::{ask, connect_when_starting};
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::{Wait, until};
use sotto_control::{InvitationsList, InvitationsReply};

/// List invitations that wait for your answer
#[derive(Debug, clap::Args)]
#[command(
    after_help = "With --wait, waits until there is one.\n\nExamples:\n  sotto invites\n  sotto invites --wait 1m"
)]
pub(crate) struct Invites {
    #[command(flatten)]
    wait: Wait,
}

impl Invites {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let reply = match self.wait.limit {
            Some(_) => self.wait.limited("an invitation", arrival()).await?,
            None => ask(InvitationsList {}).await?,
        };
        output.show(&reply, format::invitations)
    }
}

async fn arrival() -> Result<InvitationsReply, Failure> {
    let mut subscription = connect_when_starting().await?.subscribe(false).await?;
    until(&mut subscription, |snapshot| {
        let invitations = snapshot.invitations.clone();
        (!invitations.is_empty()).then_some(InvitationsReply { invitations })
    })
    .await
}
