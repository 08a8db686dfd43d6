//! A real PulseAudio server with virtual devices, private to each test.
//!
//! The server is found through the environment, which a process with threads must not change. So each test has two
//! halves: the outer makes a directory and runs the inner, which is ignored otherwise, in a process of its own.

// Not every test uses every part.
#![allow(dead_code)]
// A test's fixtures fail the test by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::time::{Duration, Instant};

use sotto_audio::{
    Backend, CaptureRequest, DEFAULT_PERIOD, DeviceSpec, DeviceState, Keeper, Medium,
    PlaybackRequest, Wake,
};

/// Nothing that a test waits for takes this long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Runs an ignored test of this file in an environment of its own; not where PulseAudio is not installed.
pub(crate) fn run(inner: &str) {
    run_with(inner, &[]);
}

/// Runs one as [`run`] does, with these variables: each names a folder of the test's own.
pub(crate) fn run_with(inner: &str, variables: &[&str]) {
    if Command::new("pulseaudio")
        .arg("--version")
        .output()
        .is_err()
    {
        println!("not tested: PulseAudio is not installed");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", inner])
        .env(
            "PULSE_SERVER",
            format!("unix:{}", home.path().join("native").display()),
        )
        .env("HOME", home.path())
        .env("RUST_BACKTRACE", "0")
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("PULSE_CLIENTCONFIG")
        .env_remove("PULSE_COOKIE")
        .env_remove("PULSE_RUNTIME_PATH")
        .envs(variables.iter().map(|it| (it, home.path().join(it))))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{inner}:\n{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Straight to the terminal: the test runner keeps what a test prints to itself.
    let mut terminal = std::io::stderr();
    for line in said.lines().filter(|line| line.starts_with("measured: ")) {
        let _ = writeln!(terminal, "{line}");
    }
}

/// Where the server listens, or would.
fn socket() -> PathBuf {
    let server = std::env::var("PULSE_SERVER").unwrap();
    PathBuf::from(server.strip_prefix("unix:").unwrap())
}

/// A program of the server's, with a home of its own: the cookie that it makes is not the user's.
fn at_its_home(program: &str) -> Command {
    let home = socket().with_file_name("server");
    std::fs::create_dir_all(&home).unwrap();
    let mut command = Command::new(program);
    command.env("HOME", home).env_remove("XDG_CONFIG_HOME");
    command
}

/// A running server, which ends with this.
pub(crate) struct Server {
    process: Child,
}

impl Server {
    /// Starts one with these modules, and waits until it answers.
    pub(crate) fn start(modules: &[&str]) -> Self {
        let socket = socket();
        let mut command = at_its_home("pulseaudio");
        command.args([
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
        ]);
        let protocol = format!(
            "module-native-protocol-unix socket={} auth-anonymous=1",
            socket.display()
        );
        for module in modules.iter().copied().chain([protocol.as_str()]) {
            command.args(["-L", module]);
        }
        let process = command
            .env_remove("PULSE_SERVER")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while at_its_home("pactl")
            .arg("info")
            .output()
            .is_ok_and(|output| !output.status.success())
        {
            assert!(begin.elapsed() < DEADLINE, "PulseAudio does not answer");
            std::thread::yield_now();
        }
        Self { process }
    }

    /// Starts one with a loudspeaker and a microphone, `spk` and `vmic`, which are the defaults, and these modules.
    pub(crate) fn with_defaults(beside: &[&str]) -> Self {
        let defaults = [
            "module-null-sink sink_name=spk rate=48000 channels=2",
            "module-null-sink sink_name=mic_sink rate=48000 channels=1",
            "module-remap-source source_name=vmic master=mic_sink.monitor",
        ];
        let server = Self::start(&[&defaults, beside].concat());
        pactl(&["set-default-sink", "spk"]);
        pactl(&["set-default-source", "vmic"]);
        server
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs `pactl` with this server and returns what it says.
pub(crate) fn pactl(arguments: &[&str]) -> String {
    let output = at_its_home("pactl").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "pactl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Plugs a virtual device in; the result unplugs it.
pub(crate) fn plug(module: &str, arguments: &[&str]) -> Plugged {
    let number = pactl(&[&["load-module", module], arguments].concat());
    Plugged(number)
}

/// A virtual device.
pub(crate) struct Plugged(String);

impl Plugged {
    /// Takes it out.
    pub(crate) fn unplug(self) {
        pactl(&["unload-module", &self.0]);
    }
}

/// A microphone of the server that wakes its reader.
pub(crate) fn capture(device: DeviceSpec) -> CaptureRequest {
    CaptureRequest {
        backend: Backend::PulseAudio,
        device,
        period: DEFAULT_PERIOD,
        channel: None,
        attended: false,
    }
}

/// A loudspeaker of the server that wakes its writer.
pub(crate) fn playback(device: DeviceSpec) -> PlaybackRequest {
    PlaybackRequest {
        backend: Backend::PulseAudio,
        device,
        period: DEFAULT_PERIOD,
        attended: false,
    }
}

/// A device's callback that wakes a receiver.
pub(crate) fn waker() -> (Wake, Receiver<()>) {
    let (sender, receiver) = sync_channel(1);
    let wake: Wake = Arc::new(move || {
        let _ = sender.try_send(());
    });
    (wake, receiver)
}

/// A keeper with everything that it hands out and reports.
pub(crate) struct Kept<M: Medium> {
    pub keeper: Keeper<M>,
    pub ends: Receiver<Option<M::End>>,
    states: Receiver<(Instant, DeviceState)>,
    pub woken: Receiver<()>,
}

impl<M: Medium> Kept<M> {
    pub(crate) fn start() -> Self {
        let (wake, woken) = waker();
        let (sender, ends) = channel();
        let (tell, states): (Sender<(Instant, DeviceState)>, _) = channel();
        let keeper = Keeper::start(
            wake,
            move |end| {
                let _ = sender.send(end);
            },
            move |state| {
                let _ = tell.send((Instant::now(), state.clone()));
            },
        )
        .unwrap();
        Self {
            keeper,
            ends,
            states,
            woken,
        }
    }

    /// Waits for a state and says when it came.
    pub(crate) fn wait(
        &self,
        what: &str,
        fits: impl Fn(&DeviceState) -> bool,
    ) -> (Instant, DeviceState) {
        let until = Instant::now() + DEADLINE;
        let mut seen = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.states.recv_timeout(left) {
                Ok((at, state)) if fits(&state) => return (at, state),
                Ok((_, state)) => seen.push(state),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("never {what}; there were {seen:#?}");
                }
            }
        }
    }

    /// Waits until the device of this name is open.
    pub(crate) fn wait_open(&self, name: &str) -> Instant {
        let (at, _) = self.wait(&format!("open on {name}"), |state| is_open(state, name));
        at
    }

    /// Waits until the device does not work, and says why.
    pub(crate) fn wait_failed(&self) -> (Instant, sotto_audio::DeviceError) {
        let (at, state) = self.wait("failed", |state| matches!(state, DeviceState::Failed(_)));
        let DeviceState::Failed(error) = state else {
            unreachable!()
        };
        (at, error)
    }

    /// The end that was handed out last, if there is any.
    pub(crate) fn latest(&self) -> Option<M::End> {
        let mut latest = None;
        while let Ok(end) = self.ends.try_recv() {
            latest = end;
        }
        latest
    }
}

/// Whether a device is open whose identifier ends like this.
pub(crate) fn is_open(state: &DeviceState, name: &str) -> bool {
    matches!(state, DeviceState::Open { device, .. } if device.id == format!("pulseaudio:{name}"))
}

/// Prints a time that the outer half prints again.
pub(crate) fn measured(what: &str, since: Instant, at: Instant) -> Duration {
    let took = at.saturating_duration_since(since);
    println!("measured: {what} after {} ms", took.as_millis());
    took
}
