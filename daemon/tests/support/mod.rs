//! Real daemons, each with a home of its own.
//!
//! They run only where no real network is: in a network namespace that has nothing but loopback.
// A module of several programs, each of which uses its own part, and all of which may fail loudly.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::future::Future;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sotto_control::{Client, NetworkConnect, Places, StatusGet};
use tempfile::TempDir;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};

/// How often the daemon must say that it is alive.
pub const BEAT: Duration = Duration::from_millis(200);

pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what)
        .await
        .expect("within the deadline")
}

/// Refuses to start a daemon where its packets could leave the machine.
pub fn only_on_loopback() {
    let interfaces = std::fs::read_to_string("/proc/self/net/dev").unwrap();
    let names: Vec<&str> = interfaces
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.trim())
        .collect();
    assert_eq!(
        names,
        ["lo"],
        "this test starts daemons, and runs only in a network namespace with loopback alone: \
         unshare -rn sh -c 'ip link set lo up; cargo test -p sotto-daemon'"
    );
    assert!(
        std::net::UdpSocket::bind("127.0.0.1:0")
            .and_then(|socket| socket.connect("127.0.0.1:9"))
            .is_ok(),
        "loopback is down in this network namespace; run 'ip link set lo up' in it"
    );
}

/// The daemon in this home, with nothing of the developer's.
fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sottod"));
    command
        .env("SOTTO_HOME", home)
        // What a sound system's client keeps for its user stays out of the developer's home.
        .env("HOME", home)
        .env("NOTIFY_SOCKET", home.join("notify"))
        .env("WATCHDOG_USEC", (2 * BEAT).as_micros().to_string())
        .env_remove("WATCHDOG_PID")
        .env("PULSE_SERVER", "unix:/nowhere")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A daemon with a home of its own, ended with the test.
pub struct Daemon {
    pub home: TempDir,
    pub child: Child,
    /// Where it tells the service manager.
    pub told: UnixDatagram,
}

impl Daemon {
    pub fn start(settings: &str, sound_server: Option<&StuckSoundServer>) -> Self {
        Self::start_with(settings, sound_server, |command| {
            command.args(["--log", "warn"]);
        })
    }

    /// Starts it with arguments and streams of the test's own.
    pub fn start_with(
        settings: &str,
        sound_server: Option<&StuckSoundServer>,
        adjust: impl FnOnce(&mut Command),
    ) -> Self {
        // The daemons of a test share loopback's ports.
        let network = "listen_port = 0\nmedia_port = 0";
        Self::start_on(network, settings, sound_server, adjust)
    }

    /// Starts it with these lines about the network, beside the interface.
    pub fn start_on(
        network: &str,
        settings: &str,
        sound_server: Option<&StuckSoundServer>,
        adjust: impl FnOnce(&mut Command),
    ) -> Self {
        only_on_loopback();
        let home = TempDir::new().unwrap();
        let config = format!("{settings}\n[network]\ninterfaces = ['lo']\n{network}\n");
        std::fs::write(home.path().join("config.toml"), config).unwrap();
        let notify = home.path().join("notify");
        let told = UnixDatagram::bind(&notify).unwrap();
        let mut command = command(home.path());
        if let Some(sound_server) = sound_server {
            command.env("PULSE_SERVER", sound_server.address());
        }
        adjust(&mut command);
        let child = command.spawn().unwrap();
        Self { home, child, told }
    }

    /// Starts it once more in the same home, after its end.
    pub async fn again(&mut self) -> Client {
        let mut command = command(self.home.path());
        self.child = command.args(["--log", "warn"]).spawn().unwrap();
        self.ready().await
    }

    pub fn places(&self) -> Places {
        Places::within(self.home.path())
    }

    /// The next message to the service manager that begins so.
    pub async fn tells(&self, beginning: &str) -> String {
        let mut buffer = [0; 1024];
        loop {
            let length = soon(self.told.recv(&mut buffer)).await.unwrap();
            let message = String::from_utf8(buffer[..length].to_vec()).unwrap();
            if message.starts_with(beginning) {
                return message;
            }
        }
    }

    /// Waits until it says that it is ready, and connects.
    pub async fn ready(&self) -> Client {
        self.tells("READY=1").await;
        Client::connect(&self.places(), "test").await.unwrap()
    }

    /// Waits until it is ready, and until the daemon of `other` has a connection to it and knows its name.
    pub async fn meets(&self, other: &Client) -> Client {
        let client = self.ready().await;
        let status = soon(client.call(StatusGet {})).await.unwrap();
        let dial = NetworkConnect {
            address: status.network.listening[0].clone(),
            wait_ms: Some(20_000),
        };
        let reply = soon(other.call(dial)).await.unwrap();
        assert_eq!(reply.person.unwrap().name, status.you.name);
        client
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Ends it as a crash does.
    pub async fn crash(&mut self) {
        self.signal(Signal::KILL);
        soon(self.child.wait()).await.unwrap();
    }

    /// Ends it as the system does, and says how, and how long it took.
    pub async fn terminate(&mut self) -> (ExitStatus, Duration) {
        let begin = Instant::now();
        self.signal(Signal::TERM);
        let status = soon(self.child.wait()).await.unwrap();
        println!("ended {} ms after SIGTERM", begin.elapsed().as_millis());
        (status, begin.elapsed())
    }
}

/// A PulseAudio server that takes connections and never answers.
pub struct StuckSoundServer {
    directory: TempDir,
    _listener: UnixListener,
}

impl StuckSoundServer {
    pub fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let listener = UnixListener::bind(directory.path().join("native")).unwrap();
        Self {
            directory,
            _listener: listener,
        }
    }

    pub fn address(&self) -> String {
        let socket: PathBuf = self.directory.path().join("native");
        format!("unix:{}", socket.display())
    }
}
