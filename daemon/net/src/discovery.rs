//! Finding the other daemons by multicast DNS (RFC 6762, RFC 6763), and being found.
//!
//! A daemon announces the service `_sotto._udp.local.` and browses for it. The announcement yields addresses and
//! the identity that is claimed to be there; only a connection proves it.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use mdns_sd::{IfKind, ServiceDaemon, ServiceEvent, ServiceInfo};
use tokio::{sync::mpsc, task::JoinHandle, time};

use crate::{Interfaces, NodeId, statistics::Counters};

mod announcement;
mod ear;
mod group;
mod hearing;
mod sightings;

use announcement::Announcement;
pub(crate) use ear::Shared as Overhearing;
use ear::{Ear, News};
pub(crate) use sightings::Sighting;
use sightings::Sightings;

const SERVICE: &str = "_sotto._udp.local.";
/// mDNS looks for new addresses of this machine this often, in seconds.
const ADDRESS_CHECK: u32 = 2;
/// Pause before mDNS is started again after it failed.
const RESTART: Duration = Duration::from_secs(5);
/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_millis(300);
/// Sightings that wait for the swarm's task.
const QUEUE: usize = 256;

/// mDNS at work. Dropping it stops without a goodbye.
#[derive(Debug)]
pub(crate) struct Discovery {
    stop: mpsc::Sender<()>,
    task: JoinHandle<()>,
}

impl Discovery {
    /// Announces `node` at `port` on the allowed interfaces and reports the others. If mDNS is not possible now, it is
    /// tried again until it is.
    pub(crate) fn start(
        node: NodeId,
        port: u16,
        interfaces: Interfaces,
        counters: Arc<Counters>,
        overhearing: Overhearing,
    ) -> (Self, mpsc::Receiver<Sighting>) {
        let (sightings, receiver) = mpsc::channel(QUEUE);
        let (stop, mut stopped) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            let mut found = Sightings::new(node, counters);
            let mut ear = Ear::new(interfaces.clone(), overhearing);
            loop {
                match Responder::start(node, port, &interfaces) {
                    Ok(responder) => {
                        let ended = responder
                            .run(&mut found, &mut ear, &sightings, &mut stopped)
                            .await;
                        responder.say_goodbye().await;
                        match ended {
                            Ended::Stopped => return,
                            Ended::PortFree => continue,
                            Ended::Failed => {}
                        }
                    }
                    Err(error) => tracing::warn!(%error, "cannot use mDNS; trying again in 5 s"),
                }
                tokio::select! {
                    () = time::sleep(RESTART) => {}
                    _ = stopped.recv() => return,
                }
            }
        });
        (Self { stop, task }, receiver)
    }

    /// Tells the others that this daemon goes, and stops.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.try_send(());
        // The task ends by itself within GOODBYE; aborting it on drop is for the case that it does not.
        let _ = time::timeout(GOODBYE * 2, &mut self.task).await;
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why a run of the mDNS library is over.
enum Ended {
    /// It is no longer wanted.
    Stopped,
    /// Another program had the port, and has let go of it: the library binds it once, when it starts.
    PortFree,
    Failed,
}

/// One run of the mDNS library, which has its own thread.
struct Responder {
    daemon: ServiceDaemon,
    service: ServiceInfo,
}

