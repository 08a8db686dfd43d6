//! One daemon's lobby and meeting in memory, for measuring what it costs to tell one subscriber of one person.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use sotto_control::Event as ControlEvent;
use sotto_meeting::{
    Command, Event, Input, MeetingId, Mesh, Now, Output, PeerId, RejoinPolicy, Reply, Setup, Topic,
    Utc,
};

use super::heard::LastHeard;
use super::notices;
use super::present::Presenter;
use super::publisher::{Publisher, Shown};
use crate::sound::voice::Voiced;

/// People in the meeting, the user included.
const INSIDE: usize = 8;
/// The time on everybody's clock.
const START: Utc = Utc(1_800_000_000);

/// A daemon that knows many, with some of them in a meeting. No network, no clock, no sound.
pub struct Crowd {
    now: Now,
    mesh: Mesh,
    /// Those in the meeting with it.
    others: Vec<Mesh>,
    /// The one of them that goes away and comes back.
    away: bool,
    publisher: Publisher,
    heard: LastHeard,
    voiced: HashMap<PeerId, Voiced>,
    silenced: HashSet<PeerId>,
}

impl Crowd {
    /// Brings `peers` colleagues into the lobby, all of one name if `equal_names`. Nothing, if they do not come together.
    #[must_use]
    pub fn new(peers: usize, equal_names: bool) -> Option<Self> {
        let now = Now {
            monotonic: Duration::from_secs(1),
            since_boot: Duration::from_secs(1),
            utc: START,
        };
        let name = |number: usize| match equal_names {
            true => "Anna".to_owned(),
            false => format!("Person {number}"),
        };
        let mut mesh = start(0, "Me", now)?;
        let mut others = (1..INSIDE.min(peers + 1))
            .map(|number| start(number, &name(number), now))
            .collect::<Option<Vec<Mesh>>>()?;
        let mut crowd = vec![&mut mesh];
        crowd.extend(others.iter_mut());
        meet(&mut crowd, now)?;
        for number in INSIDE..=peers {
            let mut stranger = start(number, &name(number), now)?;
            let from = stranger.me();
            while let Some(output) = stranger.poll_output() {
                if let Output::Publish { topic, data } = output {
                    let input = gossip(topic, from, data);
                    mesh.handle(input, now);
                }
            }
            while mesh.poll_output().is_some() {}
        }
        let all_are_known = mesh.running(now).count() == peers;
        all_are_known.then(|| Self {
            now,
            mesh,
            others,
            away: false,
            publisher: Publisher::new(Instant::now()),
            heard: LastHeard::default(),
            voiced: HashMap::new(),
            silenced: HashSet::new(),
        })
    }

    /// Lets one participant go away, or come back, and returns what the network brings of it.
    pub fn change(&mut self) -> Vec<Input> {
        // Nobody may say too much in a second.
        self.now.monotonic += Duration::from_millis(500);
        self.away = !self.away;
        let command = match self.away {
            true => Command::Away,
            false => Command::Back,
        };
        let Some(one) = self.others.first_mut() else {
            return Vec::new();
        };
        let _ = one.command(command, self.now);
        let from = one.me();
        std::iter::from_fn(|| one.poll_output())
            .filter_map(|output| match output {
                Output::Publish { topic, data } => Some(gossip(topic, from, data)),
                _ => None,
            })
            .collect()
    }

    /// Takes in what the network brings, and returns what the mesh tells of it.
    pub fn take_in(&mut self, inputs: Vec<Input>) -> Vec<Event> {
        for input in inputs {
            self.mesh.handle(input, self.now);
        }
        std::iter::from_fn(|| self.mesh.poll_output())
            .filter_map(|output| match output {
                Output::Event(event) => Some(event),
                _ => None,
            })
            .collect()
    }

    /// Tells one subscriber of `events`; returns the lines that it is sent.
    pub fn tell(&mut self, events: &[Event]) -> Vec<String> {
        let now = Instant::now();
        for event in events {
            if let Event::Changed(part) = event {
                Shown::of(*part).for_each(|shown| self.publisher.changed(shown, now));
            } else if let Some(notice) = notices::of_event(event, &self.mesh) {
                self.publisher.tell(notice, now);
            }
        }
        let due = self.publisher.take(now);
        let presenter = self.presenter();
        let mut lines: Vec<String> = due
            .parts
            .into_iter()
            .filter_map(|part| presenter.event(part))
            .map(|event| event.to_line())
            .collect();
        for notice in due.notices {
            lines.push(ControlEvent::Notice { notice }.to_line());
        }
        lines
    }

    /// Tells the same in the way in which it was told before: with the whole view three times, and every meeting.
    pub fn tell_everything(&mut self, events: &[Event]) -> Vec<String> {
        let mut notices: Vec<String> = Vec::new();
        for event in events {
            if !matches!(event, Event::Changed(_)) {
                let views = [self.mesh.view(self.now), self.mesh.view(self.now)];
                std::hint::black_box(&views);
                let notice = notices::of_event(event, &self.mesh);
                notices.extend(notice.map(|notice| ControlEvent::Notice { notice }.to_line()));
            }
        }
        std::hint::black_box(&self.mesh.view(self.now));
        let meetings = self.presenter().meetings();
        let mut lines = vec![ControlEvent::Meetings { meetings }.to_line()];
        lines.extend(notices);
        lines
    }

