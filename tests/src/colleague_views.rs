//! What colleagues do and see, in the words of the rules.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures::future::try_join_all;
use sotto_control::model::{
    Invitation, Meeting, OfflineReason, Participant, Peer, PresenceState, Snapshot, SoundState,
    TalkTo, WhisperMode,
};
use sotto_control::{
    AudioDeafen, AudioMute, AudioUndeafen, AudioUnmute, MeetingCreate, MeetingDecline,
    MeetingInvite, MeetingJoin, MeetingLeave, MeetingSwitch, MeetingWithdraw, PresenceAway,
    PresenceBack, PresencePhone, TalkEveryone, TalkReplyTo, TalkWhisper,
};

use crate::colleague::Colleague;
use crate::watch::PATIENCE;

/// The meeting with this title.
#[must_use]
pub fn meeting<'a>(snapshot: &'a Snapshot, title: &str) -> Option<&'a Meeting> {
    snapshot
        .meetings
        .iter()
        .find(|meeting| meeting.title == title)
}

/// Somebody's line on a roster, by name.
#[must_use]
pub fn participant<'a>(snapshot: &'a Snapshot, title: &str, name: &str) -> Option<&'a Participant> {
    meeting(snapshot, title)?
        .participants
        .iter()
        .find(|one| one.person.name == name)
}

/// The invitation to the meeting with this title.
#[must_use]
pub fn invitation<'a>(snapshot: &'a Snapshot, title: &str) -> Option<&'a Invitation> {
    snapshot
        .invitations
        .iter()
        .find(|invitation| invitation.meeting.title == title)
}

/// A colleague, by name.
#[must_use]
pub fn peer<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a Peer> {
    snapshot.peers.iter().find(|peer| peer.person.name == name)
}