impl Responder {
    fn start(node: NodeId, port: u16, interfaces: &Interfaces) -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        daemon.set_ip_check_interval(ADDRESS_CHECK)?;
        if let Interfaces::Named(names) = interfaces {
            daemon.disable_interface(IfKind::All)?;
            let names: Vec<_> = names.iter().cloned().map(IfKind::Name).collect();
            daemon.enable_interface(names)?;
        }
        let announcement = Announcement::new(node);
        let properties = announcement.properties();
        let instance = announcement.instance();
        let host = format!("sotto-{instance}.local.");
        let mut service = ServiceInfo::new(SERVICE, &instance, &host, "", port, &properties[..])?
            .enable_addr_auto();
        // The names hold 128 bits of the key, so nobody has them already. Without probing (RFC 6762 §8.1) others see
        // this daemon after 5 ms instead of 0.9 s.
        service.set_requires_probe(false);
        daemon.register(service.clone())?;
        Ok(Self { daemon, service })
    }

    /// Reports sightings until told to stop, or until there is reason to begin anew.
    async fn run(
        &self,
        found: &mut Sightings,
        ear: &mut Ear,
        sightings: &mpsc::Sender<Sighting>,
        stopped: &mut mpsc::Receiver<()>,
    ) -> Ended {
        loop {
            // A browse whose events are not fetched in time is closed by the library; then this one takes over.
            let browse = match self.daemon.browse(SERVICE) {
                Ok(browse) => browse,
                Err(error) => {
                    tracing::warn!(%error, "cannot browse by mDNS");
                    return Ended::Failed;
                }
            };
            loop {
                let sighting = tokio::select! {
                    event = browse.recv_async() => match event {
                        Ok(event) => sighted(found, event),
                        Err(_) => {
                            tracing::debug!("mDNS browse ended; browsing again");
                            break;
                        }
                    },
                    news = ear.next() => match news {
                        News::PortFree => {
                            let _ = sightings.send(Sighting::Hearing(None)).await;
                            return Ended::PortFree;
                        }
                        News::Verdict(deafness) => {
                            // It is told on change alone, so now all is well again.
                            if deafness.is_none() {
                                self.begin_again();
                            }
                            Some(Sighting::Hearing(deafness))
                        }
                    },
                    _ = stopped.recv() => return Ended::Stopped,
                };
                if let Some(sighting) = sighting
                    && sightings.send(sighting).await.is_err()
                {
                    return Ended::Stopped;
                }
            }
            time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Announces and asks at once: what was sent while nothing came through is lost, and the library asks ever more rarely.
    fn begin_again(&self) {
        // The browse that is open ends with that, and a new one follows.
        let asked = self.daemon.stop_browse(SERVICE);
        if let Err(error) = asked.and_then(|()| self.daemon.register(self.service.clone())) {
            tracing::debug!(%error, "cannot announce anew");
        }
    }

    async fn say_goodbye(self) {
        // The library withdraws what was registered and then answers.
        if let Ok(done) = self.daemon.shutdown() {
            let _ = time::timeout(GOODBYE, done.recv_async()).await;
        }
    }
}

/// Takes in what the library saw; returns what that means.
fn sighted(found: &mut Sightings, event: ServiceEvent) -> Option<Sighting> {
    match event {
        ServiceEvent::ServiceResolved(service) => {
            let properties = service
                .txt_properties
                .iter()
                .map(|property| (property.key(), property.val()));
            // The library also says on which interface each address was heard. That would tell nothing more: a responder
            // names on a link only its addresses in the networks of that link, and others are not dialled.
            let addresses: Vec<_> = service
                .addresses
                .iter()
                .map(|ip| SocketAddr::new(ip.to_ip_addr(), service.port))
                .collect();
            let announcement = Announcement::parse(properties);
            found.resolved(&service.fullname, announcement, addresses)
        }
        ServiceEvent::ServiceRemoved(_, fullname) => found.removed(&fullname),
        _ => None,
    }
}

/// Counts per key that never hold a zero.
#[derive(Debug)]
struct Tally<K>(HashMap<K, usize>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: std::hash::Hash + Eq> Tally<K> {
    fn get(&self, key: &K) -> usize {
        self.0.get(key).copied().unwrap_or(0)
    }

    fn add(&mut self, key: K) {
        *self.0.entry(key).or_insert(0) += 1;
    }

    fn remove(&mut self, key: &K) {
        if let Some(count) = self.0.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(key);
            }
        }
    }
}
