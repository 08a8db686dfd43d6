//! What is heard of multicast, interface by interface.
//!
//! A packet to a group comes back to whoever sent it, unless something swallows it: a firewall, or an interface that cannot
//! do it. So now and then one is sent, and if none of several comes back, multicast does not work there, at least on this
//! side of the cable. Sans-IO; times are since an arbitrary start.

use std::{collections::BTreeMap, net::Ipv4Addr, time::Duration};

/// Probes without an answer until an interface counts as deaf.
const PATIENCE: u32 = 3;
/// Pause between probes while it is not known whether they come back.
const SOON: Duration = Duration::from_secs(1);
/// The same while they do not.
const SILENT: Duration = Duration::from_secs(5);
/// The same while they do. Each costs a wake-up of every machine around.
const WELL: Duration = Duration::from_secs(60);
/// Interfaces looked after; a machine with more has containers.
const MAX_INTERFACES: usize = 64;

/// The interfaces that may be used, by their names.
#[derive(Debug, Default)]
pub(super) struct Hearing(BTreeMap<String, One>);

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct One {
    pub(super) ip: Ipv4Addr,
    /// A packet of our own came back: yes, no, not known yet.
    pub(super) heard_back: Option<bool>,
    /// When somebody else was heard last.
    pub(super) others: Option<Duration>,
    /// When the last probe was sent, while it is out.
    out: bool,
    missed: u32,
    next: Duration,
}

impl Hearing {
    /// Takes in which interfaces there are now, with an address each.
    pub(super) fn follow(&mut self, present: Vec<(String, Ipv4Addr)>, now: Duration) {
        self.0.retain(|name, one| {
            present
                .iter()
                .any(|(other, ip)| other == name && one.ip == *ip)
        });
        for (name, ip) in present.into_iter().take(MAX_INTERFACES) {
            self.0.entry(name).or_insert(One {
                ip,
                heard_back: None,
                others: None,
                out: false,
                missed: 0,
                next: now,
            });
        }
    }

    /// Returns through which addresses to send a probe now.
    pub(super) fn probe(&mut self, now: Duration) -> Vec<Ipv4Addr> {
        let due = self.0.values_mut().filter(|one| one.next <= now);
        let mut through = Vec::new();
        for one in due {
            if one.out {
                one.missed = one.missed.saturating_add(1);
            }
            if one.missed >= PATIENCE {
                one.heard_back = Some(false);
            }
            one.out = true;
            one.next = now + if one.missed > PATIENCE { SILENT } else { SOON };
            through.push(one.ip);
        }
        through
    }

    /// Returns when the next probe is due.
    pub(super) fn next_probe(&self) -> Option<Duration> {
        self.0.values().map(|one| one.next).min()
    }

    /// Notes a packet that came in on an interface, from this machine or from another.
    pub(super) fn heard(&mut self, interface: &str, own: bool, now: Duration) {
        let Some(one) = self.0.get_mut(interface) else {
            return;
        };
        if own {
            one.heard_back = Some(true);
            one.missed = 0;
            one.out = false;
            one.next = now + WELL;
        } else {
            one.others = Some(now);
        }
    }

    /// Returns an address of each interface.
    pub(super) fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.0.values().map(|one| one.ip)
    }

    /// Returns what is known of an interface.
    pub(super) fn of(&self, interface: &str) -> Option<&One> {
        self.0.get(interface)
    }

    /// Returns the interfaces through which nothing comes back, if nothing comes back anywhere. Loopback does not count
    /// where there is another.
    pub(super) fn deaf(&self) -> Option<Vec<String>> {
        let outside = |one: &One| !one.ip.is_loopback();
        let only_loopback = !self.0.values().any(outside);
        let counts = self
            .0
            .iter()
            .filter(|(_, one)| only_loopback || outside(one));
        let mut silent = Vec::new();
        for (name, one) in counts {
            if one.heard_back != Some(false) {
                return None;
            }
            silent.push(name.clone());
        }
        (!silent.is_empty()).then_some(silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn present(names: &[&str]) -> Vec<(String, Ipv4Addr)> {
        let ip = |name: &str| match name {
            "lo" => Ipv4Addr::LOCALHOST,
            name => Ipv4Addr::new(192, 0, 2, name.as_bytes()[name.len() - 1]),
        };
        names
            .iter()
            .map(|&name| (name.to_owned(), ip(name)))
            .collect()
    }

    /// Probes whenever one is due, and has those through `answering` come back. Returns how many were sent.
    fn run(hearing: &mut Hearing, from: u64, to: u64, answering: &[&str]) -> usize {
        let mut sent = 0;
        for now in (from..to).map(seconds) {
            let through = hearing.probe(now);
            sent += through.len();
            for name in answering {
                if hearing
                    .of(name)
                    .is_some_and(|one| through.contains(&one.ip))
                {
                    hearing.heard(name, true, now);
                }
            }
        }
        sent
    }

    #[test]
    fn an_interface_is_deaf_after_three_probes_and_heals() {
        let mut hearing = Hearing::default();
        hearing.follow(present(&["eth0", "lo"]), seconds(0));
        run(&mut hearing, 0, 3, &["lo"]);
        assert_eq!(
            (hearing.deaf(), hearing.of("eth0").unwrap().heard_back),
            (None, None)
        );
        run(&mut hearing, 3, 5, &["lo"]);
        assert_eq!(hearing.deaf(), Some(vec!["eth0".to_owned()]));
        run(&mut hearing, 5, 12, &["lo", "eth0"]);
        assert_eq!(
            (hearing.deaf(), hearing.of("eth0").unwrap().heard_back),
            (None, Some(true))
        );
    }

    #[test]
    fn one_that_works_is_enough_and_loopback_alone_counts() {
        let mut hearing = Hearing::default();
        hearing.follow(present(&["eth0", "wg1"]), seconds(0));
        run(&mut hearing, 0, 9, &["eth0"]);
        assert_eq!(hearing.of("wg1").unwrap().heard_back, Some(false));
        assert_eq!(hearing.deaf(), None);
        hearing.follow(present(&["lo"]), seconds(9));
        run(&mut hearing, 9, 19, &[]);
        assert_eq!(hearing.deaf(), Some(vec!["lo".to_owned()]));
        hearing.follow(Vec::new(), seconds(19));
        assert_eq!(
            hearing.deaf(),
            None,
            "that there is none is another trouble"
        );
    }

    #[test]
    fn while_all_is_well_probes_are_rare_and_a_late_silence_is_noticed() {
        let mut hearing = Hearing::default();
        hearing.follow(present(&["eth0"]), seconds(0));
        let sent = run(&mut hearing, 0, 600, &["eth0"]);
        assert!((9..=11).contains(&sent), "{sent}");
        run(&mut hearing, 600, 665, &[]);
        assert!(hearing.deaf().is_some());
        let sent = run(&mut hearing, 700, 800, &[]);
        assert!((15..=25).contains(&sent), "{sent}");
        hearing.heard("eth0", false, seconds(800));
        assert!(hearing.deaf().is_some(), "others do not hear us by that");
        assert_eq!(hearing.of("eth0").unwrap().others, Some(seconds(800)));
    }
}
