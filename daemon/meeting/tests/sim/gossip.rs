//! Gossip: relayed, lost, duplicated, judged, and sent once more.

use sotto_meeting::{Input, PeerId, Topic, Verdict};

use super::happenings::Happening;
use super::machine::Judged;
use super::{Host, Sim};

/// Messages of one author that somebody keeps.
const KEPT: usize = 16;
/// Relays per gossip message.
const DEGREE: usize = 6;

impl Sim {
    pub(super) fn subscribe(&mut self, machine: usize, topic: Topic) {
        self.machines[machine].topics.insert(topic.clone());
        let peer = self.machines[machine].id;
        for to in self.neighbours(machine) {
            let delay = self.delay();
            self.schedule(
                delay,
                Happening::Subscribed {
                    to,
                    peer,
                    topic: topic.clone(),
                },
            );
        }
    }

    pub(super) fn subscribed(&mut self, to: (usize, u64), peer: PeerId, topic: Topic) {
        if self.lives(to) && self.machines[to.0].connections.contains_key(&peer) {
            self.input(to.0, Input::Subscribed { peer, topic });
        }
    }

    pub(super) fn publish(&mut self, machine: usize, topic: Topic, data: Vec<u8>) {
        let message = self.next_id;
        self.next_id += 1;
        self.machines[machine].sees(message);
        let all = self.neighbours(machine);
        let author = self.machines[machine].id;
        let kept = self.envelopes.entry(author).or_default();
        kept.truncate(KEPT - 1);
        kept.push_front((topic.clone(), data.clone()));
        self.relay(machine, message, author, &topic, &data, all);
    }

    /// Hands on what a mesh has accepted.
    pub(super) fn judge(&mut self, machine: usize, receipt: u64, verdict: Verdict) {
        let judged = self.machines[machine].judged.remove(&receipt);
        let Judged {
            message,
            topic,
            data,
            from,
            author,
        } = judged.expect("a verdict on nothing");
        if verdict == Verdict::Accept {
            let mut others = self.neighbours(machine);
            others.retain(|(other, _)| *other != from);
            while others.len() > DEGREE {
                let drop = self.random(others.len() as u32) as usize;
                others.swap_remove(drop);
            }
            self.relay(machine, message, author, &topic, &data, others);
        }
    }

    fn relay(
        &mut self,
        from: usize,
        message: u64,
        author: PeerId,
        topic: &Topic,
        data: &[u8],
        to: Vec<(usize, u64)>,
    ) {
        for end in to {
            // A gossip layer does not send to whom it knows not to listen.
            if !self.machines[end.0].topics.contains(topic) || self.parts[from] != self.parts[end.0]
            {
                continue;
            }
            self.machines[from].sent += data.len() as u64;
            if self.chance(self.weather.gossip_loss) {
                continue;
            }
            let copies = 1 + u32::from(self.chance(self.weather.duplication));
            for copy in 0..copies {
                let delay = self.delay();
                // The second copy gets past the memory of what was seen.
                let message = if copy == 0 {
                    message
                } else {
                    message | 1 << 63
                };
                let (topic, data) = (topic.clone(), data.to_vec());
                self.schedule(
                    delay,
                    Happening::Gossip {
                        message,
                        to: end,
                        from,
                        author,
                        topic,
                        data,
                    },
                );
            }
        }
    }

    /// `by` sends to `to` once more what `author` gossiped last, after everybody has forgotten those messages.
    pub(crate) fn resend(&mut self, by: Host, author: Host, to: Host) {
        let author = self.id(author);
        let kept = self.envelopes.get(&author).cloned().unwrap_or_default();
        let end = (to.0, self.machines[to.0].run);
        for (topic, data) in kept {
            let message = self.next_id;
            self.next_id += 1;
            self.receive_gossip(message, end, by.0, author, topic, data);
        }
    }

    pub(super) fn receive_gossip(
        &mut self,
        message: u64,
        to: (usize, u64),
        from: usize,
        author: PeerId,
        topic: Topic,
        data: Vec<u8>,
    ) {
        if !self.lives(to) || !self.machines[to.0].topics.contains(&topic) {
            return;
        }
        self.messages += 1;
        self.machines[to.0].received += data.len() as u64;
        if !self.machines[to.0].sees(message) {
            return;
        }
        let receipt = self.next_id;
        self.next_id += 1;
        let neighbour = self.machines[from].id;
        let judged = Judged {
            message,
            topic: topic.clone(),
            data: data.clone(),
            from,
            author,
        };
        self.machines[to.0].judged.insert(receipt, judged);
        self.input(
            to.0,
            Input::Gossip {
                topic,
                author,
                neighbour,
                data,
                receipt,
            },
        );
        assert!(
            !self.machines[to.0].judged.contains_key(&receipt),
            "gossip got no verdict"
        );
    }
}
