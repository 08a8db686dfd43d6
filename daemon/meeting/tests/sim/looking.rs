//! What machines show, and what they have told their users.

use sotto_meeting::{Event, Flags, MeetingId, Mesh, PeerId, Presence, RosterEntry, View};

use super::{Host, Machine, Sim, Voice};

impl Sim {
    pub(crate) fn id(&self, host: Host) -> PeerId {
        self.machines[host.0].id
    }

    pub(crate) fn machine(&self, host: Host) -> &Machine {
        &self.machines[host.0]
    }

    /// Returns the mesh of a machine that runs.
    pub(crate) fn mesh(&self, host: Host) -> &Mesh {
        let mesh = self.machines[host.0].mesh.as_ref();
        mesh.expect("a stopped machine has no mesh")
    }

    pub(crate) fn voice(&self, host: Host) -> &Voice {
        &self.machines[host.0].voice
    }

    pub(crate) fn hosts(&self) -> impl Iterator<Item = Host> + use<> {
        (0..self.machines.len()).map(Host)
    }

    pub(crate) fn running(&self) -> Vec<Host> {
        self.hosts().filter(|host| self.is_running(*host)).collect()
    }

    pub(crate) fn is_running(&self, host: Host) -> bool {
        self.machines[host.0].mesh.is_some()
    }

    pub(crate) fn view(&self, host: Host) -> View {
        self.mesh(host).view(self.clock_of(host))
    }

    pub(crate) fn is_invited(&self, host: Host, meeting: MeetingId) -> bool {
        self.view(host)
            .invitations
            .iter()
            .any(|invitation| invitation.meeting == meeting)
    }

    pub(crate) fn entry(&self, viewer: Host, meeting: MeetingId, who: Host) -> Option<RosterEntry> {
        let who = self.id(who);
        let view = self.view(viewer);
        let meeting = view
            .meetings
            .into_iter()
            .find(|view| view.meeting == meeting)?;
        meeting.roster.into_iter().find(|entry| entry.peer == who)
    }

    /// How `viewer` sees `who`; `None` if it has no such meeting or roster entry.
    pub(crate) fn presence(&self, viewer: Host, meeting: MeetingId, who: Host) -> Option<Presence> {
        self.entry(viewer, meeting, who).map(|entry| entry.presence)
    }

    pub(crate) fn flags(&self, viewer: Host, meeting: MeetingId, who: Host) -> Option<Flags> {
        self.entry(viewer, meeting, who).map(|entry| entry.flags)
    }

    /// What `host` has told its user since it started, in order.
    pub(crate) fn events(&self, host: Host) -> &[Event] {
        &self.machines[host.0].events
    }

    pub(crate) fn saw(&self, host: Host, wanted: impl FnMut(&Event) -> bool) -> bool {
        self.events(host).iter().any(wanted)
    }

    /// Everyone's rosters, for a failing test's output.
    pub(crate) fn dump(&self) {
        eprintln!("at {:?}, seed {}:", self.now, self.seed);
        for host in self.hosts() {
            let machine = self.machine(host);
            if !self.is_running(host) {
                eprintln!("  {} ({:?}) does not run", machine.name, machine.id);
                continue;
            }
            let view = self.view(host);
            eprintln!(
                "  {} ({:?}), part {}, connected to {:?}, invited to {:?}, joining {}",
                machine.name,
                machine.id,
                self.parts[host.0],
                machine.connections.keys().collect::<Vec<_>>(),
                view.invitations
                    .iter()
                    .map(|invitation| &invitation.title)
                    .collect::<Vec<_>>(),
                view.joining.len(),
            );
            for meeting in &view.meetings {
                eprint!(
                    "    {}{}:",
                    meeting.title,
                    if meeting.active { "*" } else { "" },
                );
                for entry in &meeting.roster {
                    eprint!(
                        " {} {}{}{}{},",
                        entry.label,
                        entry.presence,
                        if entry.flags.muted { " muted" } else { "" },
                        if entry.unreachable {
                            " unreachable"
                        } else {
                            ""
                        },
                        if entry.voice { " voice" } else { "" },
                    );
                }
                eprintln!();
            }
        }
    }

    /// Everybody who runs sees `who` like this.
    pub(crate) fn everybody_sees(&self, meeting: MeetingId, who: Host, presence: Presence) {
        for viewer in self.running() {
            let seen = self.presence(viewer, meeting, who);
            let name = &self.machine(viewer).name;
            assert_eq!(seen, Some(presence), "seen by {name}");
        }
    }

    /// Whether `viewer` sees that `who` has declined.
    pub(crate) fn has_declined(&self, viewer: Host, meeting: MeetingId, who: Host) -> bool {
        let entry = self.entry(viewer, meeting, who);
        entry.is_some_and(|entry| entry.declined)
    }
}
