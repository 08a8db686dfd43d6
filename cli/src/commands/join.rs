//! `sotto join`

use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::microphone;
use crate::output::Output;
use crate::wait::{Wait, until, until_voice_travels};
use sotto_control::{CallError, Client, ErrorCode, MeetingJoin, MeetingReply};

/// Join a meeting that you are invited to, or return to one
#[derive(Debug, clap::Args)]
#[command(
    after_help = "If you are in another meeting, you switch. With --wait, waits for the invitation to arrive, and after joining until voice travels between you and everyone present.\n\nExamples:\n  sotto join\n  sotto join planning --muted\n  sotto join planning --wait 20s"
)]
pub(crate) struct Join {
    /// Which meeting; not needed if there is one invitation
    meeting: Option<String>,

    /// Close the microphone before joining
    #[arg(long)]
    muted: bool,

    #[command(flatten)]
    wait: Wait,
}

impl Join {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let request = MeetingJoin {
            meeting: self.meeting,
            muted: self.muted,
        };
        let reply = match self.wait.limit {
            Some(_) => {
                let joined = join_when_invited(&client, request);
                self.wait.limited("joining", joined).await?
            }
            None => client.call(request).await?,
        };
        output.show(&reply, format::joined)?;
        microphone::check(output).await;
        Ok(())
    }
}

async fn join_when_invited(client: &Client, request: MeetingJoin) -> Result<MeetingReply, Failure> {
    let mut subscription = client.subscribe(false).await?;
    let joined = loop {
        match client.call(request.clone()).await {
            Err(CallError::Refused(error)) if error.code == ErrorCode::NotFound => {}
            result => break result?,
        }
        // There is nothing to join yet; what is known must change first.
        let (invitations, meetings) = {
            let (snapshot, _) = &subscription;
            (snapshot.invitations.clone(), snapshot.meetings.clone())
        };
        until(&mut subscription, |snapshot| {
            let changed = snapshot.invitations != invitations || snapshot.meetings != meetings;
            changed.then_some(())
        })
        .await?;
    };
    let meeting = until_voice_travels(&mut subscription, &joined.meeting.id).await?;
    Ok(MeetingReply { meeting })
}
