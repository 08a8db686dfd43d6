//! Multicast DNS as it works here: a question is sent on each interface and must come back to this machine.
//!
//! The question is the one that every daemon asks (RFC 6762), so that it tells nobody anything new, and colleagues who
//! run Sotto answer it.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::finding::{Area, Finding, Help};
use super::interfaces::Interface;
use super::machine::Machine;

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
pub(super) const PORT: u16 = 5353;
/// The longest time that an answer may take: responders wait up to 120 ms (RFC 6762 §6), access points for the end of
/// a beacon's interval.
const LISTEN: Duration = Duration::from_millis(1200);
/// The longest message (RFC 6762 §17).
const LONGEST: usize = 9000;
/// Messages that are looked at: a busy network must not keep the doctor.
const MOST: usize = 2000;
/// The most programs whose open files are looked through.
const MOST_PROGRAMS: usize = 20_000;

/// What came of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Probe {
    /// The port belongs to a program that does not share it.
    Held,
    /// It cannot be asked.
    Failed(String),
    Asked {
        /// Each interface, and why or whether the question came back.
        interfaces: Vec<(String, Back)>,
        /// The machines that said something meanwhile.
        others: BTreeSet<IpAddr>,
    },
}

/// The fate of a question on one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Back {
    Heard,
    Lost,
    /// It could not be sent.
    NotSent(String),
}

/// Asks on each interface that has an IPv4 address. Takes up to [`LISTEN`]; blocks.
pub(super) fn probe(interfaces: &[Interface]) -> Probe {
    let socket = match open() {
        Ok(socket) => socket,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Probe::Held,
        Err(error) => return Probe::Failed(error.to_string()),
    };
    let asked: Vec<(&Interface, Ipv4Addr)> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback())
        .filter_map(|interface| {
            let mut addresses = interface.addresses.iter();
            addresses.find_map(|&(ip, _)| match ip {
                IpAddr::V4(ip) => Some((interface, ip)),
                IpAddr::V6(_) => None,
            })
        })
        .collect();
    let mut fates: Vec<(String, Back)> = Vec::new();
    for (number, (interface, ip)) in asked.iter().enumerate() {
        let fate = match ask(&socket, *ip, &question(identifier(number))) {
            Ok(()) => Back::Lost,
            Err(error) => Back::NotSent(error.to_string()),
        };
        fates.push((interface.name.clone(), fate));
    }
    let mut others = BTreeSet::new();
    if fates.is_empty() {
        return Probe::Asked {
            interfaces: fates,
            others,
        };
    }
    let until = Instant::now() + LISTEN;
    for _ in 0..MOST {
        let Some((message, from)) = receive(&socket, until) else {
            break;
        };
        if !interfaces.iter().any(|interface| interface.has(from)) {
            others.insert(from);
            continue;
        }
        for (number, fate) in fates.iter_mut().enumerate() {
            if message == question(identifier(number)) {
                fate.1 = Back::Heard;
            }
        }
    }
    Probe::Asked {
        interfaces: fates,
        others,
    }
}

fn open() -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT)).into())?;
    socket.set_multicast_loop_v4(true)?;
    socket.set_multicast_ttl_v4(255)?;
    Ok(socket.into())
}

fn ask(socket: &UdpSocket, own: Ipv4Addr, question: &[u8]) -> io::Result<()> {
    match socket.join_multicast_v4(&GROUP, &own) {
        // Two names for one interface.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
        joined => joined?,
    }
    SockRef::from(socket).set_multicast_if_v4(&own)?;
    socket.send_to(question, (GROUP, PORT))?;
    Ok(())
}

/// The number by which a question of this process is known again.
fn identifier(number: usize) -> u16 {
    let own = std::process::id()
        .wrapping_mul(31)
        .wrapping_add(u32::try_from(number).unwrap_or(0));
    u16::try_from(own & 0xffff).unwrap_or(0)
}

