//! `sotto whisper`

mod release;

pub(super) use release::Input;

use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::microphone;
use crate::output::Output;
use crate::wait::{between, until};
use release::LetGo;
use sotto_control::model::{NobodyBecause, Snapshot, Talk, TalkTo, WhisperMode};
use sotto_control::{
    CallError, Client, ErrorCode, Events, HOLD_PATIENCE, MAX_WHISPER, MIN_WHISPER, Method,
    RENEW_EVERY, TalkEveryone, TalkRelease, TalkRenew, TalkReply, TalkWhisper,
};
use std::collections::BTreeSet;
use std::time::Duration;

/// How a whisper ends
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(multiple = false)]
pub(super) struct Ending {
    #[arg(
        long = "for",
        value_name = "TIME",
        value_parser = between(MIN_WHISPER, MAX_WHISPER),
        help = format!("End after this time (5s, 1m), at most {}", format::bound(MAX_WHISPER))
    )]
    time: Option<Duration>,

    /// End when Enter or Ctrl-C is pressed, standard input closes, or SIGTERM comes; speaks even while muted
    #[arg(long)]
    hold: bool,

    /// End if exactly they are spoken to already, with a second press of the same key; for a desktop that only knows a
    /// press
    #[arg(long)]
    toggle: bool,
}

impl Ending {
    pub(super) const fn mode(self) -> WhisperMode {
        match self {
            Self { hold: true, .. } => WhisperMode::Hold,
            Self {
                time: Some(time), ..
            } => WhisperMode::For(time),
            Self { time: None, .. } => WhisperMode::Latch,
        }
    }

    /// Asks for a whisper and stays with it for as long as it is to be held.
    pub(super) async fn carry_out<M: Method<Reply = TalkReply>>(
        self,
        client: &Client,
        subscription: &mut (Snapshot, Events),
        request: M,
        input: Input,
        output: &Output,
    ) -> Result<(), Failure> {
        match self {
            Self { hold: true, .. } => {
                let reply = client.call(request).await?;
                hold(client, subscription, &reply, input, output).await
            }
            Self { toggle: true, .. } => {
                let reply = toggle(client, &subscription.0.talk, request).await?;
                output.show(&reply, format::talk_reply)
            }
            _ => output.show(&client.call(request).await?, format::talk_reply),
        }
    }
}

/// Speak to the chosen alone; nobody else receives anything
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The whisper lasts until 'sotto talk', unless --for, --hold or --toggle says otherwise. If this program dies or is suspended for 10 s while it holds a whisper, the screen is locked or the machine sleeps, you speak to nobody until 'sotto talk'.\n\nWhere standard input is at its end from the start (/dev/null, as in a desktop shortcut), --hold lasts until SIGINT, SIGTERM or SIGHUP. A pipe that ends later lets go.\n\nExamples:\n  sotto whisper chen\n  sotto whisper chen dara --for 10s\n  sotto whisper desk\n  sotto whisper chen --hold\n  sotto whisper desk --toggle"
)]
pub(crate) struct Whisper {
    /// To whom; each must be present in your meeting. A group stands for those of it who are
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    #[command(flatten)]
    ending: Ending,
}

impl Whisper {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let input = Input::at_start();
        let client = connect().await?;
        let mut subscription = client.subscribe(false).await?;
        let request = TalkWhisper {
            names: self.names,
            mode: self.ending.mode(),
        };
        microphone::tell(&subscription.0, output);
        self.ending
            .carry_out(&client, &mut subscription, request, input, output)
            .await
    }
}

/// Begins a whisper, or ends it if it goes to exactly these already. The daemon says who they are: it knows groups and
/// labels.
async fn toggle<M: Method<Reply = TalkReply>>(
    client: &Client,
    before: &Talk,
    begin: M,
) -> Result<TalkReply, Failure> {
    let begun = client.call(begin).await?;
    match (receivers(before), receivers(&begun.talk)) {
        (Some(before), Some(now)) if before == now => Ok(client.call(TalkEveryone {}).await?),
        _ => Ok(begun),
    }
}

/// Returns whom a whisper goes to, if there is one.
fn receivers(talk: &Talk) -> Option<BTreeSet<&str>> {
    match &talk.to {
        TalkTo::Whisper { to, .. } => Some(to.iter().map(|person| &*person.id).collect()),
        _ => None,
    }
}

/// Keeps a held whisper until the user lets go. Should this program die or hang, the daemon sends to nobody.
async fn hold(
    client: &Client,
    subscription: &mut (Snapshot, Events),
    started: &TalkReply,
    input: Input,
    output: &Output,
) -> Result<(), Failure> {
    let let_go = input.let_go();
    output.show(started, format::talk_reply)?;
    output.remark(input.instruction());
    // The picture from before the request still has no whisper in it.
    subscription.0.talk = started.talk.clone();
    let ended = until(subscription, |snapshot| {
        (!is_held(&snapshot.talk)).then(|| snapshot.talk.clone())
    });
    tokio::select! {
        biased;
        how = let_go => match how {
            LetGo::Released => {
                let reply = client.call(TalkRelease {}).await?;
                output.show(&reply, format::talk_reply)
            }
            // Whoever closes a window has not said that everybody may hear what comes next.
            LetGo::TerminalGone => Err(Failure::Refused(
                "the terminal has gone: you speak to nobody until 'sotto talk'".into(),
            )),
        },
        talk = ended => Err(why_ended(&talk?)),
        failure = renewed(client) => Err(failure),
    }
}

const fn is_held(talk: &Talk) -> bool {
    matches!(
        talk.to,
        TalkTo::Whisper {
            mode: WhisperMode::Hold,
            ..
        }
    )
}

fn why_ended(talk: &Talk) -> Failure {
    let text = match (&talk.to, talk.nobody_because) {
        (TalkTo::Nobody, Some(NobodyBecause::HoldLost)) => format!(
            "the whisper ended: this program showed no life for {}; you speak to nobody until 'sotto talk'",
            format::bound(HOLD_PATIENCE)
        ),
        (TalkTo::Nobody, Some(NobodyBecause::ReceiversGone)) => {
            "the whisper ended: none of its receivers is present any more; you speak to nobody"
                .to_owned()
        }
        (TalkTo::Nobody, _) => match format::because(talk) {
            Some(why) => {
                format!("the whisper ended: {why}; you speak to nobody until 'sotto talk'")
            }
            None => "the whisper ended; you speak to nobody".to_owned(),
        },
        _ => "the whisper was ended elsewhere".to_owned(),
    };
    Failure::Refused(text)
}

/// Shows the daemon every second that this program runs, and returns why that does not help any more.
async fn renewed(client: &Client) -> Failure {
    let mut due = tokio::time::interval(RENEW_EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        match client.call(TalkRenew {}).await {
            Ok(_) => {}
            // A daemon of another release, which waits for the end of the connection alone.
            Err(CallError::Refused(error)) if error.code == ErrorCode::UnknownMethod => {
                return std::future::pending().await;
            }
            Err(CallError::Refused(_)) => {
                // Unless the next event says more.
                tokio::time::sleep(RENEW_EVERY).await;
                return Failure::Refused("the whisper was ended elsewhere".into());
            }
            Err(error) => return error.into(),
        }
    }
}
