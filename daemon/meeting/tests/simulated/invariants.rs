//! What holds after, and during, every history: random users on a random network with loss, duplication, reordering,
//! splits, crashes and restarts.
//!
//! The simulation itself checks at every change that nothing is captured before a local join and that no whisper widens
//! by itself (see `sim::Voice::change`); here the histories are drawn, and the rosters compared.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::sim::histories::{PEOPLE, cases};
use crate::sim::{Host, Sim};
use proptest::prelude::*;
use sotto_meeting::{
    Audience, Command, Flags, Input, MeetingId, OfflineReason, PeerId, Presence, PressMode, Reply,
    Session, TalkTarget, WhisperMode,
};

#[derive(Debug, Clone)]
enum Step {
    Run(u16),
    Create(usize, u8),
    Invite(usize, usize, u8),
    Withdraw(usize, usize, u8),
    Join(usize, usize),
    CancelJoin(usize, usize),
    Decline(usize, usize),
    Leave(usize, usize),
    LeaveActive(usize),
    Forget(usize, usize),
    Away(usize),
    Back(usize),
    Phone(usize),
    Mute(usize, bool),
    Deafen(usize, bool),
    Whisper(usize, u8, u8),
    Reply(usize, u8),
    Talk(usize),
    Release(usize),
    Renew(usize),
    Abandon(usize),
    PushToTalk(usize, bool),
    Press(usize, bool),
    Unpress(usize),
    Session(usize, u8),
    Call(usize, bool),
    Sleep(usize, bool),
    Login(usize, bool),
    Crash(usize),
    Stop(usize),
    Start(usize),
    Split(u8),
    Heal,
    Storm(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..PEOPLE;
    let which = || 0usize..3;
    prop_oneof![
        12 => (10u16..4000).prop_map(Step::Run),
        1 => (who(), any::<u8>()).prop_map(|(who, to)| Step::Create(who, to)),
        3 => (who(), which(), any::<u8>()).prop_map(|(who, which, to)| Step::Invite(who, which, to)),
        1 => (who(), which(), any::<u8>()).prop_map(|(who, which, to)| Step::Withdraw(who, which, to)),
        10 => (who(), which()).prop_map(|(who, which)| Step::Join(who, which)),
        1 => (who(), which()).prop_map(|(who, which)| Step::CancelJoin(who, which)),
        1 => (who(), which()).prop_map(|(who, which)| Step::Decline(who, which)),
        1 => (who(), which()).prop_map(|(who, which)| Step::Leave(who, which)),
        1 => who().prop_map(Step::LeaveActive),
        1 => (who(), which()).prop_map(|(who, which)| Step::Forget(who, which)),
        1 => who().prop_map(Step::Away),
        4 => who().prop_map(Step::Back),
        3 => who().prop_map(Step::Phone),
        2 => (who(), any::<bool>()).prop_map(|(who, on)| Step::Mute(who, on)),
        1 => (who(), any::<bool>()).prop_map(|(who, on)| Step::Deafen(who, on)),
        10 => (who(), any::<u8>(), 0u8..3).prop_map(|(who, to, mode)| Step::Whisper(who, to, mode)),
        2 => (who(), 0u8..3).prop_map(|(who, mode)| Step::Reply(who, mode)),
        1 => who().prop_map(Step::Talk),
        2 => who().prop_map(Step::Release),
        1 => who().prop_map(Step::Renew),
        1 => who().prop_map(Step::Abandon),
        1 => (who(), any::<bool>()).prop_map(|(who, needed)| Step::PushToTalk(who, needed)),
        3 => (who(), any::<bool>()).prop_map(|(who, latch)| Step::Press(who, latch)),
        1 => who().prop_map(Step::Unpress),
        1 => (who(), 0u8..3).prop_map(|(who, how)| Step::Session(who, how)),
        1 => (who(), any::<bool>()).prop_map(|(who, on)| Step::Call(who, on)),
        1 => (who(), any::<bool>()).prop_map(|(who, on)| Step::Sleep(who, on)),
        1 => (who(), any::<bool>()).prop_map(|(who, on)| Step::Login(who, on)),
        1 => who().prop_map(Step::Crash),
        1 => who().prop_map(Step::Stop),
        3 => who().prop_map(Step::Start),
        1 => any::<u8>().prop_map(Step::Split),
        2 => Just(Step::Heal),
        1 => any::<bool>().prop_map(Step::Storm),
    ]
}

struct History {
    sim: Sim,
    meetings: Vec<MeetingId>,
}

impl History {
    /// Five people, all of them on the rosters of two meetings, and present in one or the other.
    fn new(seed: u64) -> Self {
        let (mut sim, people) = Sim::with_people(seed);
        let planning = sim.gather(people[0], "Planning", &people[1..]);
        let review = sim.gather(
            people[1],
            "Review",
            &[people[0], people[2], people[3], people[4]],
        );
        for host in &people[2..] {
            sim.ask(*host, Command::Join { meeting: planning });
        }
        sim.run(2);
        sim.capture();
        Self {
            sim,
            meetings: vec![planning, review],
        }
    }

