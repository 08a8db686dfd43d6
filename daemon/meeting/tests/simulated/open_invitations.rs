//! An invitation outlives whoever made it: as long as somebody inside runs, it lets in, and it says who is inside.

use std::collections::BTreeSet;

use crate::sim::histories::{PEOPLE, cases};
use crate::sim::{Host, Sim};
use proptest::prelude::*;
use sotto_meeting::{Command, MeetingId, PeerId, Reply};

/// The peers that `host`'s open invitation calls inside.
fn told_inside(sim: &Sim, host: Host, meeting: MeetingId) -> BTreeSet<PeerId> {
    sim.view(host)
        .invitations
        .into_iter()
        .filter(|invitation| invitation.meeting == meeting)
        .flat_map(|invitation| invitation.inside)
        .map(|named| named.peer)
        .collect()
}

/// Those who really are inside, by their own account.
fn inside(sim: &Sim, meeting: MeetingId) -> BTreeSet<PeerId> {
    sim.running()
        .into_iter()
        .filter(|host| sim.view(*host).active == Some(meeting))
        .map(|host| sim.id(host))
        .collect()
}

fn until_told(sim: &mut Sim, invitee: Host, meeting: MeetingId, who: &[Host]) {
    let wanted: BTreeSet<PeerId> = who.iter().map(|host| sim.id(*host)).collect();
    sim.until("the invitee is told who is inside", 60, |sim| {
        told_inside(sim, invitee, meeting) == wanted
    });
}

/// `host` starts a meeting, and all of these are invited.
fn meet(sim: &mut Sim, host: Host, invited: &[Host]) -> MeetingId {
    let meeting = sim.meet(host, "Planning", invited);
    sim.until("all are invited", 5, |sim| {
        invited.iter().all(|host| sim.is_invited(*host, meeting))
    });
    meeting
}

fn invite(sim: &mut Sim, by: Host, meeting: MeetingId, whom: Host) {
    let peers = vec![sim.id(whom)];
    sim.ask(by, Command::Invite { meeting, peers });
    sim.until("the invitation is there", 10, |sim| {
        sim.is_invited(whom, meeting)
    });
}

/// How an inviter goes away.
const WAYS_OUT: [fn(&mut Sim, Host); 3] = [
    |sim, host| sim.stop(host),
    |sim, host| sim.crash(host),
    |sim, host| {
        sim.ask(host, Command::Leave { meeting: None });
        let meeting = sim.view(host).meetings[0].meeting;
        sim.ask(host, Command::Forget { meeting });
    },
];

#[test]
fn whoever_joined_after_the_invitation_lets_in_when_the_inviter_has_gone() {
    for (way, goes) in WAYS_OUT.into_iter().enumerate() {
        let (mut sim, [anna, bao, chen]) = Sim::with(1 + way as u64, ["Anna", "Bao", "Chen"]);
        let meeting = meet(&mut sim, anna, &[bao, chen]);
        sim.run(60);
        sim.join(bao, meeting);
        goes(&mut sim, anna);
        sim.join(chen, meeting);
        assert_eq!(
            inside(&sim, meeting),
            BTreeSet::from([sim.id(bao), sim.id(chen)])
        );
    }
}

#[test]
fn who_joined_long_ago_lets_in_too() {
    let (mut sim, [anna, bao, chen]) = Sim::with(5, ["Anna", "Bao", "Chen"]);
    let meeting = meet(&mut sim, anna, &[bao, chen]);
    sim.join(bao, meeting);
    sim.stop(anna);
    sim.run(3600);
    sim.join(chen, meeting);
}

#[test]
fn somebody_whom_the_invitation_does_not_name_makes_itself_known() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(6, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = meet(&mut sim, anna, &[bao, chen]);
    sim.join(bao, meeting);
    invite(&mut sim, bao, meeting, dara);
    sim.join(dara, meeting);
    sim.stop(anna);
    sim.crash(bao);
    until_told(&mut sim, chen, meeting, &[dara]);
    sim.join(chen, meeting);
}

#[test]
fn an_invitation_says_who_is_inside_whenever_that_changes() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(7, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = meet(&mut sim, anna, &[bao, chen, dara]);
    until_told(&mut sim, chen, meeting, &[anna]);
    sim.join(bao, meeting);
    until_told(&mut sim, chen, meeting, &[anna, bao]);
    sim.join(dara, meeting);
    until_told(&mut sim, chen, meeting, &[anna, bao, dara]);
    sim.ask(anna, Command::Leave { meeting: None });
    until_told(&mut sim, chen, meeting, &[bao, dara]);
    sim.crash(bao);
    until_told(&mut sim, chen, meeting, &[dara]);
}