/// Offline with a reason.
#[must_use]
pub fn offline(reason: OfflineReason) -> PresenceState {
    PresenceState::Offline { reason }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Colleague {
    /// Waits until the picture is as wanted, and says how long that took.
    ///
    /// # Errors
    ///
    /// When it is not within [`PATIENCE`].
    pub async fn until(&self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Result<Duration> {
        self.watch()?.until_within(PATIENCE, what, wanted).await
    }

    /// Waits until somebody runs Sotto, as far as this one knows.
    ///
    /// # Errors
    ///
    /// When that does not happen.
    pub async fn finds(&self, name: &str) -> Result<Duration> {
        self.until(&format!("{name} is found"), |now| {
            peer(now, name).is_some_and(|peer| peer.running)
        })
        .await
    }

    /// Waits until the daemon, which was just started, knows all of these (itself aside), and says how long after its
    /// start that was.
    ///
    /// # Errors
    ///
    /// When it does not answer, or does not find somebody.
    pub async fn comes_to_know(&mut self, names: &[&str]) -> Result<Duration> {
        self.attach().await?;
        let others: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| *name != self.name())
            .collect();
        self.until(&format!("{others:?} are found"), |now| {
            others
                .iter()
                .all(|name| peer(now, name).is_some_and(|peer| peer.running))
        })
        .await?;
        Ok(self.started()?.elapsed())
    }

    /// Starts a meeting and waits until sound is open.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn meets(&self, title: &str, with: &[&str]) -> Result<()> {
        let request = MeetingCreate {
            title: title.to_owned(),
            names: names(with),
            ..Default::default()
        };
        let reply = self.ask(request).await?;
        if reply.invited.len() != with.len() {
            bail!(
                "{} invited {:?} instead of {with:?}",
                self.name(),
                reply.invited
            );
        }
        self.is_in(title).await
    }

    /// Waits for an invitation and joins.
    ///
    /// # Errors
    ///
    /// When there is no invitation, or joining is refused.
    pub async fn joins(&self, title: &str) -> Result<()> {
        self.is_invited_to(title).await?;
        self.ask(MeetingJoin {
            meeting: Some(title.to_owned()),
            muted: false,
        })
        .await?;
        self.is_in(title).await
    }

    /// Waits until this one is in the meeting, with microphone and speaker open.
    ///
    /// # Errors
    ///
    /// When that does not happen.
    pub async fn is_in(&self, title: &str) -> Result<()> {
        self.until(&format!("{title} is active, with sound"), |now| {
            let sound = &now.status.sound;
            meeting(now, title).is_some_and(|meeting| meeting.active)
                && sound.state == SoundState::Open
                && sound.input.open.is_some()
                && sound.output.open.is_some()
        })
        .await
        .map(drop)
    }

    /// Waits for an invitation.
    ///
    /// # Errors
    ///
    /// When none comes.
    pub async fn is_invited_to(&self, title: &str) -> Result<Duration> {
        self.until(&format!("invited to {title}"), |now| {
            invitation(now, title).is_some()
        })
        .await
    }

    /// Waits until an invitation has gone.
    ///
    /// # Errors
    ///
    /// When it stays.
    pub async fn is_no_longer_invited_to(&self, title: &str) -> Result<Duration> {
        self.until(&format!("no longer invited to {title}"), |now| {
            invitation(now, title).is_none()
        })
        .await
    }

    /// Invites more colleagues.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn invites(&self, title: &str, whom: &[&str]) -> Result<()> {
        let request = MeetingInvite {
            names: names(whom),
            meeting: Some(title.to_owned()),
        };
        self.ask(request).await.map(drop)
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn withdraws(&self, title: &str, whom: &[&str]) -> Result<()> {
        let request = MeetingWithdraw {
            names: names(whom),
            meeting: Some(title.to_owned()),
        };
        self.ask(request).await.map(drop)
    }

    /// Declines an invitation.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn declines(&self, title: &str) -> Result<()> {
        self.ask(MeetingDecline {
            meeting: Some(title.to_owned()),
        })
        .await
        .map(drop)
    }

    /// Leaves a meeting.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn leaves(&self, title: &str) -> Result<()> {
        self.ask(MeetingLeave {
            meeting: Some(title.to_owned()),
        })
        .await
        .map(drop)
    }

    /// Switches to another meeting.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn switches_to(&self, title: &str) -> Result<()> {
        self.ask(MeetingSwitch {
            meeting: title.to_owned(),
        })
        .await?;
        self.is_in(title).await
    }

    /// Whispers to some, until told otherwise.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn whispers_to(&self, whom: &[&str]) -> Result<()> {
        self.ask(TalkWhisper {
            names: names(whom),
            mode: WhisperMode::Latch,
        })
        .await?;
        self.until("whispering", |now| {
            matches!(now.talk.to, TalkTo::Whisper { .. })
        })
        .await
        .map(drop)
    }

    /// Whispers to some for a while.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn whispers_for(&self, whom: &[&str], time: Duration) -> Result<()> {
        self.ask(TalkWhisper {
            names: names(whom),
            mode: WhisperMode::For(time),
        })
        .await
        .map(drop)
    }

    /// Answers the last whisper.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn replies(&self) -> Result<()> {
        self.ask(TalkReplyTo::default()).await.map(drop)
    }

    /// Speaks to everyone again.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn speaks_to_everyone(&self) -> Result<()> {
        self.ask(TalkEveryone {}).await.map(drop)
    }

    /// Closes the microphone.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn mutes(&self) -> Result<()> {
        self.ask(AudioMute {}).await.map(drop)
    }

    /// Opens the microphone.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn unmutes(&self) -> Result<()> {
        self.ask(AudioUnmute {}).await.map(drop)
    }

    /// Closes speaker and microphone.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn deafens(&self) -> Result<()> {
        self.ask(AudioDeafen {}).await.map(drop)
    }

    /// Opens the speaker again.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn undeafens(&self) -> Result<()> {
        self.ask(AudioUndeafen {}).await.map(drop)
    }

    /// Goes away from the machine.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn goes_away(&self) -> Result<()> {
        self.ask(PresenceAway {}).await.map(drop)
    }

    /// Comes back from wherever.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn comes_back(&self) -> Result<()> {
        self.ask(PresenceBack {}).await.map(drop)
    }

    /// Takes a phone call.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn takes_a_phone_call(&self) -> Result<()> {
        self.ask(PresencePhone {}).await.map(drop)
    }

    /// Waits until the way of packets to and from somebody has been measured, so that silence of theirs is noticed.
    ///
    /// # Errors
    ///
    /// If that does not happen.
    pub async fn hears(&self, title: &str, name: &str) -> Result<Duration> {
        let measured = |participant: &Participant| {
            let stats = participant.stats.as_ref();
            stats.is_some_and(|stats| stats.round_trip_ms.is_some())
        };
        self.until(&format!("packets come from {name} in {title}"), |now| {
            participant(now, title, name).is_some_and(measured)
        })
        .await
    }

    /// Waits until somebody's presence on the roster is so.
    ///
    /// # Errors
    ///
    /// When it does not become so within [`PATIENCE`].
    pub async fn sees(&self, title: &str, name: &str, state: PresenceState) -> Result<Duration> {
        self.sees_within(PATIENCE, title, name, state).await
    }

    /// The same with another limit.
    ///
    /// # Errors
    ///
    /// When it does not become so within `limit`.
    pub async fn sees_within(
        &self,
        limit: Duration,
        title: &str,
        name: &str,
        state: PresenceState,
    ) -> Result<Duration> {
        let what = format!("{name} is {state:?} in {title}");
        self.watch()?
            .until_within(limit, &what, |now| {
                participant(now, title, name).is_some_and(|one| one.presence.state == state)
            })
            .await
    }
}

/// Waits until everybody sees everybody's presence so.
///
/// # Errors
///
/// When somebody does not.
pub async fn all_see(
    viewers: &[&Colleague],
    title: &str,
    who: &[&str],
    state: PresenceState,
) -> Result<()> {
    all_see_since(Instant::now(), viewers, title, who, state)
        .await
        .map(drop)
}

/// The same; says how long after `since`, when the reason for it was given, the last one saw it.
///
/// # Errors
///
/// When somebody does not.
pub async fn all_see_since(
    since: Instant,
    viewers: &[&Colleague],
    title: &str,
    who: &[&str],
    state: PresenceState,
) -> Result<Duration> {
    let waiting = viewers
        .iter()
        .flat_map(|viewer| who.iter().map(move |name| viewer.sees(title, name, state)));
    try_join_all(waiting).await?;
    Ok(since.elapsed())
}