    fn apply(&mut self, step: &Step) {
        let meeting = |which: usize| {
            let known = self.meetings.len();
            (known > 0).then(|| self.meetings[known - 1 - which % known])
        };
        let mode = |mode: u8| match mode {
            0 => WhisperMode::Hold,
            1 => WhisperMode::Latch,
            _ => WhisperMode::For(Duration::from_secs(3)),
        };
        let command = |who: usize, command: Command| (Host(who), Some(command));
        let (host, wish) = match *step {
            Step::Run(millis) => {
                self.run(millis);
                return;
            }
            Step::Create(who, to) => command(
                who,
                Command::Create {
                    title: "Planning".into(),
                    invite: self.sim.chosen(to, Host(who)),
                },
            ),
            Step::Invite(who, which, to) => (
                Host(who),
                meeting(which).map(|meeting| Command::Invite {
                    meeting,
                    peers: self.sim.chosen(to, Host(who)),
                }),
            ),
            Step::Withdraw(who, which, to) => (
                Host(who),
                meeting(which).map(|meeting| Command::Withdraw {
                    meeting,
                    peers: self.sim.chosen(to, Host(who)),
                }),
            ),
            Step::Join(who, which) => (
                Host(who),
                meeting(which).map(|meeting| Command::Join { meeting }),
            ),
            Step::CancelJoin(who, which) => (
                Host(who),
                meeting(which).map(|meeting| Command::CancelJoin { meeting }),
            ),
            Step::Decline(who, which) => (
                Host(who),
                meeting(which).map(|meeting| Command::Decline { meeting }),
            ),
            Step::Leave(who, which) => (
                Host(who),
                meeting(which).map(|meeting| Command::Leave {
                    meeting: Some(meeting),
                }),
            ),
            Step::LeaveActive(who) => command(who, Command::Leave { meeting: None }),
            Step::Forget(who, which) => (
                Host(who),
                meeting(which).map(|meeting| Command::Forget { meeting }),
            ),
            Step::Away(who) => command(who, Command::Away),
            Step::Back(who) => command(who, Command::Back),
            Step::Phone(who) => command(who, Command::Phone),
            Step::Mute(who, true) => command(who, Command::Mute { at: None }),
            Step::Mute(who, false) => command(who, Command::Unmute { at: None }),
            Step::Deafen(who, true) => command(who, Command::Deafen { at: None }),
            Step::Deafen(who, false) => command(who, Command::Undeafen { at: None }),
            Step::Whisper(who, to, how) => command(
                who,
                Command::Whisper {
                    to: self.sim.chosen(to, Host(who)),
                    mode: mode(how),
                    at: None,
                },
            ),
            Step::Reply(who, how) => command(
                who,
                Command::Reply {
                    meant: None,
                    mode: mode(how),
                    at: None,
                },
            ),
            Step::Talk(who) => command(who, Command::Talk { at: None }),
            Step::Release(who) => command(who, Command::Release { at: None }),
            Step::Renew(who) => command(who, Command::Renew),
            Step::Abandon(who) => command(who, Command::Abandon { at: None }),
            Step::PushToTalk(who, needed) => command(who, Command::PushToTalk { needed, at: None }),
            Step::Press(who, latch) => {
                let mode = if latch {
                    PressMode::Latch
                } else {
                    PressMode::Hold
                };
                command(who, Command::Press { mode, at: None })
            }
            Step::Unpress(who) => command(who, Command::Unpress { at: None }),
            Step::Session(who, how) => {
                let session = [Session::Active, Session::Idle, Session::Locked][usize::from(how)];
                self.input(who, Input::Session(session));
                return;
            }
            Step::Call(who, active) => {
                self.input(who, Input::SystemCall { active });
                return;
            }
            Step::Sleep(who, asleep) => {
                self.input(
                    who,
                    if asleep {
                        Input::Suspend
                    } else {
                        Input::Resume
                    },
                );
                return;
            }
            Step::Login(who, here) => {
                self.input(
                    who,
                    if here {
                        Input::LoggedIn
                    } else {
                        Input::LoggedOut
                    },
                );
                return;
            }
            Step::Crash(who) => return self.sim.crash_if_running(Host(who)),
            Step::Stop(who) => return self.sim.stop_if_running(Host(who)),
            Step::Start(who) => return self.sim.start_if_stopped(Host(who)),
            Step::Split(bits) => return self.sim.split_by(bits),
            Step::Heal => return self.sim.heal(),
            Step::Storm(on) => return self.sim.set_storm(on),
        };
        if let Some(wish) = wish
            && self.sim.is_running(host)
            && let Ok(Reply::Created { meeting }) = self.sim.command(host, wish)
        {
            self.meetings.push(meeting);
        }
    }

