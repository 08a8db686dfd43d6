//! What the user can ask for, and how the daemon is asked.

use sotto_control::{
    AudioMute, AudioUndeafen, AudioUnmute, CallError, Client, DaemonQuit, ForPeople,
    MeetingDecline, MeetingJoin, MeetingLeave, PresenceBack, TalkEveryone,
};

/// What the user asks for, in the menu, a notification or a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Close the microphone.
    Mute,
    /// Open the microphone.
    Unmute,
    /// Open the loudspeaker again.
    Undeafen,
    /// End Away or a phone call.
    Back,
    /// End a whisper.
    SpeakToEveryone,
    /// Leave the meeting with this id.
    Leave(String),
    /// Join the meeting with this id.
    Join(String),
    /// Decline the invitation to the meeting with this id.
    Decline(String),
    /// Stop the daemon, so that everyone sees *closed*, and then this program.
    Quit,
}

/// What became of a wish.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was done.
    Granted,
    /// It was not, for this reason: the daemon's sentence with its hint.
    Refused(String),
    /// The daemon has said goodbye to everyone.
    Quit,
}

/// Carries a wish to the daemon, and waits for the answer.
pub(crate) async fn ask(client: &Client, wish: Wish) -> Outcome {
    let quits = wish == Wish::Quit;
    let reply = async {
        match wish {
            Wish::Mute => client.call(AudioMute {}).await.map(drop),
            Wish::Unmute => client.call(AudioUnmute {}).await.map(drop),
            Wish::Undeafen => client.call(AudioUndeafen {}).await.map(drop),
            Wish::Back => client.call(PresenceBack {}).await.map(drop),
            Wish::SpeakToEveryone => client.call(TalkEveryone {}).await.map(drop),
            Wish::Leave(meeting) => client
                .call(MeetingLeave {
                    meeting: Some(meeting),
                })
                .await
                .map(drop),
            Wish::Join(meeting) => client
                .call(MeetingJoin {
                    meeting: Some(meeting),
                    ..MeetingJoin::default()
                })
                .await
                .map(drop),
            Wish::Decline(meeting) => client
                .call(MeetingDecline {
                    meeting: Some(meeting),
                })
                .await
                .map(drop),
            Wish::Quit => client.call(DaemonQuit {}).await.map(drop),
        }
    };
    // Each wish is waited for as long as it may take: joining longer than muting.
    match reply.await {
        // A daemon that goes while it is asked to go has done what was asked.
        Ok(()) | Err(CallError::Disconnected) if quits => Outcome::Quit,
        Ok(()) => Outcome::Granted,
        // An icon that went away now would hide a microphone that may be open.
        Err(CallError::NoAnswer { .. }) if quits => {
            Outcome::Refused("the Sotto daemon does not stop; its log says why".into())
        }
        Err(error) => Outcome::Refused(error.in_one_line()),
    }
}
