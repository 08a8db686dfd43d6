//! A still network, for rules in which the network plays no part: everything arrives at once, nothing is lost, and a
//! connection that leads nowhere breaks at once.

use sotto_meeting::{Command, MeetingId};

use super::{Host, Sim, Weather};

impl Sim {
    /// A still world in which machines of these names run, all connected with one another.
    pub(crate) fn still<const N: usize>(names: [&str; N]) -> (Self, [Host; N]) {
        let mut sim = Self::new(1);
        sim.weather = Weather::STILL;
        sim.lobby_connections = usize::MAX;
        let hosts = sim.add_all(names);
        sim.run(1);
        (sim, hosts)
    }

    /// A still world in which multicast does not pass: everybody was told the address of the first.
    pub(crate) fn still_without_multicast<const N: usize>(names: [&str; N]) -> (Self, [Host; N]) {
        let mut sim = Self::new(1);
        sim.weather = Weather::STILL;
        sim.lobby_connections = 0;
        sim.spare_connections = 6;
        let hosts = names.map(|name| sim.add(name));
        for host in hosts {
            sim.start(host);
        }
        for host in &hosts[1..] {
            sim.connect(hosts[0].0, host.0, true);
        }
        (sim, hosts)
    }

    /// On a still network, lets everything happen that is due at this moment.
    pub(super) fn deliver_at_once(&mut self) {
        if self.weather.is_still() {
            self.run_millis(0);
        }
    }

    /// On a still network, breaks and makes connections without waiting for the next upkeep.
    pub(super) fn connect_at_once(&mut self) {
        if !self.weather.is_still() {
            return;
        }
        self.deliver_at_once();
        // Each round makes one connection of each machine.
        for _ in 0..self.machines.len() {
            self.upkeep();
            self.deliver_at_once();
        }
    }

    /// Breaks the connection between two machines. The network makes it again when somebody wants it.
    pub(crate) fn disconnect_from(&mut self, one: Host, other: Host) {
        let between = |connection: &super::Connection| connection.joins(one.0, other.0);
        let all = self.connections.iter();
        let all: Vec<u64> = all
            .filter(|(_, connection)| between(connection))
            .map(|(id, _)| *id)
            .collect();
        for id in all {
            self.disconnect(id);
        }
        self.deliver_at_once();
    }

    /// `host` joins; on a still network that takes no time.
    pub(crate) fn join_at_once(&mut self, host: Host, meeting: MeetingId) {
        self.ask(host, Command::Join { meeting });
        self.run_millis(100);
        let name = &self.machine(host).name;
        assert_eq!(self.view(host).active, Some(meeting), "{name} joined");
    }

    /// A meeting that `creator` starts and everybody else joins at once.
    pub(crate) fn meeting_of_all(&mut self, creator: Host) -> MeetingId {
        let others: Vec<Host> = self.hosts().filter(|host| *host != creator).collect();
        let meeting = self.meet(creator, "Planning", &others);
        for other in others {
            self.join_at_once(other, meeting);
        }
        self.run(2);
        meeting
    }
}
