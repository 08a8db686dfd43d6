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
/// Ways looked after; a machine with more has containers.
const MAX_WAYS: usize = 64;

/// A way to the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through {
    /// From this address.
    V4(Ipv4Addr),
    /// Through the interface of this number.
    V6(u32),
}

impl Through {
    fn is_v4(self) -> bool {
        matches!(self, Self::V4(_))
    }
}

/// The interfaces that may be used, by their names, each with one way of IPv4, one of IPv6, or both.
#[derive(Debug, Default)]
pub(super) struct Hearing(BTreeMap<String, Ways>);

/// The ways of one interface.
#[derive(Debug, Default)]
struct Ways {
    v4: Option<One>,
    v6: Option<One>,
}

impl Ways {
    fn family(&mut self, v4: bool) -> &mut Option<One> {
        if v4 { &mut self.v4 } else { &mut self.v6 }
    }

    fn all(&self) -> impl Iterator<Item = &One> {
        self.v4.iter().chain(&self.v6)
    }
}

/// One way.
#[derive(Debug, Clone, PartialEq, Eq)]
struct One {
    through: Through,
    /// A packet of our own came back: yes, no, not known yet.
    heard_back: Option<bool>,
    /// When somebody else was heard last.
    others: Option<Duration>,
    /// Probes that were sent since one came back last.
    missed: u32,
    next: Duration,
}

impl Hearing {
    /// Takes in which ways there are now, each with the name of its interface.
    pub(super) fn follow(&mut self, present: Vec<(String, Through)>, now: Duration) {
        self.0.retain(|name, ways| {
            for way in [&mut ways.v4, &mut ways.v6] {
                let is_there = |one: &mut One| {
                    let mut there = present.iter();
                    there.any(|(other, through)| other == name && one.through == *through)
                };
                way.take_if(|one| !is_there(one));
            }
            ways.all().next().is_some()
        });
        for (name, through) in present.into_iter().take(MAX_WAYS) {
            let ways = self.0.entry(name).or_default();
            ways.family(through.is_v4()).get_or_insert(One {
                through,
                heard_back: None,
                others: None,
                missed: 0,
                next: now,
            });
        }
    }

    fn all(&self) -> impl Iterator<Item = &One> {
        self.0.values().flat_map(Ways::all)
    }

    /// Returns on which ways to send a probe now.
    pub(super) fn probe(&mut self, now: Duration) -> Vec<Through> {
        let all = self.0.values_mut();
        let all = all.flat_map(|ways| ways.v4.iter_mut().chain(&mut ways.v6));
        let due = all.filter(|one| one.next <= now);
        let mut through = Vec::new();
        for one in due {
            if one.missed >= PATIENCE {
                one.heard_back = Some(false);
            }
            one.next = now + if one.missed > PATIENCE { SILENT } else { SOON };
            one.missed = one.missed.saturating_add(1);
            through.push(one.through);
        }
        through
    }

    /// Returns when the next probe is due.
    pub(super) fn next_probe(&self) -> Option<Duration> {
        self.all().map(|one| one.next).min()
    }

    /// Notes a packet that came in on an interface, by IPv4 or IPv6, from this machine or from another.
    pub(super) fn heard(&mut self, interface: &str, v4: bool, own: bool, now: Duration) {
        let ways = self.0.get_mut(interface);
        let Some(one) = ways.and_then(|ways| ways.family(v4).as_mut()) else {
            return;
        };
        if own {
            one.heard_back = Some(true);
            one.missed = 0;
            one.next = now + WELL;
        } else {
            one.others = Some(now);
        }
    }

