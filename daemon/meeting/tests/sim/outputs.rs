//! What meshes want done.

use sotto_meeting::{Input, Output};

use super::Sim;
use super::happenings::Happening;

impl Sim {
    pub(super) fn input(&mut self, machine: usize, input: Input) {
        let now = self.clock_of(super::Host(machine));
        let taken = self.machines[machine].with_mesh(|mesh| mesh.handle(input, now));
        if taken.is_some() {
            self.drain(machine);
        }
    }

    /// Carries out what a mesh wants.
    pub(super) fn drain(&mut self, machine: usize) {
        loop {
            let node = &mut self.machines[machine];
            let Some(output) = node.mesh.as_mut().and_then(|mesh| mesh.poll_output()) else {
                break;
            };
            self.carry_out(machine, output);
        }
        let node = &mut self.machines[machine];
        let due = node.mesh.as_ref().and_then(|mesh| mesh.next_timeout());
        if let Some(due) = due
            && node.timer.is_none_or(|timer| due < timer)
        {
            node.timer = Some(due);
            let run = node.run;
            let after = due.saturating_sub(self.now);
            self.schedule(after, Happening::Wake { machine, run });
        }
    }

    fn carry_out(&mut self, machine: usize, output: Output) {
        match output {
            Output::Subscribe(topic) => self.subscribe(machine, topic),
            Output::Unsubscribe(topic) => {
                self.machines[machine].topics.remove(&topic);
            }
            Output::Publish { topic, data } => self.publish(machine, topic, data),
            Output::Verdict { receipt, verdict } => self.judge(machine, receipt, verdict),
            Output::Request { to, id, data } => self.ask_directly(machine, to, id, data),
            Output::Respond { id, data } => self.respond(machine, id, data),
            Output::Connect { peer, addresses } => {
                self.machines[machine]
                    .wanted
                    .insert(peer, addresses.clone());
                self.dial(machine, peer, &addresses);
            }
            Output::Release { peer } => {
                self.machines[machine].wanted.remove(&peer);
            }
            Output::Store(state) | Output::StoreLater(state) => {
                self.machines[machine].disk = Some(state)
            }
            Output::Voice(change) => {
                let now = self.now;
                self.machines[machine].voice.change(change, now);
            }
            Output::Event(event) => self.machines[machine].events.push(event),
        }
    }
}