#[test]
fn an_invitee_that_was_down_is_told_when_it_is_back() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(8, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = meet(&mut sim, anna, &[bao, chen]);
    sim.join(bao, meeting);
    sim.stop(chen);
    invite(&mut sim, bao, meeting, dara);
    sim.join(dara, meeting);
    sim.stop(anna);
    sim.stop(bao);
    sim.run(60);
    sim.start(chen);
    until_told(&mut sim, chen, meeting, &[dara]);
    sim.join(chen, meeting);
}

#[test]
fn an_invitee_that_was_cut_off_is_told_when_the_network_is_whole_again() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(9, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = meet(&mut sim, anna, &[bao, chen]);
    sim.join(bao, meeting);
    sim.split(&[&[anna, bao, dara], &[chen]]);
    invite(&mut sim, bao, meeting, dara);
    sim.join(dara, meeting);
    sim.stop(anna);
    sim.crash(bao);
    sim.run(300);
    sim.heal();
    sim.until("Chen is told", 130, |sim| {
        told_inside(sim, chen, meeting) == BTreeSet::from([sim.id(dara)])
    });
    sim.join(chen, meeting);
}

#[test]
fn in_each_part_of_a_split_network_somebody_lets_in() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(10, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = meet(&mut sim, anna, &[bao, chen, dara]);
    sim.join(bao, meeting);
    sim.split(&[&[anna, chen], &[bao, dara]]);
    sim.run(2);
    sim.join(chen, meeting);
    sim.join(dara, meeting);
}

#[test]
fn a_join_under_way_finds_whoever_makes_itself_known() {
    let (mut sim, [anna, bao, chen, dara]) = Sim::with(11, ["Anna", "Bao", "Chen", "Dara"]);
    let meeting = meet(&mut sim, anna, &[bao, chen]);
    sim.join(bao, meeting);
    sim.split(&[&[anna, bao, dara], &[chen]]);
    invite(&mut sim, bao, meeting, dara);
    sim.join(dara, meeting);
    sim.crash(anna);
    sim.crash(bao);
    // Dara tries again every two minutes at the least.
    sim.run(10);
    sim.ask(chen, Command::Join { meeting });
    sim.run(2);
    sim.heal();
    sim.until("Chen is in", 14, |sim| {
        sim.view(chen).active == Some(meeting)
    });
}

#[derive(Debug, Clone)]
enum Step {
    Run(u16),
    Invite(usize, u8),
    Withdraw(usize, u8),
    Join(usize),
    Decline(usize),
    Leave(usize),
    Forget(usize),
    Elsewhere(usize),
    Crash(usize),
    Stop(usize),
    Start(usize),
    Split(u8),
    Heal,
    Storm(bool),
    Clock(usize, i8),
    Reboot(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..PEOPLE;
    prop_oneof![
        12 => (10u16..8000).prop_map(Step::Run),
        6 => (who(), any::<u8>()).prop_map(|(who, whom)| Step::Invite(who, whom)),
        1 => (who(), any::<u8>()).prop_map(|(who, whom)| Step::Withdraw(who, whom)),
        5 => who().prop_map(Step::Join),
        1 => who().prop_map(Step::Decline),
        2 => who().prop_map(Step::Leave),
        1 => who().prop_map(Step::Forget),
        1 => who().prop_map(Step::Elsewhere),
        2 => who().prop_map(Step::Crash),
        2 => who().prop_map(Step::Stop),
        3 => who().prop_map(Step::Start),
        2 => any::<u8>().prop_map(Step::Split),
        2 => Just(Step::Heal),
        1 => any::<bool>().prop_map(Step::Storm),
        2 => (who(), any::<i8>()).prop_map(|(who, hours)| Step::Clock(who, hours)),
        1 => who().prop_map(Step::Reboot),
    ]
}

/// People who invite one another into one meeting, come, go and crash, on machines whose clocks are wrong and are set.
struct History {
    sim: Sim,
    people: [Host; PEOPLE],
    meeting: MeetingId,
}

impl History {
    fn new(seed: u64, first: u8) -> Self {
        let (mut sim, people) = Sim::with_people(seed);
        let invited: Vec<Host> = (1..PEOPLE)
            .filter(|who| first & (1 << who) != 0)
            .map(|who| people[who])
            .collect();
        let meeting = sim.meet(people[0], "Planning", &invited);
        Self {
            sim,
            people,
            meeting,
        }
    }