/// Writes the question for everybody who runs Sotto: `_sotto._udp.local`, PTR (RFC 1035 §4.1).
fn question(identifier: u16) -> Vec<u8> {
    let mut message = Vec::with_capacity(64);
    message.extend(identifier.to_be_bytes());
    // No flags; one question, nothing else.
    message.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in ["_sotto", "_udp", "local"] {
        message.push(u8::try_from(label.len()).unwrap_or(0));
        message.extend(label.as_bytes());
    }
    message.push(0);
    // PTR, IN
    message.extend([0, 12, 0, 1]);
    message
}

fn receive(socket: &UdpSocket, until: Instant) -> Option<(Vec<u8>, IpAddr)> {
    let left = until.checked_duration_since(Instant::now())?;
    // A time of nothing would wait for ever.
    let left = left.max(Duration::from_millis(1));
    socket.set_read_timeout(Some(left)).ok()?;
    let mut buffer = [0; LONGEST];
    let (length, from) = socket.recv_from(&mut buffer).ok()?;
    Some((buffer.get(..length)?.to_vec(), from.ip()))
}

/// Judges what came of it. `holder` is the program that has the port, where it can be told; that nobody else was heard
/// is told only if `alone_matters`. `letting_in` lets multicast in at this machine's firewall.
pub(super) fn judge(
    probe: &Probe,
    holder: Option<&str>,
    alone_matters: bool,
    letting_in: Option<Help>,
) -> Vec<Finding> {
    match probe {
        Probe::Held => {
            let what = match holder {
                Some(holder) => format!("port {PORT} is held by {holder}, which does not share it"),
                None => format!("port {PORT} is held by a program that does not share it"),
            };
            vec![
                Finding::problem(Area::Network, "mdns_port", what)
                    .because("colleagues find each other through this port (multicast DNS)")
                    .helped_by(match holder {
                        Some(_) => {
                            "end that program; Sotto then takes the port by itself".to_owned()
                        }
                        None => format!("see which it is: sudo ss -ulpn 'sport = {PORT}'"),
                    }),
            ]
        }
        Probe::Failed(why) => vec![
            Finding::problem(
                Area::Network,
                "mdns_port",
                format!("port {PORT} cannot be used: {why}"),
            )
            .because("colleagues find each other through this port (multicast DNS)"),
        ],
        Probe::Asked { interfaces, others } => {
            let mut found: Vec<Finding> = interfaces
                .iter()
                .filter_map(|fate| one(fate, letting_in.as_ref()))
                .collect();
            let heard = |(_, back): &&(String, Back)| *back == Back::Heard;
            let good: Vec<&str> = interfaces
                .iter()
                .filter(heard)
                .map(|(name, _)| name.as_str())
                .collect();
            if !good.is_empty() {
                let what = format!("multicast works on {}", good.join(", "));
                found.insert(0, Finding::fine(Area::Network, "multicast", what));
                if others.is_empty() && alone_matters {
                    found.push(
                        Finding::note(
                            Area::Network,
                            "multicast",
                            "no other machine was heard by multicast just now",
                        )
                        .because("either nobody else is there, or the network does not pass it between machines")
                        .helped_by("where colleagues are there but not found: sotto connect ADDRESS"),
                    );
                }
            }
            found
        }
    }
}

fn one((name, back): &(String, Back), letting_in: Option<&Help>) -> Option<Finding> {
    match back {
        Back::Heard => None,
        Back::Lost => Some(
            Finding::problem(
                Area::Network,
                "multicast",
                format!("multicast sent on {name} did not come back to this machine"),
            )
            .because("a firewall drops multicast, so that colleagues are not found")
            .helped_by(match letting_in {
                Some(help) => help.clone(),
                None => format!("let UDP port {PORT} in; the rules of the firewall: sudo nft list ruleset").into(),
            }),
        ),
        Back::NotSent(why) => Some(
            Finding::problem(
                Area::Network,
                "multicast",
                format!("no multicast can be sent on {name}: {why}"),
            )
            .because("colleagues on that network are not found")
            .helped_by(format!("if {name} is not for Sotto, name the others: sotto config set network.interfaces NAMES")),
        ),
    }
}