    fn input(&mut self, who: usize, input: Input) {
        if self.sim.is_running(Host(who)) {
            self.sim.happens(Host(who), input);
        }
    }

    fn run(&mut self, millis: u16) {
        let mut rest = u64::from(millis);
        while rest > 0 {
            // Often enough to see what is only true for a moment.
            let part = rest.min(if millis > 5000 { 500 } else { 40 });
            self.sim.run_millis(part);
            rest -= part;
            self.at_most_one_presence();
            self.no_microphone_is_open_by_itself();
        }
    }

    /// At most one presence per peer, in the author's view and in every single viewer's.
    fn at_most_one_presence(&self) {
        for viewer in self.sim.running() {
            let view = self.sim.view(viewer);
            let mut present: BTreeMap<PeerId, u32> = BTreeMap::new();
            for entry in view.meetings.iter().flat_map(|meeting| &meeting.roster) {
                if entry.presence.is_present() {
                    *present.entry(entry.peer).or_default() += 1;
                }
            }
            if let Some((peer, count)) = present.iter().find(|(_, count)| **count > 1) {
                self.sim.dump();
                panic!(
                    "{} sees {peer:?} present in {count} meetings",
                    self.sim.machine(viewer).name
                );
            }
            let me = self.sim.id(viewer);
            assert_eq!(
                present.contains_key(&me),
                self.sim.voice(viewer).meeting.is_some(),
                "audio without presence"
            );
        }
    }

    /// Every open microphone is one that its user has opened: unmuted, pressed, or with a whisper that is held.
    fn no_microphone_is_open_by_itself(&self) {
        for host in self.sim.running() {
            let talk = self.sim.view(host).talk;
            let held = matches!(
                talk.target,
                TalkTarget::Whisper {
                    mode: WhisperMode::Hold,
                    ..
                }
            );
            let unmuted = !talk.muted && !talk.deafened && !talk.push_to_talk;
            let voice = self.sim.voice(host);
            let heard = voice.microphone && voice.audience != Some(Audience::Nobody);
            assert!(
                !heard || held || talk.pressed || unmuted,
                "{} has an open microphone: {talk:?}",
                self.sim.machine(host).name
            );
        }
    }

