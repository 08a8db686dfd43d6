//! The scenes, in the order in which they are played.

use std::time::Duration;

use rustix::process::Signal;
use sotto_control::model::{PresenceState, Snapshot, TalkTo, WhisperMode};
use sotto_control::{
    AudioDeafen, AudioMute, AudioSilence, AudioUndeafen, AudioUnmute, AudioUnsilence, AudioVolume,
    DaemonQuit, DndSet, GroupAdd, GroupList, GroupRemove, InvitationsList, MeetingCreate,
    MeetingDecline, MeetingInvite, MeetingJoin, MeetingLeave, MeetingList, MeetingRoster,
    MeetingSwitch, MeetingWithdraw, NetworkConnect, PeersList, PresenceAway, PresenceBack,
    PresencePhone, SettingsSet, StatusGet, TalkEveryone, TalkPress, TalkRelease, TalkRenew,
    TalkReplyTo, TalkToggle, TalkUnpress, TalkWhisper,
};

use super::cast::{Cast, NOBODY_THERE, create, in_place, is, line, voice_travels};
use super::take::Take;

/// Where most scenes begin.
const PLANNING: &str = "Anna is in Planning with Bao, who speaks, and Chen, who is away; Dara is on the phone. \
    Retro is beside it, with Emil, who has invited her to Design review. Emilia is gone.";

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.into()).collect()
}

fn whisper(to: &[&str], mode: WhisperMode) -> TalkWhisper {
    TalkWhisper {
        names: names(to),
        mode,
    }
}

fn to_nobody(snapshot: &Snapshot) -> bool {
    snapshot.talk.to == TalkTo::Nobody
}

/// A colleague's daemon starts, and ends again.
pub(crate) async fn appearing(cast: &mut Cast) {
    let scene = "Anna is in no meeting. Everyone but Emilia runs Sotto.";
    let mut take = Take::begin(cast, "appearing", scene).await;
    take.ask(PeersList {}).await;
    let mut emilia = cast.enters("Emilia").await;
    let runs = |snapshot: &Snapshot, runs: bool| {
        let mut peers = snapshot.peers.iter();
        peers.any(|it| it.person.name == "Emilia" && it.running == runs && it.connected == runs)
    };
    take.happens("Emilia starts", |it| runs(it, true)).await;
    take.end();
    emilia.daemon.terminate().await;
    cast.anna.sees(|it| runs(it, false)).await;
}

/// An invitation comes that is waited for.
pub(crate) async fn joining(cast: &Cast) {
    let scene = "Anna is in no meeting, and nobody has invited her.";
    let mut take = Take::begin(cast, "joining", scene).await;
    take.ask_in_vain(MeetingJoin::default()).await;
    cast.emil.meets("Design review", &["anna"]).await;
    take.happens("Emil invites Anna", |it| !it.invitations.is_empty())
        .await;
    take.ask_until(MeetingJoin::default(), voice_travels).await;
    take.end();
    cast.anna.asks(MeetingLeave::default()).await;
    cast.emil.asks(MeetingLeave::default()).await;
}

