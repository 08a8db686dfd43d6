//! Connecting to a colleague by address or by the name of their machine.
//!
//! The address is tried for a while, whether somebody waits for the outcome or not: a colleague who starts Sotto a minute
//! later is found. Once a connection has stood, the network keeps it.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sotto_control::server::Answer;
use sotto_control::{ColleagueAddress, ConnectReply, ControlError, ErrorCode, Host, Reply};
use sotto_meeting::PeerId;
use sotto_net::{DialAddressError, NetworkCommand, NodeId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::super::{Hub, Later, present};

/// An address is tried for so long.
const TRIED_FOR: Duration = Duration::from_secs(600);
/// Who does not want to wait is told so soon what came of the first attempt, or that more will follow.
const AT_ONCE: Duration = Duration::from_secs(1);
/// The pauses between two attempts: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));
/// The longest time that looking a name up may take.
const LOOK_UP: Duration = Duration::from_secs(5);
/// The most addresses of one name that are tried.
const MOST_OF_A_NAME: usize = 4;
/// The most addresses that are tried at once.
const MOST: usize = 16;

/// The addresses that are being tried.
pub(in crate::hub) struct Tries {
    places: Arc<Semaphore>,
    /// Those that nobody waits for any more.
    behind: HashMap<ColleagueAddress, Behind>,
}

/// One that goes on by itself, until it is dropped: it gives its place back together with its task.
struct Behind {
    task: AbortHandle,
    _place: OwnedSemaphorePermit,
}

impl Default for Tries {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MOST)),
            behind: HashMap::new(),
        }
    }
}

impl Tries {
    /// Takes a place for one more. One of the same address that nobody waits for makes room.
    fn begin(&mut self, address: &ColleagueAddress) -> Option<OwnedSemaphorePermit> {
        self.behind.retain(|_, behind| !behind.task.is_finished());
        self.behind.remove(address);
        Arc::clone(&self.places).try_acquire_owned().ok()
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An address that is tried again and again.
pub(in crate::hub) struct Dialling {
    target: ColleagueAddress,
    network: mpsc::Sender<NetworkCommand>,
    until: Instant,
    pause: Duration,
}

/// The outcome of one attempt.
enum Attempt {
    Stands(NodeId, SocketAddr),
    /// Another attempt would end alike.
    Hopeless(ControlError),
    Failed(String),
}

impl Hub {
    pub(super) fn connect(&mut self, text: &str, wait_ms: Option<u64>, answer: Answer) {
        let target: ColleagueAddress = match text.parse() {
            Ok(target) => target,
            Err(error) => {
                let error = ControlError::invalid(error)
                    .with_hint("write IP:PORT, as 'sotto status' shows it on the other machine");
                answer.send(Err::<Reply, _>(error));
                return;
            }
        };
        let Some(place) = self.laters.tries.begin(&target) else {
            let error = ControlError::new(ErrorCode::Limit, "too many addresses are being tried")
                .with_hint("try again in a few minutes");
            answer.send(Err::<Reply, _>(error));
            return;
        };
        let dialling = Dialling {
            target,
            network: self.link.commands(),
            until: Instant::now() + TRIED_FOR,
            pause: PAUSES.0,
        };
        let wait = wait_ms.map(Duration::from_millis);
        let hub = self.laters.sender.clone();
        tokio::spawn(dialling.answered(wait, answer, hub, place));
    }

    /// Goes on dialling where nobody waits any more.
    pub(in crate::hub) fn keep_dialling(
        &mut self,
        dialling: Dialling,
        place: OwnedSemaphorePermit,
    ) {
        let target = dialling.target.clone();
        let behind = Behind {
            task: tokio::spawn(dialling.in_the_background()).abort_handle(),
            _place: place,
        };
        self.laters.tries.behind.insert(target, behind);
    }

    /// Answers a connection by address that stands, once the name of who is there has come over it.
    pub(in crate::hub) fn connected(
        &self,
        peer: PeerId,
        address: SocketAddr,
        answer: Answer,
        waited: u32,
    ) {
        const PAUSE: Duration = Duration::from_millis(50);
        const PAUSES: u32 = 40;
        let person = present::person(&self.mesh, peer);
        if person.name.is_empty() && waited < PAUSES {
            let later = self.laters.sender.clone();
            tokio::spawn(async move {
                sleep(PAUSE).await;
                let _ = later
                    .send(Later::Connected {
                        peer,
                        address,
                        answer,
                        waited: waited + 1,
                    })
                    .await;
            });
            return;
        }
        answer.send(Ok(ConnectReply {
            address: address.to_string(),
            person: Some(person),
        }));
    }
}

impl Dialling {
    /// Tries until the wait is over, and answers.
    async fn answered(
        mut self,
        wait: Option<Duration>,
        answer: Answer,
        hub: mpsc::Sender<Later>,
        place: OwnedSemaphorePermit,
    ) {
        let answer_at = Instant::now() + wait.unwrap_or(AT_ONCE);
        let mut last = None;
        loop {
            match timeout_at(answer_at, self.attempt(last.is_none())).await {
                Ok(Attempt::Stands(node, address)) => {
                    let stands = Later::Connected {
                        peer: PeerId(node.0),
                        address,
                        answer,
                        waited: 0,
                    };
                    // If the hub has gone, so has whoever waits.
                    let _ = hub.send(stands).await;
                    return;
                }
                Ok(Attempt::Hopeless(error)) => {
                    answer.send(Err::<Reply, _>(error));
                    return;
                }
                Ok(Attempt::Failed(why)) => last = Some(why),
                Err(_) => break,
            }
            if timeout_at(answer_at, self.rest()).await.is_err() {
                break;
            }
        }
        let answered: Result<Reply, _> = match wait {
            None => Ok(ConnectReply {
                address: self.target.to_string(),
                person: None,
            }
            .into()),
            Some(wait) => Err(self.too_late(wait, last)),
        };
        answer.send(answered);
        let _ = hub.send(Later::DialledOn(Box::new(self), place)).await;
    }

    async fn in_the_background(mut self) {
        while Instant::now() < self.until {
            match self.attempt(false).await {
                Attempt::Stands(..) | Attempt::Hopeless(_) => return,
                Attempt::Failed(why) => {
                    tracing::debug!(address = %self.target, why, "not connected yet");
                }
            }
            self.rest().await;
        }
        tracing::info!(address = %self.target, "not tried any longer: nobody has answered");
    }

    /// Pauses, each time for longer.
    async fn rest(&mut self) {
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSES.1);
    }

    /// Tries each address of the target once. A name that is not known at `first` is a mistake, later a machine that is
    /// off.
    async fn attempt(&self, first: bool) -> Attempt {
        let addresses = match self.addresses().await {
            Ok(addresses) => addresses,
            Err(error) if first => return Attempt::Hopeless(self.unknown(&error)),
            Err(error) => return Attempt::Failed(error.to_string()),
        };
        let mut last = String::new();
        for address in addresses {
            let (reply, dialled) = oneshot::channel();
            let dial = NetworkCommand::DialAddress(address, reply);
            // If the network has stopped, the reply goes too.
            let _ = self.network.send(dial).await;
            match dialled.await {
                Ok(Ok(node)) => return Attempt::Stands(node, address),
                Ok(Err(
                    error @ (DialAddressError::Myself(_) | DialAddressError::NotDialable(_)),
                )) => {
                    let error = ControlError::invalid(error.to_string()).with_hint_if(error.hint());
                    return Attempt::Hopeless(error);
                }
                Ok(Err(error)) => last = error.to_string(),
                Err(_) => {
                    return Attempt::Hopeless(ControlError::internal("the network has stopped"));
                }
            }
        }
        Attempt::Failed(last)
    }

    /// Looks the target up: a name may belong to another address by now.
    async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let name = match &self.target.host {
            Host::Ip(ip) => return Ok(vec![SocketAddr::new(*ip, self.target.port)]),
            Host::Name(name) => name.as_str(),
        };
        let looked_up = tokio::net::lookup_host((name, self.target.port));
        let found = timeout(LOOK_UP, looked_up).await.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, "looking it up takes too long")
        })??;
        let found: Vec<SocketAddr> = found.take(MOST_OF_A_NAME).collect();
        match found.is_empty() {
            false => Ok(found),
            true => Err(io::Error::new(io::ErrorKind::NotFound, "it has no address")),
        }
    }

    fn unknown(&self, error: &io::Error) -> ControlError {
        let Host::Name(name) = &self.target.host else {
            return ControlError::invalid(error.to_string());
        };
        let hint = if name.ends_with(".local") {
            "install libnss-mdns for names that end in .local, or write IP:PORT, as 'sotto status' shows it on the other machine"
        } else {
            "write IP:PORT, as 'sotto status' shows it on the other machine"
        };
        ControlError::invalid(format!("no machine is known here as \"{name}\" ({error})"))
            .with_hint(hint)
    }

    fn too_late(&self, wait: Duration, last: Option<String>) -> ControlError {
        let target = &self.target;
        let why = last.map(|why| format!(": {why}")).unwrap_or_default();
        let text = format!("no connection to {target} within {}{why}", shown(wait));
        ControlError::new(ErrorCode::Timeout, text).with_hint(format!(
            "the daemon goes on trying for {} minutes; see 'sotto peers'",
            TRIED_FOR.as_secs() / 60
        ))
    }
}

