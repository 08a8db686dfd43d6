//! `sotto peers`

use crate::connection::{ask, connect_when_starting};
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::{Wait, until};
use sotto_control::model::Peer;
use sotto_control::{PeersList, PeersReply};

/// List colleagues who run, or ran, Sotto on this network
#[derive(Debug, clap::Args)]
#[command(
    after_help = "With --wait, waits until everyone named runs Sotto, or --count colleagues do.\n\nExamples:\n  sotto peers\n  sotto peers bao chen --wait 10s\n  sotto peers --count 3 --wait"
)]
pub(crate) struct Peers {
    /// Only colleagues whose name begins so
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// How many colleagues --wait waits for
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "names")]
    count: usize,

    #[command(flatten)]
    wait: Wait,
}

impl Peers {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let all = match self.wait.limit {
            Some(_) => {
                let what = match self.names.as_slice() {
                    [] => format!("the appearance of {} colleague(s)", self.count),
                    names => format!("the appearance of {}", names.join(", ")),
                };
                with_versions(self.wait.limited(what, self.appear()).await?).await
            }
            None => ask(PeersList {}).await?.peers,
        };
        if let Some(name) = self.names.iter().find(|name| {
            let mut labels = all.iter().map(|peer| &peer.person.label);
            !labels.any(|label| begins(label, name))
        }) {
            return Err(Failure::NobodyCalled { name: name.clone() });
        }
        let peers = all.into_iter().filter(|peer| self.wanted(peer)).collect();
        output.show(&PeersReply { peers }, format::peers)
    }

    async fn appear(&self) -> Result<Vec<Peer>, Failure> {
        let mut subscription = connect_when_starting().await?.subscribe(false).await?;
        until(&mut subscription, |snapshot| {
            let running = || snapshot.peers.iter().filter(|peer| peer.running);
            let there = if self.names.is_empty() {
                running().count() >= self.count
            } else {
                let mut names = self.names.iter();
                names.all(|name| running().any(|peer| begins(&peer.person.label, name)))
            };
            there.then(|| snapshot.peers.clone())
        })
        .await
    }

    fn wanted(&self, peer: &Peer) -> bool {
        let label = &peer.person.label;
        self.names.is_empty() || self.names.iter().any(|name| begins(label, name))
    }
}

/// Adds which release each runs: no event tells it.
async fn with_versions(mut peers: Vec<Peer>) -> Vec<Peer> {
    let listed = ask(PeersList {}).await.map(|reply| reply.peers);
    for known in listed.unwrap_or_default() {
        let same = |peer: &&mut Peer| peer.person.id == known.person.id;
        if let Some(peer) = peers.iter_mut().find(same) {
            peer.version = known.version;
        }
    }
    peers
}

fn begins(label: &str, name: &str) -> bool {
    label.to_lowercase().starts_with(&name.to_lowercase())
}
