//! The doctor: looks at everything that Sotto stands on, and says what is wrong and what helps.
//!
//! Each part has two halves: one asks the machine, the other judges the answers and is tested with answers of its own.
//! It works without a daemon, and then says so first.

mod bus;
mod colleagues;
mod daemon;
mod desktop;
mod devices;
#[cfg(unix)]
mod files;
mod finding;
mod firewall;
mod interfaces;
mod machine;
mod multicast;
mod releases;
mod route;
mod sound;
mod told;

pub(crate) use finding::{Area, Finding, Help, Report, Weight};
pub(crate) use interfaces::names as interface_names;
pub(crate) use machine::Machine;

use bus::Bus;
use firewall::Firewall;
use multicast::Probe;
use serde_json::Value;
use sotto_control::config::{self, Config, LISTEN_PORT, MEDIA_PORT, Network};
use sotto_control::{NoHome, Places};
use told::{Daemon, Told};

/// The words to show meanwhile.
pub(crate) const LOOKING: &str = "Looking at the daemon, the network, sound and the desktop…";
/// The name of the service that gives programs real-time priority.
const REAL_TIME_KIT: &str = "org.freedesktop.RealtimeKit1";
/// The ports that firewalls are asked about where no daemon names its own.
const USUAL_PORTS: [u16; 2] = [LISTEN_PORT, MEDIA_PORT];

/// Looks at everything, and returns with it what the daemon said, if it did: the report may name whoever stands there.
/// Takes two to four seconds.
///
/// # Errors
/// There is no place for Sotto's files.
pub(crate) async fn look() -> Result<(Report, Option<Value>), NoHome> {
    let places = Places::find()?;
    let machine = Machine::here();
    let (daemon, session, system) =
        tokio::join!(Daemon::ask(), Bus::of_session(), Bus::of_system());
    let kit = system.as_ref().is_ok_and(|bus| bus.answers(REAL_TIME_KIT));
    let (mut found, network) = tokio::join!(
        daemon::examine(&machine, &places, &daemon),
        network(&machine, &places, &daemon),
    );
    found.extend(network);
    found.extend(sound::examine(&machine, &daemon, sound::RealTimeKit(kit)));
    found.extend(desktop::judge(&machine, &session, &system));
    let told = daemon.told().map(Told::of_people);
    Ok((Report::new(found), told))
}

/// Looks at everything. Takes two to four seconds.
///
/// # Errors
/// There is no place for Sotto's files.
pub(crate) async fn examine() -> Result<Report, NoHome> {
    look().await.map(|(report, _)| report)
}

async fn network(machine: &Machine, places: &Places, daemon: &Daemon) -> Vec<Finding> {
    let mut found = Vec::new();
    let interfaces = match interfaces::read() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            let what = format!("the system does not list its interfaces: {error}");
            return vec![Finding::problem(Area::Network, "interfaces", what)];
        }
    };
    let text = config::read(&places.config).ok();
    // Settings that cannot be read are told of the daemon.
    let settings = text
        .and_then(|text| Config::parse(&text).ok())
        .unwrap_or_default()
        .network;
    let wanted = &settings.interfaces;
    found.extend(interfaces::judge(&interfaces, wanted, |name| {
        machine.exists(format!("/sys/class/net/{name}"))
    }));
    let used: Vec<_> = interfaces
        .iter()
        .filter(|interface| interfaces::is_used(interface, wanted))
        .cloned()
        .collect();
    let asked = used.clone();
    let probed = tokio::task::spawn_blocking(move || multicast::probe(&asked)).await;
    let probe = probed.unwrap_or_else(|error| Probe::Failed(error.to_string()));
    let told = daemon.told();
    let holder = match probe {
        Probe::Held => multicast::holder(machine),
        _ => None,
    };
    let outside = used.iter().any(|interface| !interface.is_loopback());
    let firewalls = match outside {
        true => firewall::look(machine, &ports(told)).await,
        false => Vec::new(),
    };
    found.extend(multicast::judge(
        &probe,
        holder.as_deref(),
        // A daemon knows better whom it has found.
        told.is_none(),
        firewalls.first().map(Firewall::letting_in_multicast),
    ));
    found.extend(route::judge(&route::read(&used), &interfaces));
    let connected = told.is_some_and(|told| told.peers.iter().any(|peer| peer.connected));
    found.extend(firewalls.iter().map(|it| it.judge(connected)));
    if let Some(told) = told {
        // Why multicast fails, or the network, has been found out here, or the daemon says it.
        let known = found.iter().any(|it| it.weight == Weight::Problem);
        found.extend(listening(told, &settings, known));
        found.extend(colleagues::judge(&told.peers, &told.network, known));
        found.extend(colleagues::clocks(&told.peers, &told.status.warnings));
        found.extend(releases::judge(
            &told.network.programs,
            &told.status.version,
        ));
    }
    found
}

/// Returns the daemon's ports, for connections and for voice.
fn ports(told: Option<&Told>) -> Vec<u16> {
    let Some(told) = told else {
        return USUAL_PORTS.to_vec();
    };
    let (network, status) = (&told.network, &told.status.network);
    let mut ports: Vec<u16> = network
        .listen_port
        .into_iter()
        .chain(network.media_port.or(status.media_port))
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Judges what the daemon says of its network; what follows from a problem that is `known` is not told once more.
fn listening(told: &Told, settings: &Network, known: bool) -> Vec<Finding> {
    let network = &told.status.network;
    let mut found = Vec::new();
    if let Some(problem) = network.problem.as_ref().filter(|_| !known) {
        found.push(
            Finding::problem(Area::Network, "network", problem.clone())
                .because("colleagues do not reach you, or you do not reach them")
                .helped_if(network.hint.clone()),
        );
    }
    if network.listening.is_empty() {
        if !known && found.is_empty() {
            found.push(
                Finding::problem(Area::Network, "ports", "the daemon listens at no address")
                    .because("nobody can connect to you")
                    .helped_by(Help::command("sotto restart")),
            );
        }
        return found;
    }
    let ports = ports(Some(told));
    let what = format!("listens at {}", firewall::listed(&ports));
    let chosen = settings.listen_port.is_some() || settings.media_port.is_some();
    found.push(
        match chosen || ports.iter().all(|port| USUAL_PORTS.contains(port)) {
            true => Finding::fine(Area::Network, "ports", what),
            false => Finding::note(
                Area::Network,
                "ports",
                format!("{what}, not at the usual ones"),
            )
            .because("rules of firewalls for Sotto name the usual ports 26606 and 26607")
            .helped_by(
                "see who has them: sudo ss -ulpn 'sport = :26606'; end it, then: sotto restart",
            ),
        },
    );
    found
}