/// Readings, refusals, and what comes and goes without anybody else.
pub(crate) async fn planning(cast: &Cast) {
    let mut take = Take::begin(cast, "planning", PLANNING).await;
    take.ask(StatusGet {}).await;
    take.ask(PeersList {}).await;
    take.ask(MeetingList {}).await;
    take.ask(MeetingRoster::default()).await;
    take.ask(MeetingRoster {
        meeting: Some("retro".into()),
    })
    .await;
    take.ask(InvitationsList {}).await;

    take.ask(AudioMute {}).await;
    take.ask(AudioUnmute {}).await;
    take.ask(AudioDeafen {}).await;
    take.ask(AudioUndeafen {}).await;
    for percent in [150, 100] {
        let name = "bao".into();
        take.ask(AudioVolume { name, percent }).await;
    }
    take.ask(AudioSilence { name: "bao".into() }).await;
    take.ask(AudioUnsilence { name: "bao".into() }).await;

    take.ask(whisper(&["bao"], WhisperMode::Latch)).await;
    take.ask(TalkEveryone {}).await;
    take.ask(whisper(&["bao", "chen"], WhisperMode::Latch))
        .await;
    take.ask(TalkEveryone {}).await;
    let time = WhisperMode::For(Duration::from_millis(1500));
    take.ask(whisper(&["bao"], time)).await;
    take.ask(TalkEveryone {}).await;
    take.ask_in_vain(whisper(&["dara"], WhisperMode::Latch))
        .await;

    let invite = |name| MeetingInvite {
        names: names(&[name]),
        ..MeetingInvite::default()
    };
    take.ask(invite("emilia")).await;
    take.ask_in_vain(invite("em")).await;
    take.ask_in_vain(invite("nobody")).await;
    let withdraw = MeetingWithdraw {
        names: names(&["emilia"]),
        ..MeetingWithdraw::default()
    };
    take.ask(withdraw).await;

    let connect = |address: &str, wait_ms| NetworkConnect {
        address: address.into(),
        wait_ms,
    };
    take.ask(connect(&cast.emil.address, None)).await;
    take.ask(connect(&cast.emil.address, Some(3000))).await;
    take.ask_in_vain(connect(NOBODY_THERE, Some(300))).await;

    take.ask(PresenceAway {}).await;
    take.ask(PresenceBack {}).await;
    take.ask(PresencePhone {}).await;
    take.ask_until(PresenceBack {}, in_place).await;
    take.end();
}

/// Groups, wherever several people can be named.
pub(crate) async fn groups(cast: &Cast) {
    let mut take = Take::begin(cast, "groups", PLANNING).await;
    let add = |name: &str, people: &[&str]| GroupAdd {
        name: name.into(),
        names: names(people),
    };
    let remove = |name: &str, people: &[&str]| GroupRemove {
        name: name.into(),
        names: names(people),
    };
    take.ask(GroupList {}).await;
    take.ask(add("desk", &["bao", "dara", "emilia"])).await;
    take.ask(add("@desk", &["bao"])).await;
    take.ask(add("out", &["dara"])).await;
    take.ask_in_vain(add("bao", &["chen"])).await;
    take.ask(GroupList {}).await;

    take.ask(whisper(&["desk"], WhisperMode::Latch)).await;
    take.ask(TalkEveryone {}).await;
    for nobody in ["@out", "@dsek"] {
        take.ask_in_vain(whisper(&[nobody], WhisperMode::Latch))
            .await;
    }
    let volume = AudioVolume {
        name: "desk".into(),
        percent: 50,
    };
    take.ask_in_vain(volume).await;
    let invite = MeetingInvite {
        names: names(&["desk"]),
        ..MeetingInvite::default()
    };
    take.ask(invite).await;
    let withdraw = || MeetingWithdraw {
        names: names(&["desk"]),
        ..MeetingWithdraw::default()
    };
    take.ask(withdraw()).await;
    take.ask_in_vain(withdraw()).await;

    take.ask_in_vain(remove("desk", &["chen"])).await;
    take.ask(remove("desk", &["emilia"])).await;
    take.ask(remove("desk", &[])).await;
    take.ask(remove("out", &["dara"])).await;
    take.end();
}

/// A whisper that nobody hears.
pub(crate) async fn muted(cast: &Cast) {
    let mut take = Take::begin(cast, "muted", PLANNING).await;
    take.ask(AudioMute {}).await;
    take.ask(whisper(&["bao"], WhisperMode::Latch)).await;
    take.end();
    cast.anna.asks(TalkEveryone {}).await;
    cast.anna.asks(AudioUnmute {}).await;
    cast.anna.sees(in_place).await;
}

