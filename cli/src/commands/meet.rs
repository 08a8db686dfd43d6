//! `sotto meet`

use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::microphone;
use crate::output::Output;
use crate::wait::{Wait, until};
use sotto_control::{InviteReply, MAX_TITLE, MeetingCreate};

/// Start a meeting, join it and invite colleagues
#[derive(Debug, clap::Args)]
#[command(
    after_help = "If you are in another meeting, you switch. With --wait, waits until everyone invited has joined or declined.\n\nExamples:\n  sotto meet Planning bao chen dara\n  sotto meet 'Planning, round two' --from Planning --without dara\n  sotto meet Standup bao --wait 1m"
)]
pub(crate) struct Meet {
    /// The meeting's title
    #[arg(value_parser = title)]
    title: String,

    /// Whom to invite; the first letters of a name are enough if they fit one colleague only; a group stands for its
    /// members
    #[arg(value_name = "NAME", required_unless_present = "from")]
    names: Vec<String>,

    /// Invite everyone on this meeting's roster, too
    #[arg(long, value_name = "MEETING")]
    from: Option<String>,

    /// Leave these out of that roster
    #[arg(long, value_name = "NAME", requires = "from", num_args = 1)]
    without: Vec<String>,

    #[command(flatten)]
    wait: Wait,
}

impl Meet {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let request = MeetingCreate {
            title: self.title,
            names: self.names,
            from: self.from,
            without: self.without,
        };
        if self.wait.limit.is_none() {
            output.show(&client.call(request).await?, format::invited)?;
            microphone::check(output).await;
            return Ok(());
        }
        let mut subscription = client.subscribe(false).await?;
        let mut reply = client.call(request).await?;
        microphone::check(output).await;
        let answered = answers(&mut subscription, &mut reply);
        self.wait
            .limited("an answer of everyone invited", answered)
            .await?;
        output.show(&reply, format::invited)
    }
}

fn title(text: &str) -> Result<String, String> {
    match text.len() {
        0..=MAX_TITLE => Ok(text.to_owned()),
        length => Err(format!(
            "is {length} bytes long, and at most {MAX_TITLE}; write a shorter one"
        )),
    }
}

/// Follows the meeting until everyone who was invited has joined or declined.
pub(super) async fn answers(
    subscription: &mut (sotto_control::model::Snapshot, sotto_control::Events),
    reply: &mut InviteReply,
) -> Result<(), Failure> {
    let InviteReply {
        meeting, invited, ..
    } = reply;
    *meeting = until(subscription, |snapshot| {
        let now = snapshot.meetings.iter().find(|it| it.id == meeting.id)?;
        let answered = invited.iter().all(|person| {
            let on_roster = now.participants.iter().find(|it| it.person.id == person.id);
            on_roster.is_some_and(|it| it.declined || it.presence.is_present())
        });
        answered.then(|| now.clone())
    })
    .await?;
    Ok(())
}
