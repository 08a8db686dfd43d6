//! Namespaces, nodes, and waiting for events with a deadline.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sotto_net::{
    Interfaces, Network, NetworkCommand, NetworkConfig, NetworkEvent, NodeId, Verdict,
};
use tokio::{sync::mpsc, time};

/// Set in the process that is inside the namespace.
const INSIDE: &str = "SOTTO_NET_TEST_INSIDE";
/// Set in the process of another host: which seed, and its role.
const PEER: &str = "SOTTO_NET_TEST_PEER";
/// Long enough for a machine with much else to do; what must be fast is measured by itself.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Runs `body` in a namespace with loopback up: in a new process that runs this one test again.
pub(crate) fn in_namespace<F: Future<Output = ()>>(test: &str, body: impl FnOnce() -> F) {
    if std::env::var_os(INSIDE).is_none() {
        let script =
            format!("ip link set lo up && exec \"$0\" --exact {test} --nocapture --test-threads 1");
        let status = Command::new("unshare")
            .args(["-rn", "sh", "-c", &script])
            .arg(std::env::current_exe().unwrap())
            .env(INSIDE, "1")
            .stdin(Stdio::null())
            .status()
            .expect("'unshare' (util-linux) and 'ip' (iproute2) are needed");
        assert!(
            status.success(),
            "{test} failed inside its namespace: {status}"
        );
        return;
    }
    if std::env::var_os("SOTTO_NET_TEST_LOG").is_some() {
        let _ = tracing_subscriber::fmt()
            .with_env_filter("sotto_net=debug")
            .with_test_writer()
            .try_init();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(body());
}

/// Runs a shell command that must succeed; returns what it printed.
pub(crate) fn sh(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Another process with a node: announces itself by mDNS and subscribes to `lobby`. Killed when dropped.
pub(crate) struct PeerProcess(Child);

impl PeerProcess {
    /// In the same namespace.
    pub(crate) fn here(seed: u8) -> Self {
        Self::spawn(Command::new(std::env::current_exe().unwrap()), seed, "lo")
    }

    /// On another host: a new namespace, connected by a cable from `here` to `there`, `10.66.0.1` to `10.66.0.2`.
    pub(crate) fn elsewhere(seed: u8, here: &str, there: &str) -> Self {
        let mut command = Command::new("unshare");
        // The interface is handed over once the namespace exists.
        let script = format!(
            "until ip link show {there} >/dev/null 2>&1; do sleep 0.02; done; ip link set lo up; \
             ip addr add 10.66.0.2/24 dev {there} && ip link set {there} up && exec \"$0\" \"$@\""
        );
        command
            .args(["-n", "sh", "-c", &script])
            .arg(std::env::current_exe().unwrap());
        let process = Self::spawn(command, seed, there);
        let pid = process.0.id();
        let own = std::fs::read_link("/proc/self/ns/net").unwrap();
        let deadline = Instant::now() + DEADLINE;
        while std::fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|its| its == own) {
            assert!(Instant::now() < deadline, "the other host did not come up");
            std::thread::yield_now();
        }
        sh(&format!(
            "ip link add {here} type veth peer name {there} && ip link set {there} netns {pid}"
        ));
        sh(&format!(
            "ip addr add 10.66.0.1/24 dev {here} && ip link set {here} up"
        ));
        process
    }

    fn spawn(mut command: Command, seed: u8, interface: &str) -> Self {
        let child = command
            .args(["--exact", "fixture::peer_process", "--nocapture"])
            .env(PEER, format!("{seed} {interface}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// SIGKILL; returns when it was sent.
    pub(crate) fn kill(&mut self) -> Instant {
        let at = Instant::now();
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        at
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The body of a [`PeerProcess`]; as a test of its own it has nothing to do.
#[test]
fn peer_process() {
    let Ok(peer) = std::env::var(PEER) else {
        return;
    };
    let (seed, interface) = peer.split_once(' ').unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut config = NetworkConfig::new([seed.parse().unwrap(); 32]);
        config.interfaces = Interfaces::Named(vec![interface.to_owned()]);
        let mut node = Node::start_with(config).await;
        node.subscribe("lobby").await;
        // Whoever started this process kills it; if that one has died, standard input ends.
        let orphaned = tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin()));
        tokio::select! {
            _ = orphaned => {}
            () = async { while node.events.recv().await.is_some() {} } => {}
        }
    });
}

/// A gossip message that came.
pub(crate) struct Gossip {
    pub(crate) author: NodeId,
    pub(crate) neighbour: NodeId,
    pub(crate) data: Vec<u8>,
}

/// A network and what it reported.
pub(crate) struct Node {
    pub(crate) network: Network,
    pub(crate) id: NodeId,
    pub(crate) events: mpsc::Receiver<NetworkEvent>,
    /// Events received but not yet looked for.
    kept: Vec<NetworkEvent>,
}

impl Node {
    /// On loopback, discovered by mDNS.
    pub(crate) async fn start(seed: u8) -> Self {
        Self::start_with(Self::config(seed)).await
    }

    /// On loopback, without mDNS, dialling `peers`.
    pub(crate) async fn start_static(seed: u8, peers: &[&Self]) -> Self {
        let mut config = Self::config(seed);
        config.discovery = false;
        config.static_peers = peers.iter().map(|peer| peer.address()).collect();
        Self::start_with(config).await
    }

    pub(crate) fn config(seed: u8) -> NetworkConfig {
        let mut config = NetworkConfig::new([seed; 32]);
        config.interfaces = Interfaces::Named(vec!["lo".to_owned()]);
        config
    }

    pub(crate) async fn start_with(config: NetworkConfig) -> Self {
        let (network, events) = Network::start(config).await.unwrap();
        let id = network.node();
        Self {
            network,
            id,
            events,
            kept: Vec::new(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.network.port()))
    }

    pub(crate) async fn send(&self, command: NetworkCommand) {
        self.network.send(command).await.unwrap();
    }

    pub(crate) async fn subscribe(&self, topic: &str) {
        self.send(NetworkCommand::Subscribe(topic.to_owned())).await;
    }

    pub(crate) async fn publish(&self, topic: &str, data: &[u8]) {
        self.send(NetworkCommand::Publish {
            topic: topic.to_owned(),
            data: data.to_vec(),
        })
        .await;
    }

    /// The first event that `pick` recognises, those included that came while waiting for others.
    pub(crate) async fn wait<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(&NetworkEvent) -> Option<T>,
    ) -> T {
        if let Some((index, picked)) = self
            .kept
            .iter()
            .enumerate()
            .find_map(|(index, event)| Some((index, pick(event)?)))
        {
            self.kept.remove(index);
            return picked;
        }
        let deadline = time::Instant::now() + DEADLINE;
        loop {
            match time::timeout_at(deadline, self.events.recv()).await {
                Ok(Some(event)) => match pick(&event) {
                    Some(picked) => return picked,
                    None => self.kept.push(event),
                },
                Ok(None) => panic!("{}: the network stopped before {what}", self.id),
                Err(_) => panic!(
                    "{}: no {what} within {DEADLINE:?}; instead {:#?}",
                    self.id, self.kept
                ),
            }
        }
    }

    /// Where an announcement says that `who` is.
    pub(crate) async fn discovered(&mut self, who: NodeId) -> Vec<SocketAddr> {
        self.wait("discovery", |event| match event {
            NetworkEvent::Discovered { peer, addresses } if *peer == who => Some(addresses.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn connected(&mut self, to: NodeId) {
        self.wait("connection", |event| {
            matches!(event, NetworkEvent::Connected { peer, .. } if *peer == to).then_some(())
        })
        .await;
    }

    pub(crate) async fn disconnected(&mut self, from: NodeId) {
        let gone = |event: &NetworkEvent| matches!(event, NetworkEvent::Disconnected { peer } if *peer == from);
        self.wait("end of a connection", |event| gone(event).then_some(()))
            .await;
    }

    pub(crate) async fn subscribed(&mut self, who: NodeId, to: &str) {
        let matches = |event: &NetworkEvent| matches!(event, NetworkEvent::Subscribed { peer, topic } if *peer == who && topic == to);
        self.wait("subscription", |event| matches(event).then_some(()))
            .await;
    }

    /// The next gossip, judged.
    pub(crate) async fn gossip(&mut self, verdict: Verdict) -> Gossip {
        let (gossip, receipt) = self
            .wait("gossip", |event| match event {
                NetworkEvent::Gossip {
                    author,
                    neighbour,
                    data,
                    receipt,
                    ..
                } => Some((
                    Gossip {
                        author: *author,
                        neighbour: *neighbour,
                        data: data.clone(),
                    },
                    *receipt,
                )),
                _ => None,
            })
            .await;
        self.send(NetworkCommand::Verdict { receipt, verdict })
            .await;
        gossip
    }

    /// Whether an event that `pick` recognises has come so far.
    pub(crate) fn has(&mut self, pick: impl Fn(&NetworkEvent) -> bool) -> bool {
        while let Ok(event) = self.events.try_recv() {
            self.kept.push(event);
        }
        self.kept.iter().any(pick)
    }
}