/// Names the program that has the port, as far as this user may know: `avahi-daemon (process 812)`.
pub(super) fn holder(machine: &Machine) -> Option<String> {
    let inodes: BTreeSet<String> = ["/proc/net/udp", "/proc/net/udp6"]
        .iter()
        .filter_map(|path| machine.read(path))
        .flat_map(|table| inodes_at(&table))
        .collect();
    let mut processes: Vec<u32> = machine
        .names("/proc")
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect();
    processes.sort_unstable();
    let found = processes.into_iter().take(MOST_PROGRAMS).find(|process| {
        let open = format!("/proc/{process}/fd");
        machine.names(&open).iter().any(|number| {
            let link = machine.link(format!("{open}/{number}"));
            let socket = link
                .and_then(|it| it.to_str().map(str::to_owned))
                .unwrap_or_default();
            let inode = socket
                .strip_prefix("socket:[")
                .and_then(|it| it.strip_suffix(']'));
            inode.is_some_and(|inode| inodes.contains(inode))
        })
    })?;
    let name = machine.read(format!("/proc/{found}/comm"))?;
    Some(format!("{} (process {found})", name.trim()))
}

/// Returns the sockets at the port, from a table of the kernel (proc(5), `/proc/net/udp`).
fn inodes_at(table: &str) -> Vec<String> {
    let port = format!(":{PORT:04X}");
    let lines = table.lines().skip(1);
    lines
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let local = fields.nth(1)?;
            let inode = fields.nth(7)?;
            local.ends_with(&port).then(|| inode.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::*;

    #[test]
    fn each_fate_has_its_finding() {
        let asked = |fate: Back, others: &[&str]| Probe::Asked {
            interfaces: vec![("eth0".into(), fate)],
            others: others.iter().map(|ip| ip.parse().unwrap()).collect(),
        };
        let weights = |probe: &Probe| -> Vec<Weight> {
            judge(probe, None, true, None)
                .iter()
                .map(|it| it.weight)
                .collect()
        };
        assert_eq!(
            weights(&asked(Back::Heard, &["192.168.1.2"])),
            [Weight::Fine]
        );
        assert_eq!(
            weights(&asked(Back::Heard, &[])),
            [Weight::Fine, Weight::Note]
        );
        assert_eq!(weights(&asked(Back::Lost, &[])), [Weight::Problem]);
        assert_eq!(
            weights(&asked(Back::NotSent("no route".into()), &[])),
            [Weight::Problem]
        );
        assert_eq!(weights(&Probe::Held), [Weight::Problem]);
        assert_eq!(weights(&Probe::Failed("denied".into())), [Weight::Problem]);
    }

    #[test]
    fn the_holder_of_the_port_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref\n\
             10: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000   105        0 4711 2 0 0\n\
             11: 00000000:1234 00000000:0000 07 00000000:00000000 00:00000000 00000000   105        0 4712 2 0 0\n";
        let machine = Machine::pretended(directory.path(), &[])
            .with("/proc/net/udp", table)
            .with("/proc/812/comm", "old-bonjour\n");
        assert_eq!(holder(&machine), None);
        std::fs::create_dir_all(machine.path("/proc/812/fd")).unwrap();
        std::os::unix::fs::symlink("socket:[4711]", machine.path("/proc/812/fd/3")).unwrap();
        let holder = holder(&machine).unwrap();
        assert_eq!(holder, "old-bonjour (process 812)");
        assert!(
            judge(&Probe::Held, Some(&holder), true, None)[0]
                .what
                .contains("old-bonjour")
        );
    }
}