/// A microphone that is open while a key is down.
pub(crate) async fn talk_key(cast: &Cast) {
    let mut take = Take::begin(cast, "talk-key", PLANNING).await;
    let mode = |mode: &str| SettingsSet {
        key: "talk.mode".into(),
        value: Some(mode.into()),
    };
    take.ask_in_vain(mode("shout")).await;
    take.ask(mode("push")).await;
    take.ask(StatusGet {}).await;
    take.ask(TalkPress { lasting: false }).await;
    take.ask(TalkRenew {}).await;
    take.ask(TalkRelease {}).await;
    take.ask(whisper(&["bao"], WhisperMode::Latch)).await;
    take.ask(TalkPress { lasting: true }).await;
    take.ask(StatusGet {}).await;
    take.ask(TalkUnpress {}).await;
    take.ask(TalkEveryone {}).await;
    take.ask(AudioMute {}).await;
    take.ask(AudioUnmute {}).await;
    take.ask(mode("voice")).await;
    take.ask(TalkToggle {}).await;
    take.ask(mode("open")).await;
    take.end();
}

/// Somebody wants to be left alone.
pub(crate) async fn quiet(cast: &Cast) {
    let mut take = Take::begin(cast, "quiet", PLANNING).await;
    let dnd = |on, for_ms| DndSet { on, for_ms };
    take.ask(StatusGet {}).await;
    take.ask(dnd(true, None)).await;
    take.ask(dnd(true, Some(600_000))).await;
    take.ask(StatusGet {}).await;
    take.ask(dnd(false, None)).await;
    take.end();
}

/// A whisper that is held, renewed and let go.
pub(crate) async fn held_whisper(cast: &Cast) {
    let mut take = Take::begin(cast, "held-whisper", PLANNING).await;
    take.ask(whisper(&["bao"], WhisperMode::Hold)).await;
    take.ask(TalkRenew {}).await;
    take.ask(TalkRelease {}).await;
    // As programs ask that let people choose from a list.
    let bao = cast.bao.asks(StatusGet {}).await.you.id;
    take.ask(whisper(&[&bao], WhisperMode::Hold)).await;
    take.ask(TalkRelease {}).await;
    take.end();
}

/// A whisper whose program lives on and shows no life.
pub(crate) async fn unrenewed_whisper(cast: &Cast) {
    let mut take = Take::begin(cast, "unrenewed-whisper", PLANNING).await;
    take.ask(whisper(&["bao"], WhisperMode::Hold)).await;
    take.ask(TalkRenew {}).await;
    take.happens("the program shows no life for 10 s", to_nobody)
        .await;
    take.ask(StatusGet {}).await;
    take.ask(MeetingRoster::default()).await;
    take.end();
    cast.anna.asks(TalkEveryone {}).await;
}

/// A whisper whose program ends without a word.
pub(crate) async fn abandoned_whisper(cast: &Cast) {
    let mut take = Take::begin(cast, "abandoned-whisper", PLANNING).await;
    take.ask(whisper(&["bao"], WhisperMode::Hold)).await;
    take.ask(TalkRenew {}).await;
    take.program_ends(to_nobody).await;
    take.end();
    cast.anna.asks(TalkEveryone {}).await;
}

/// A whisper whose only receiver goes.
pub(crate) async fn unheard_whisper(cast: &Cast) {
    let mut take = Take::begin(cast, "unheard-whisper", PLANNING).await;
    take.ask(whisper(&["bao"], WhisperMode::Hold)).await;
    take.ask(TalkRenew {}).await;
    cast.bao.asks(PresencePhone {}).await;
    take.happens("Bao takes a phone call", to_nobody).await;
    take.end();
    cast.bao.asks(PresenceBack {}).await;
    cast.anna.asks(TalkEveryone {}).await;
    cast.anna.sees(in_place).await;
}