    fn apply(&mut self, step: &Step) {
        let meeting = self.meeting;
        let sim = &mut self.sim;
        let (who, command) = match *step {
            Step::Run(millis) => return sim.run_millis(u64::from(millis)),
            Step::Heal => return sim.heal(),
            Step::Storm(on) => return sim.set_storm(on),
            Step::Split(bits) => return sim.split_by(bits),
            Step::Clock(who, hours) => {
                return sim.set_clock(self.people[who], i64::from(hours) * 3600);
            }
            Step::Reboot(who) => {
                sim.crash_if_running(self.people[who]);
                sim.reboot(self.people[who]);
                return sim.start(self.people[who]);
            }
            Step::Start(who) => return sim.start_if_stopped(self.people[who]),
            Step::Crash(who) => return sim.crash_if_running(self.people[who]),
            Step::Stop(who) => return sim.stop_if_running(self.people[who]),
            Step::Invite(who, whom) => {
                let peers = sim.chosen(whom, self.people[who]);
                (who, Command::Invite { meeting, peers })
            }
            Step::Withdraw(who, whom) => {
                let peers = sim.chosen(whom, self.people[who]);
                (who, Command::Withdraw { meeting, peers })
            }
            Step::Join(who) => (who, Command::Join { meeting }),
            Step::Decline(who) => (who, Command::Decline { meeting }),
            Step::Leave(who) => (
                who,
                Command::Leave {
                    meeting: Some(meeting),
                },
            ),
            Step::Forget(who) => (who, Command::Forget { meeting }),
            Step::Elsewhere(who) => (
                who,
                Command::Create {
                    title: "Elsewhere".into(),
                    invite: Vec::new(),
                },
            ),
        };
        if self.sim.is_running(self.people[who]) {
            // Refusals are part of life.
            let _ = self.sim.command(self.people[who], command);
        }
    }

    /// Whether somebody inside has an open invitation of `invitee` on record.
    fn is_expected(&self, invitee: Host) -> bool {
        self.sim.running().into_iter().any(|host| {
            self.sim.view(host).active == Some(self.meeting)
                && self
                    .sim
                    .entry(host, self.meeting, invitee)
                    .is_some_and(|entry| !entry.invited_by.is_empty())
        })
    }

    /// The network is whole and clear, and there was time for the longest wait between two attempts.
    fn settle(&mut self) {
        self.sim.heal();
        self.sim.set_storm(false);
        self.sim.run(180);
    }

    /// All of it happened within a day, so no invitation has lapsed, whatever any clock says.
    fn everybody_inside_agrees_on_who_is_invited(&self) {
        let meeting = self.meeting;
        let invited = |viewer: Host| -> BTreeSet<PeerId> {
            let meetings = self.sim.view(viewer).meetings;
            let view = meetings.into_iter().find(|it| it.meeting == meeting);
            let roster = view.into_iter().flat_map(|view| view.roster);
            let invited = roster.filter(|entry| !entry.invited_by.is_empty());
            invited.map(|entry| entry.peer).collect()
        };
        let running = self.sim.running().into_iter();
        let mut inside = running.filter(|host| self.sim.view(*host).active == Some(meeting));
        let Some(first) = inside.next() else {
            return;
        };
        for other in inside {
            if invited(other) != invited(first) {
                self.sim.dump();
                let names = [first, other].map(|host| &self.sim.machine(host).name);
                panic!("{names:?} do not agree on who is invited");
            }
        }
    }

    fn whoever_is_invited_knows_who_is_inside_and_gets_in(&mut self) {
        let meeting = self.meeting;
        let invitees: Vec<Host> = self
            .sim
            .running()
            .into_iter()
            .filter(|host| self.sim.is_invited(*host, meeting) && self.is_expected(*host))
            .collect();
        for invitee in &invitees {
            let (told, real) = (
                told_inside(&self.sim, *invitee, meeting),
                inside(&self.sim, meeting),
            );
            if told != real {
                self.sim.dump();
                panic!(
                    "{} believes {told:?} inside, and {real:?} are",
                    self.sim.machine(*invitee).name
                );
            }
        }
        for invitee in invitees {
            let reply = self.sim.ask(invitee, Command::Join { meeting });
            assert!(matches!(
                reply,
                Reply::Joining { .. } | Reply::Joined { .. }
            ));
            self.sim.until("whoever is invited gets in", 16, |sim| {
                sim.view(invitee).active == Some(meeting)
            });
        }
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn after_every_history_an_open_invitation_lets_in(
        seed: u64,
        first: u8,
        steps in proptest::collection::vec(step(), 5..60),
    ) {
        let mut history = History::new(seed, first);
        for step in &steps {
            history.apply(step);
        }
        history.settle();
        history.everybody_inside_agrees_on_who_is_invited();
        history.whoever_is_invited_knows_who_is_inside_and_gets_in();
    }
}

/// Anna takes Chen for lost for a second, who comes before her in telling Bao and notices nothing of it.
#[test]
fn whoever_said_too_little_for_a_moment_puts_it_right() {
    let mut history = History::new(17_608_962_953_387_927_444, 110);
    for step in [
        Step::Stop(3),
        Step::Join(2),
        Step::Run(13_549),
        Step::Split(25),
        Step::Run(1871),
    ] {
        history.apply(&step);
    }
    history.settle();
    history.whoever_is_invited_knows_who_is_inside_and_gets_in();
}