    fn presenter(&self) -> Presenter<'_> {
        Presenter {
            mesh: &self.mesh,
            now: self.now,
            voiced: &self.voiced,
            own: Voiced::default(),
            heard: &self.heard,
            silenced: &self.silenced,
        }
    }
}

/// Starts a daemon's mesh, with an address of its own.
fn start(number: usize, name: &str, now: Now) -> Option<Mesh> {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    let setup = Setup {
        signing_seed: seed,
        rng_seed: seed,
        name: name.to_owned(),
        device_name: "laptop".to_owned(),
        stored: None,
        rejoin: RejoinPolicy::default(),
        boot: None,
    };
    let mut mesh = Mesh::new(setup, now).ok()?;
    let [.., third, fourth] = (number as u32 + 1).to_be_bytes();
    let address = SocketAddr::new(Ipv4Addr::new(10, 0, third, fourth).into(), 4001);
    mesh.handle(Input::MediaPort(4000), now);
    mesh.handle(Input::ListenAddresses(vec![address]), now);
    Some(mesh)
}

fn gossip(topic: Topic, from: PeerId, data: Vec<u8>) -> Input {
    Input::Gossip {
        topic,
        author: from,
        neighbour: from,
        data,
        receipt: 0,
    }
}

/// Brings everyone in `crowd` into one meeting that the first creates.
fn meet(crowd: &mut [&mut Mesh], now: Now) -> Option<MeetingId> {
    let ids: Vec<PeerId> = crowd.iter().map(|mesh| mesh.me()).collect();
    for (one, mesh) in crowd.iter_mut().enumerate() {
        for (other, peer) in ids.iter().enumerate() {
            if one != other {
                let address = Ipv4Addr::new(10, 0, 0, other as u8 + 1).into();
                let peer = *peer;
                mesh.handle(Input::PeerConnected { peer, address }, now);
            }
        }
    }
    exchange(crowd, &ids, now);
    let create = Command::Create {
        title: "Planning".to_owned(),
        invite: ids[1..].to_vec(),
    };
    let Ok(Reply::Created { meeting }) = crowd[0].command(create, now) else {
        return None;
    };
    exchange(crowd, &ids, now);
    for other in 1..crowd.len() {
        crowd[other].command(Command::Join { meeting }, now).ok()?;
        exchange(crowd, &ids, now);
    }
    let inside = |mesh: &&mut Mesh| mesh.active() == Some(meeting);
    crowd.iter().all(inside).then_some(meeting)
}

/// Carries everything that they have to say to each other, until nobody has.
fn exchange(crowd: &mut [&mut Mesh], ids: &[PeerId], now: Now) {
    let mut asked: Vec<(usize, u64)> = Vec::new();
    let mut silent = false;
    while !silent {
        silent = true;
        for one in 0..crowd.len() {
            while let Some(output) = crowd[one].poll_output() {
                silent = false;
                let from = ids[one];
                match output {
                    Output::Publish { topic, data } => {
                        for (_, other) in crowd.iter_mut().enumerate().filter(|(it, _)| *it != one)
                        {
                            other.handle(gossip(topic.clone(), from, data.clone()), now);
                        }
                    }
                    Output::Request { to, id, data } => {
                        let Some(other) = ids.iter().position(|peer| *peer == to) else {
                            continue;
                        };
                        let request = asked.len() as u64;
                        asked.push((one, id));
                        let id = request;
                        crowd[other].handle(Input::Request { from, id, data }, now);
                    }
                    Output::Respond { id, data } => {
                        let Some((asker, id)) = asked.get(id as usize).copied() else {
                            continue;
                        };
                        let result = Ok(data);
                        crowd[asker].handle(Input::Response { id, from, result }, now);
                    }
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the lines for one subscriber when one of eight participants goes away.
    fn told(peers: usize, equal_names: bool) -> Vec<String> {
        let mut crowd = Crowd::new(peers, equal_names).unwrap();
        let inputs = crowd.change();
        let events = crowd.take_in(inputs);
        crowd.tell(&events)
    }

    #[test]
    fn what_is_told_of_one_person_does_not_grow_with_the_lobby() {
        for equal_names in [false, true] {
            let (few, many) = (told(10, equal_names), told(300, equal_names));
            let events = |lines: &[String]| -> Vec<String> {
                let event = |line: &String| line.split('"').nth(13).unwrap_or_default().to_owned();
                lines.iter().map(event).collect()
            };
            assert_eq!(events(&few), ["participant", "notice"], "{few:?}");
            assert_eq!(events(&many), events(&few), "{many:?}");
            let length = |lines: &[String]| lines.iter().map(String::len).sum::<usize>();
            assert!(length(&many) <= length(&few) + 32, "{few:?} {many:?}");
        }
    }
}