/// A whisper to the user, an answer to it, and one to somebody else meanwhile.
pub(crate) async fn whispered_to(cast: &Cast) {
    cast.chen.asks(PresenceBack {}).await;
    cast.chen.asks(AudioUnmute {}).await;
    cast.chen
        .asks(whisper(&["anna", "bao"], WhisperMode::Latch))
        .await;
    let shown = cast
        .anna
        .sees(|it| !it.talk.incoming.is_empty() && voice_travels(it))
        .await;
    let scene = "Anna is in Planning. Chen whispers to her and Bao.";
    let mut take = Take::begin(cast, "whispered-to", scene).await;
    let answered = shown.talk.reply_to.into_iter();
    let answer = TalkReplyTo {
        to: answered.map(|person| person.id).collect(),
        ..TalkReplyTo::default()
    };
    take.ask(answer).await;
    take.ask(TalkEveryone {}).await;
    take.ask(whisper(&["bao"], WhisperMode::Latch)).await;
    take.ask(StatusGet {}).await;
    take.ask(MeetingRoster::default()).await;
    take.end();
    cast.anna.asks(TalkEveryone {}).await;
    cast.chen.asks(TalkEveryone {}).await;
    cast.chen.asks(AudioMute {}).await;
    cast.chen.asks(PresenceAway {}).await;
    cast.anna
        .sees(|it| it.talk.incoming.is_empty() && in_place(it))
        .await;
}

/// A switch to a meeting from which no voice comes for a while.
pub(crate) async fn switching(cast: &Cast) {
    let mut take = Take::begin(cast, "switching", PLANNING).await;
    let switch = |meeting: &str| MeetingSwitch {
        meeting: meeting.into(),
    };
    cast.emil.signal(Signal::STOP);
    take.ask(switch("retro")).await;
    cast.emil.signal(Signal::CONT);
    take.happens("voice travels between Anna and Emil", voice_travels)
        .await;
    take.ask_until(switch("planning"), in_place).await;
    take.end();
}

/// Meetings of names, and of another meeting's roster.
pub(crate) async fn creating(cast: &Cast) {
    let mut take = Take::begin(cast, "creating", PLANNING).await;
    take.ask(create("Stand up", &["bao", "emilia"])).await;
    let again = MeetingCreate {
        from: Some("planning".into()),
        without: names(&["dara"]),
        ..create("Again", &[])
    };
    take.ask(again).await;
    take.end();
    for title in ["Stand up", "Again"] {
        cast.anna.leaves(title).await;
    }
    cast.anna.switches("Planning").await;
    cast.anna.sees(in_place).await;
    for one in [&cast.bao, &cast.chen] {
        one.sees(|it| it.invitations.is_empty()).await;
    }
}

/// A meeting that one joins and the other declines.
pub(crate) async fn meeting_up(cast: &Cast) {
    let mut take = Take::begin(cast, "meeting-up", PLANNING).await;
    take.ask(create("Standup", &["bao", "chen"])).await;
    cast.bao.accepts("Standup").await;
    cast.chen.sees(|it| !it.invitations.is_empty()).await;
    cast.chen.asks(MeetingDecline::default()).await;
    take.happens("Bao joins, and Chen declines", |it| {
        let declined = line(it, "Standup", "Chen").is_some_and(|chen| chen.declined);
        declined && is(it, "Standup", "Bao", PresenceState::Online) && voice_travels(it)
    })
    .await;
    take.end();
    for one in [&cast.bao, &cast.anna] {
        one.leaves("Standup").await;
        one.switches("Planning").await;
    }
    cast.anna.sees(in_place).await;
}

/// An invitation waits for an answer.
pub(crate) async fn invited(cast: &Cast) {
    cast.emil.switches("Design review").await;
    cast.anna
        .sees(|it| {
            let inside = it.invitations.iter().any(|one| !one.inside.is_empty());
            inside && !is(it, "Retro", "Emil", PresenceState::Online)
        })
        .await;
    let scene = "Anna is in Planning. Emil is in Design review and invites her.";
    let mut take = Take::begin(cast, "invited", scene).await;
    take.ask(InvitationsList {}).await;
    let muted = MeetingJoin {
        muted: true,
        ..MeetingJoin::default()
    };
    take.ask_until(muted, voice_travels).await;
    let design = MeetingJoin {
        meeting: Some("design".into()),
        ..MeetingJoin::default()
    };
    take.ask(design).await;
    take.end();
}

/// Leaving, and the daemon's end.
pub(crate) async fn leaving(cast: &Cast) {
    let scene = "Anna is in Design review with Emil.";
    let mut take = Take::begin(cast, "leaving", scene).await;
    take.ask(MeetingLeave::default()).await;
    take.ask_last(DaemonQuit {}).await;
    take.end();
}
