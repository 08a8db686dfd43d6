//! What the user can ask for, and how the daemon is asked.

use sotto_control::model::WhisperMode;
use sotto_control::{
    AudioDeafen, AudioMute, AudioSilence, AudioUndeafen, AudioUnmute, AudioUnsilence, CallError,
    Client, DaemonQuit, ForPeople, MeetingCreate, MeetingDecline, MeetingInvite, MeetingJoin,
    MeetingLeave, MeetingSwitch, PresenceAway, PresenceBack, PresencePhone, TalkAbandon,
    TalkEveryone, TalkPress, TalkRelease, TalkRenew, TalkReplyTo, TalkToggle, TalkWhisper,
};

use crate::quiet::Quiet;

/// A request of the user, from the menu, a notification or a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Close the microphone.
    Mute,
    /// Open the microphone.
    Unmute,
    /// Close loudspeaker and microphone.
    Deafen,
    /// Open the loudspeaker again.
    Undeafen,
    /// Be Away.
    Away,
    /// Take a phone call.
    Phone,
    /// End Away or a phone call.
    Back,
    /// End a whisper.
    SpeakToEveryone,
    /// Speak to these alone, by id.
    Whisper {
        /// The receivers.
        to: Vec<String>,
        /// How long.
        mode: WhisperMode,
    },
    /// Answer the last whisper; the receivers, by id, are those whom the user saw.
    Reply {
        /// The receivers, the whisperer first.
        to: Vec<String>,
        /// How long.
        mode: WhisperMode,
    },
    /// Open the microphone while it is pressed.
    Press,
    /// Open the microphone until this is asked again.
    TogglePress,
    /// Show the daemon that whoever holds a whisper or a press is there.
    Renew,
    /// End the held whisper or press; what was before it comes back.
    Release,
    /// End the held whisper or press that nobody releases any more: after a whisper, speak to nobody.
    Abandon,
    /// Stop playing the person with this id, who is heard through the room.
    Silence(String),
    /// Play them again.
    Unsilence(String),
    /// Start a meeting.
    Create {
        /// The title.
        title: String,
        /// Whom to invite, by id or as groups.
        names: Vec<String>,
    },
    /// Invite more colleagues.
    Invite {
        /// The meeting's id.
        meeting: String,
        /// Whom, by id or as groups.
        names: Vec<String>,
    },
    /// Leave the active meeting for the one with this id.
    Switch(String),
    /// Leave the meeting with this id.
    Leave(String),
    /// Join the meeting with this id.
    Join(String),
    /// Decline the invitation to the meeting with this id.
    Decline(String),
    /// Be left alone, or no longer.
    Quiet(Quiet),
    /// Stop the daemon, so that everyone sees *closed*, and then this program.
    Quit,
    /// Connect now, rather than after the pause between two tries.
    Connect,
}

/// The outcome of a wish.
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
    let reply = carry(client, wish);
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

/// Makes the request that the wish is.
async fn carry(client: &Client, wish: Wish) -> Result<(), CallError> {
    match wish {
        Wish::Mute => client.call(AudioMute {}).await.map(drop),
        Wish::Unmute => client.call(AudioUnmute {}).await.map(drop),
        Wish::Deafen => client.call(AudioDeafen {}).await.map(drop),
        Wish::Undeafen => client.call(AudioUndeafen {}).await.map(drop),
        Wish::Away => client.call(PresenceAway {}).await.map(drop),
        Wish::Phone => client.call(PresencePhone {}).await.map(drop),
        Wish::Back => client.call(PresenceBack {}).await.map(drop),
        Wish::SpeakToEveryone => client.call(TalkEveryone {}).await.map(drop),
        Wish::Whisper { to, mode } => {
            let whisper = TalkWhisper { names: to, mode };
            client.call(whisper).await.map(drop)
        }
        Wish::Reply { to, mode } => client.call(TalkReplyTo { to, mode }).await.map(drop),
        Wish::Press => client.call(TalkPress { lasting: false }).await.map(drop),
        Wish::TogglePress => client.call(TalkToggle {}).await.map(drop),
        Wish::Renew => client.call(TalkRenew {}).await.map(drop),
        Wish::Release => client.call(TalkRelease {}).await.map(drop),
        Wish::Abandon => client.call(TalkAbandon {}).await.map(drop),
        Wish::Silence(name) => client.call(AudioSilence { name }).await.map(drop),
        Wish::Unsilence(name) => client.call(AudioUnsilence { name }).await.map(drop),
        Wish::Create { title, names } => {
            let create = MeetingCreate {
                title,
                names,
                ..MeetingCreate::default()
            };
            client.call(create).await.map(drop)
        }
        Wish::Invite { meeting, names } => {
            let meeting = Some(meeting);
            client
                .call(MeetingInvite { names, meeting })
                .await
                .map(drop)
        }
        Wish::Switch(meeting) => client.call(MeetingSwitch { meeting }).await.map(drop),
        Wish::Leave(meeting) => {
            let meeting = Some(meeting);
            client.call(MeetingLeave { meeting }).await.map(drop)
        }
        Wish::Join(meeting) => {
            let join = MeetingJoin {
                meeting: Some(meeting),
                ..MeetingJoin::default()
            };
            client.call(join).await.map(drop)
        }
        Wish::Decline(meeting) => {
            let meeting = Some(meeting);
            client.call(MeetingDecline { meeting }).await.map(drop)
        }
        Wish::Quiet(quiet) => client.call(quiet.request()).await.map(drop),
        Wish::Quit => client.call(DaemonQuit {}).await.map(drop),
        // There is a connection already.
        Wish::Connect => Ok(()),
    }
}