/// Returns a wait as whoever asked for it may have written it.
fn shown(wait: Duration) -> String {
    match wait.subsec_millis() {
        0 => format!("{} s", wait.as_secs()),
        _ => format!("{} ms", wait.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_as_it_was_asked_for() {
        assert_eq!(shown(Duration::from_millis(500)), "500 ms");
        assert_eq!(shown(Duration::from_millis(1500)), "1500 ms");
        assert_eq!(shown(Duration::from_secs(30)), "30 s");
    }

    #[tokio::test]
    async fn one_that_another_takes_the_place_of_ends() {
        let address: ColleagueAddress = "192.0.2.1:4000".parse().unwrap();
        let mut tries = Tries::default();
        let mut begin = || {
            let task = tokio::spawn(std::future::pending::<()>());
            let behind = Behind {
                task: task.abort_handle(),
                _place: Arc::clone(&tries.places).try_acquire_owned().unwrap(),
            };
            tries.behind.insert(address.clone(), behind);
            task
        };
        let (first, _second) = (begin(), begin());
        assert!(first.await.unwrap_err().is_cancelled());
        assert_eq!(tries.places.available_permits(), MOST - 1);
    }

    #[tokio::test]
    async fn one_of_the_same_address_makes_room_at_once() {
        let address = |number: usize| -> ColleagueAddress {
            format!("192.0.2.{number}:4000").parse().unwrap()
        };
        let mut tries = Tries::default();
        let first = tries.begin(&address(0)).unwrap();
        let behind = Behind {
            task: tokio::spawn(std::future::pending::<()>()).abort_handle(),
            _place: first,
        };
        tries.behind.insert(address(0), behind);
        let _others: Vec<_> = (1..MOST)
            .map(|it| tries.begin(&address(it)).unwrap())
            .collect();
        assert!(tries.begin(&address(MOST)).is_none());
        assert!(tries.begin(&address(0)).is_some());
    }
}