    /// Everybody runs, the network is whole and clear, and there was time to exchange everything.
    fn settle(&mut self) {
        self.sim.heal();
        self.sim.set_storm(false);
        for host in self.sim.hosts() {
            self.sim.start_if_stopped(host);
        }
        self.run(30_000);
        self.run(60_000);
        self.run(60_000);
    }

    /// All who are on a meeting see the same roster.
    fn rosters_agree(&self) {
        type Roster = BTreeMap<PeerId, (Presence, Option<Flags>)>;
        let mut rosters: BTreeMap<MeetingId, BTreeMap<Host, Roster>> = BTreeMap::new();
        for host in self.sim.hosts() {
            for meeting in self.sim.view(host).meetings {
                let roster = meeting
                    .roster
                    .iter()
                    .map(|entry| {
                        let flags = entry.presence.is_present().then_some(entry.flags);
                        // Which device is idle or away by hand is told apart by nobody.
                        (entry.peer, (entry.presence, flags))
                    })
                    .collect();
                rosters
                    .entry(meeting.meeting)
                    .or_default()
                    .insert(host, roster);
            }
        }
        for (meeting, rosters) in rosters {
            // A meeting that one has joined and others have forgotten, or left, is theirs to know.
            let distinct: BTreeSet<String> = rosters
                .values()
                .map(|roster| format!("{roster:?}"))
                .collect();
            if distinct.len() > 1 {
                self.sim.dump();
                for (host, roster) in &rosters {
                    eprintln!("{}: {roster:?}", self.sim.machine(*host).name);
                }
                panic!("rosters of {meeting:?} differ");
            }
        }
    }

    /// Nobody is shown as lost, and everybody who is present can speak with everybody else who is.
    fn voice_flows(&self) {
        let lists = |peer: PeerId, meeting: MeetingId| {
            self.sim
                .hosts()
                .filter(|host| self.sim.id(*host) == peer)
                .any(|host| {
                    self.sim
                        .view(host)
                        .meetings
                        .iter()
                        .any(|known| known.meeting == meeting)
                })
        };
        for viewer in self.sim.hosts() {
            for meeting in self.sim.view(viewer).meetings {
                for entry in &meeting.roster {
                    // Whoever left and forgot a meeting while cut off can tell nobody any more.
                    let lost = entry.presence == Presence::Offline(OfflineReason::Lost)
                        && lists(entry.peer, meeting.meeting);
                    let mute =
                        meeting.active && entry.presence.is_present() && !entry.me && !entry.voice;
                    if lost || mute || entry.unreachable {
                        self.sim.dump();
                        panic!(
                            "{} has no voice with {}",
                            self.sim.machine(viewer).name,
                            entry.label
                        );
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn every_history_keeps_the_rules_and_ends_in_agreement(
        seed: u64,
        steps in proptest::collection::vec(step(), 5..80),
    ) {
        let mut history = History::new(seed);
        for step in &steps {
            history.apply(step);
            history.at_most_one_presence();
            history.no_microphone_is_open_by_itself();
        }
        history.settle();
        history.rosters_agree();
        history.voice_flows();
    }
}

/// Anna returns to a meeting before the answer to an offer of her last stay has come.
#[test]
fn an_answer_to_an_earlier_stay_agrees_on_nothing() {
    let mut history = History::new(4_123_750_260_248_681_867);
    for step in [
        Step::Run(2295),
        Step::Phone(4),
        Step::Session(0, 1),
        Step::Run(2119),
        Step::Phone(2),
        Step::Run(895),
        Step::Phone(3),
        Step::Storm(true),
        Step::Invite(4, 2, 232),
        Step::LeaveActive(2),
        Step::Join(3, 2),
        Step::Back(4),
        Step::Run(5280),
        Step::Away(0),
        Step::Phone(1),
        Step::Phone(0),
        Step::Join(0, 2),
        Step::Run(35),
    ] {
        history.apply(&step);
    }
    history.settle();
    history.rosters_agree();
    history.voice_flows();
}
