//! `sotto whisper`

use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::signals::terminated;
use crate::wait::{between, until};
use sotto_control::model::{Snapshot, Talk, TalkTo, WhisperMode};
use sotto_control::{
    Client, Events, MAX_WHISPER, MIN_WHISPER, TalkRelease, TalkReply, TalkWhisper,
};
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

    /// End when Enter or Ctrl-C is pressed, or standard input closes; speaks even while muted
    #[arg(long)]
    hold: bool,
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
}

/// Speak to the chosen alone; nobody else receives anything
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The whisper lasts until 'sotto talk', unless --for or --hold says otherwise.\n\nExamples:\n  sotto whisper chen\n  sotto whisper chen dara --for 10s\n  sotto whisper chen --hold"
)]
pub(crate) struct Whisper {
    /// To whom; each must be present in your meeting
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    #[command(flatten)]
    ending: Ending,
}

impl Whisper {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let mut subscription = client.subscribe(false).await?;
        let request = TalkWhisper {
            names: self.names,
            mode: self.ending.mode(),
        };
        let reply = client.call(request).await?;
        match self.ending.hold {
            true => hold(&client, &mut subscription, &reply, output).await,
            false => output.show(&reply, format::talk_reply),
        }
    }
}

/// Keeps a held whisper until the user lets go. The connection holds it: should this program die, it ends.
pub(super) async fn hold(
    client: &Client,
    subscription: &mut (Snapshot, Events),
    started: &TalkReply,
    output: &Output,
) -> Result<(), Failure> {
    output.show(started, format::talk_reply)?;
    output.remark("Press Enter to stop.");
    // The picture from before the request still has no whisper in it.
    subscription.0.talk = started.talk.clone();
    let ended = until(subscription, |snapshot| {
        (!is_held(&snapshot.talk)).then(|| snapshot.talk.clone())
    });
    tokio::select! {
        () = let_go() => {
            let reply = client.call(TalkRelease {}).await?;
            output.show(&reply, format::talk_reply)
        }
        talk = ended => match talk?.to {
            TalkTo::Nobody => Err(Failure::Refused(
                "the whisper ended: none of its receivers is present any more; you speak to nobody".into(),
            )),
            _ => Err(Failure::Refused("the whisper was ended elsewhere".into())),
        },
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

/// Waits for Enter, the end of standard input, or a signal to stop.
async fn let_go() {
    let (pressed, enter) = tokio::sync::oneshot::channel();
    // A thread of its own: it may sit in the read until the program ends, and the runtime must not wait for it.
    std::thread::spawn(move || {
        let mut line = String::new();
        // The end of input and an error end the whisper alike.
        let _ = std::io::stdin().read_line(&mut line);
        let _ = pressed.send(());
    });
    tokio::select! {
        _ = enter => {}
        _ = tokio::signal::ctrl_c() => {}
        () = terminated() => {}
    }
}