    /// Returns an address of each interface that has one of IPv4.
    pub(super) fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.all().filter_map(|one| match one.through {
            Through::V4(ip) => Some(ip),
            Through::V6(_) => None,
        })
    }

    /// Returns whether a packet of our own came back through an interface, and when somebody else was heard there last.
    ///
    /// One way that works is enough: mDNS uses both.
    pub(super) fn of(&self, interface: &str) -> Option<(Option<bool>, Option<Duration>)> {
        let interface = self.0.get(interface)?;
        let ways = || interface.all();
        let back = if ways().any(|one| one.heard_back == Some(true)) {
            Some(true)
        } else if ways().all(|one| one.heard_back == Some(false)) {
            Some(false)
        } else {
            None
        };
        Some((back, ways().filter_map(|one| one.others).max()))
    }

    /// Returns the interfaces through which nothing comes back, if nothing comes back anywhere. Loopback does not count
    /// where there is another.
    pub(super) fn deaf(&self) -> Option<Vec<String>> {
        let outside = |one: &One| match one.through {
            Through::V4(ip) => !ip.is_loopback(),
            Through::V6(_) => true,
        };
        let only_loopback = !self.all().any(outside);
        let counts = |one: &&One| only_loopback || outside(one);
        let mut silent = Vec::new();
        for (name, ways) in &self.0 {
            let mut ways = ways.all().filter(counts).peekable();
            if ways.peek().is_none() {
                continue;
            }
            if ways.any(|one| one.heard_back != Some(false)) {
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

    fn present(names: &[&str]) -> Vec<(String, Through)> {
        let ip = |name: &str| match name {
            "lo" => Through::V4(Ipv4Addr::LOCALHOST),
            name => Through::V4(Ipv4Addr::new(192, 0, 2, name.as_bytes()[name.len() - 1])),
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
                for v4 in [true, false] {
                    let ways = hearing.0.get_mut(*name);
                    let one = ways.and_then(|ways| ways.family(v4).as_ref());
                    if one.is_some_and(|one| through.contains(&one.through)) {
                        hearing.heard(name, v4, true, now);
                    }
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
            (hearing.deaf(), hearing.of("eth0").unwrap().0),
            (None, None)
        );
        run(&mut hearing, 3, 5, &["lo"]);
        assert_eq!(hearing.deaf(), Some(vec!["eth0".to_owned()]));
        run(&mut hearing, 5, 12, &["lo", "eth0"]);
        assert_eq!(
            (hearing.deaf(), hearing.of("eth0").unwrap().0),
            (None, Some(true))
        );
    }

    #[test]
    fn one_that_works_is_enough_and_loopback_alone_counts() {
        let mut hearing = Hearing::default();
        hearing.follow(present(&["eth0", "wg1"]), seconds(0));
        run(&mut hearing, 0, 9, &["eth0"]);
        assert_eq!(hearing.of("wg1").unwrap().0, Some(false));
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
    fn one_family_that_works_is_enough_and_ipv6_alone_counts() {
        let mut hearing = Hearing::default();
        let both = || {
            [
                present(&["eth0"]),
                vec![("eth0".to_owned(), Through::V6(2))],
            ]
            .concat()
        };
        hearing.follow(both(), seconds(0));
        run(&mut hearing, 0, 5, &[]);
        assert_eq!(hearing.deaf(), Some(vec!["eth0".to_owned()]));
        hearing.heard("eth0", false, true, seconds(5));
        assert_eq!(hearing.deaf(), None);
        assert_eq!(hearing.of("eth0").unwrap().0, Some(true));
        hearing.follow(vec![("eth0".to_owned(), Through::V6(3))], seconds(6));
        assert_eq!(hearing.of("eth0").unwrap().0, None, "another interface");
        run(&mut hearing, 6, 11, &[]);
        assert_eq!(hearing.of("eth0").unwrap().0, Some(false));
        assert_eq!(hearing.deaf(), Some(vec!["eth0".to_owned()]));
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
        hearing.heard("eth0", true, false, seconds(800));
        assert!(hearing.deaf().is_some(), "others do not hear us by that");
        assert_eq!(hearing.of("eth0").unwrap().1, Some(seconds(800)));
    }
}
