//! Starting up: every part in its turn, and the tasks that feed the hub.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sotto_control::model::{Notice, NoticeKind, Severity};
use sotto_control::server::{BindError, InstanceLock, Listener, ServerConnection};
use sotto_control::{ForPeople, NoHome, Places, hung_up};
use sotto_meeting::{Mesh, Setup, StoredError, Topic};
use sotto_net::{NetworkConfig, NetworkError};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::Arguments;
use crate::desktop::{self, DesktopOptions};
use crate::dnd_file::DndFile;
use crate::files::{self, FileError};
use crate::hub::{ControlInput, Hub, Parts, STOP_LIMIT, Sources};
use crate::identity::{self, IdentityError};
use crate::keylog::KeyLog;
use crate::notice::notice;
use crate::ports::{self, Opened};
use crate::settings::{Settings, SettingsError};
use crate::sound::{Voice, VoiceSetupError};
use crate::threads::{Clock, boot};
use crate::worker::Worker;

/// The time that removing the control socket may take.
const CLOSING: Duration = Duration::from_millis(100);

/// Requests of all clients that may wait for the hub.
const REQUESTS: usize = 64;

/// What prevents a start, or ends the daemon before its time. Each one's text is the whole sentence, causes included.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// There is no place for files.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// Another daemon runs, or the control socket cannot be opened.
    #[error(transparent)]
    Control(#[from] BindError),
    /// The configuration is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is no usable identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The file for voice keys cannot be made.
    #[error("--export-voice-keys: {0}")]
    KeyLog(FileError),
    /// The network refuses.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Voice cannot be set up.
    #[error(transparent)]
    Voice(#[from] VoiceSetupError),
    /// The system gave no random bytes.
    #[error("the system has no random numbers: {0}")]
    NoRandomness(getrandom::Error),
    /// The system gave no threads.
    #[error("the system gives no threads: {0}")]
    NoThreads(std::io::Error),
    /// The hub did not come to its end by itself.
    #[error("the daemon failed: {0}")]
    Failed(tokio::task::JoinError),
    /// Not even an empty state is accepted.
    #[error("cannot begin without meetings: {0}")]
    Empty(StoredError),
}

/// The exit code for what stays wrong until somebody changes the configuration or the place: EX_CONFIG of sysexits.h. The
/// unit does not start such a daemon again.
const WRONG_CONFIGURATION: u8 = 78;

impl StartError {
    /// Returns the program's exit code.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::NoHome(_)
            | Self::Control(_)
            | Self::Settings(_)
            | Self::Identity(_)
            | Self::KeyLog(_) => WRONG_CONFIGURATION,
            Self::Network(_)
            | Self::Voice(_)
            | Self::NoRandomness(_)
            | Self::NoThreads(_)
            | Self::Failed(_)
            | Self::Empty(_) => 1,
        }
    }
}

impl ForPeople for StartError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoHome(error) => return error.hint(),
            Self::Control(error) => return error.hint(),
            Self::Settings(error) => return error.hint(),
            Self::Identity(error) => return error.hint(),
            Self::KeyLog(error) => return error.hint(),
            Self::Voice(error) => return error.hint(),
            Self::Network(error) => error.hint()?,
            Self::NoThreads(_) => "close some programs",
            Self::Failed(_) => "please report this with its log",
            Self::NoRandomness(_) | Self::Empty(_) => return None,
        };
        Some(hint.to_owned())
    }
}

/// Starts everything, and runs until the daemon is told to stop.
///
/// # Errors
///
/// What prevents a start, in words for the user.
pub(crate) async fn run(arguments: Arguments) -> Result<(), StartError> {
    let places = Places::find()?;
    let lock = InstanceLock::acquire(&places)?;
    let settings = Settings::load(&places.config)?;
    let key_log = arguments
        .export_voice_keys
        .as_deref()
        .map(open_key_log)
        .transpose()?;
    let seed = identity::load_or_create(&places.data.join("identity"))?;
    let state_file = places.state.join("meetings");
    let clock = Clock::start();
    let mut warnings = Vec::new();
    if key_log.is_some() {
        warnings.push(notice(
            NoticeKind::Other,
            Severity::Warning,
            "voice keys are being written to a file: whoever has it can listen to recordings of this daemon's voice",
        ));
    }
    warnings.extend(hidden_name(&settings.name));
    let (mesh, state_file) = restore(&settings, seed, state_file, clock, &mut warnings)?;

    let mut network_config = NetworkConfig::new(seed);
    network_config.interfaces = settings.interfaces();
    network_config
        .static_peers
        .clone_from(&settings.network.static_peers);
    network_config.common_topic = Some(Topic::LOBBY.to_owned());
    let Opened {
        socket,
        network,
        events: network_events,
        warning,
    } = ports::open(&settings.network, network_config).await?;
    warnings.extend(warning);

    let (device_changes, devices) = mpsc::channel(1);
    let voice = Voice::start(
        clock,
        socket,
        &network,
        settings.devices.clone(),
        settings.music,
        device_changes,
        key_log,
    )?;

    let (control, requests) = mpsc::channel(REQUESTS);
    let listener = Arc::new(Listener::bind(&places, lock)?);
    let accepting = tokio::spawn(accept(Arc::clone(&listener), control));
    let (watch, signals) = desktop::watch(DesktopOptions::new(settings.idle_after.time()));
    let (stop_sender, stop) = mpsc::channel(1);
    let signalled = wait_for_signals(stop_sender);

    if std::io::stderr().is_terminal() {
        // A terminal that has gone needs no greeting.
        let _ = writeln!(
            std::io::stderr(),
            "sottod runs as {}. 'sotto peers' shows who is here, 'sotto quit' stops it.",
            settings.name
        );
    }
    let hub = Hub::new(Parts {
        clock,
        mesh,
        state_file,
        network,
        interfaces: settings.network.interfaces.clone(),
        voice,
        config_file: places.config.clone(),
        groups: settings.groups,
        talk_mode: settings.talk_mode,
        notifications: settings.notifications,
        desktop: watch,
        dnd_file: DndFile::new(places.state.join("do-not-disturb")),
        warnings,
    });
    // A task of its own, so that the end comes in time even if the hub stands still.
    let running = tokio::spawn(hub.run(Sources {
        network: network_events,
        control: requests,
        desktop: signals,
        devices,
        stop,
    }));
    let overdue = async {
        signalled.await;
        tokio::time::sleep(STOP_LIMIT).await;
    };
    let ended = tokio::select! {
        ended = running => ended.map_err(StartError::Failed),
        () = overdue => {
            tracing::warn!("the hub did not stop within {} ms", STOP_LIMIT.as_millis());
            Ok(())
        }
    };
    accepting.abort();
    let _ = accepting.await;
    close(listener).await;
    ended
}

/// Removes the socket, which disappears with the listener, before the lock that it holds. If the disk hangs, both are
/// left: the next daemon replaces the one, and the other ends with the program.
async fn close(listener: Arc<Listener>) {
    let mut closing = Worker::new("sotto-socket");
    let closed = closing.ended();
    if closing.begin(move || drop(listener)).is_ok()
        && timeout(CLOSING, closed.notified()).await.is_err()
    {
        tracing::warn!("the control socket was left behind: its disk does not answer");
    }
}

fn open_key_log(path: &Path) -> Result<KeyLog, StartError> {
    tracing::warn!(
        "VOICE KEYS ARE BEING WRITTEN to {}: whoever has this file can listen to recordings of this daemon's voice",
        path.display()
    );
    KeyLog::create(path).map_err(StartError::KeyLog)
}

/// Tells of a name in the settings that colleagues see otherwise.
fn hidden_name(name: &str) -> Option<Notice> {
    let hidden = u32::from(sotto_names::hidden_in_name(name)?);
    let text = format!(
        "your name has a character that colleagues do not see (U+{hidden:04X}); they see it without"
    );
    let mut warning = notice(NoticeKind::Setting, Severity::Warning, text);
    warning.hint = Some("write it anew: sotto config set name 'Your Name'".to_owned());
    Some(warning)
}

/// Brings the mesh back from its state file, and says where the next state goes.
///
/// A file that cannot be read or understood is set aside, and the user is told. If even that fails, nothing is saved in
/// this run: writing would destroy what may still be brought back. The file of a newer release stays where it is, for
/// that release; nothing is saved then either.
fn restore(
    settings: &Settings,
    signing_seed: [u8; 32],
    state_file: PathBuf,
    clock: Clock,
    warnings: &mut Vec<Notice>,
) -> Result<(Mesh, Option<PathBuf>), StartError> {
    let setup = |stored| -> Result<Setup, StartError> {
        let mut rng_seed = [0; 32];
        getrandom::fill(&mut rng_seed).map_err(StartError::NoRandomness)?;
        Ok(Setup {
            signing_seed,
            rng_seed,
            name: settings.name.clone(),
            device_name: settings.device.clone(),
            stored,
            rejoin: settings.rejoin,
            boot: boot(),
        })
    };
    let wrong = match files::read(&state_file) {
        Ok(stored) => match Mesh::new(setup(stored)?, clock.now()) {
            Ok(mesh) => return Ok((mesh, Some(state_file))),
            Err(error @ StoredError::Newer { .. }) => {
                let text = format!(
                    "the file of your meetings, {}, is left alone: {error}; so this daemon begins without your \
                     meetings and saves nothing; start the newer Sotto again, or move the file away to begin anew",
                    state_file.display()
                );
                let warning = notice(NoticeKind::StateDamaged, Severity::Warning, text);
                return Ok((without_state(setup(None)?, clock, warning, warnings)?, None));
            }
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    let coming_back = "your meetings and invitations will come back from colleagues who are in them, as invitations: \
                       join again with 'sotto join'";
    let (text, hint, state_file) = match files::set_aside(&state_file) {
        Ok(aside) => (
            format!(
                "the file of your meetings was set aside as {}: {wrong}; {coming_back}",
                aside.display()
            ),
            None,
            Some(state_file),
        ),
        Err(error) => (
            format!(
                "the file of your meetings cannot be used: {wrong}; nor moved away: {error}; so nothing is saved until \
                 it is repaired and Sotto started again; {coming_back}"
            ),
            error.hint(),
            None,
        ),
    };
    let mut warning = notice(NoticeKind::StateDamaged, Severity::Warning, text);
    warning.hint = hint;
    let mesh = without_state(setup(None)?, clock, warning, warnings)?;
    Ok((mesh, state_file))
}

/// Begins without meetings, and tells the user why.
fn without_state(
    setup: Setup,
    clock: Clock,
    why: Notice,
    warnings: &mut Vec<Notice>,
) -> Result<Mesh, StartError> {
    tracing::error!("{}", why.text);
    warnings.push(why);
    Mesh::new(setup, clock.now()).map_err(StartError::Empty)
}

/// Takes clients in, each with a task of its own.
async fn accept(listener: Arc<Listener>, control: mpsc::Sender<ControlInput>) {
    loop {
        let connection = listener.accept().await;
        tokio::spawn(serve(connection, control.clone()));
    }
}

/// Hands one client's requests to the hub.
async fn serve(mut connection: ServerConnection, control: mpsc::Sender<ControlInput>) {
    let id = connection.id();
    let opened = ControlInput::Opened(id, connection.outbox());
    if control.send(opened).await.is_err() {
        return;
    }
    while let Some(call) = connection.next().await {
        if control.send(ControlInput::Call(call)).await.is_err() {
            return;
        }
    }
    let _ = control.send(ControlInput::Closed(id)).await;
}

/// Waits for the system or the user to end the program, and passes it on.
async fn wait_for_signals(stop: mpsc::Sender<&'static str>) {
    #[cfg(unix)]
    let reason = {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut terminate), Ok(hung_up)) = (signal(SignalKind::terminate()), hung_up()) else {
            tracing::warn!("cannot listen for signals; stop with 'sotto quit'");
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            () = hung_up => "SIGHUP",
            _ = tokio::signal::ctrl_c() => "SIGINT",
        }
    };
    #[cfg(not(unix))]
    let reason = match tokio::signal::ctrl_c().await {
        Ok(()) => "Ctrl-C",
        Err(_) => return std::future::pending().await,
    };
    // A hub that does not take it is ended without it.
    let _ = stop.try_send(reason);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restored(state_file: &Path, identity: [u8; 32]) -> (Mesh, Option<PathBuf>, Vec<Notice>) {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings::load(&directory.path().join("config.toml")).unwrap();
        let mut warnings = Vec::new();
        let (mesh, next) = restore(
            &settings,
            identity,
            state_file.to_owned(),
            Clock::start(),
            &mut warnings,
        )
        .unwrap();
        (mesh, next, warnings)
    }

    #[test]
    fn a_state_that_cannot_be_understood_is_set_aside_and_told() {
        let home = tempfile::tempdir().unwrap();
        let state_file = home.path().join("meetings");
        std::fs::write(&state_file, b"scribble").unwrap();
        let (_, next, warnings) = restored(&state_file, [7; 32]);
        assert_eq!(next.as_deref(), Some(&*state_file));
        let aside = home.path().join("meetings.damaged-1");
        assert_eq!(std::fs::read(&aside).unwrap(), b"scribble");
        let [warning] = warnings.as_slice() else {
            panic!("one warning, not {warnings:?}");
        };
        assert_eq!(warning.kind, NoticeKind::StateDamaged);
        assert!(
            warning.text.contains(&aside.display().to_string()),
            "{}",
            warning.text
        );
    }

    #[test]
    fn the_state_of_a_newer_release_is_left_alone_and_told() {
        let home = tempfile::tempdir().unwrap();
        let state_file = home.path().join("meetings");
        let newer = b"sottomtg\xff\x00\x052.4.0and what nobody here understands";
        std::fs::write(&state_file, newer).unwrap();
        let (_, next, warnings) = restored(&state_file, [7; 32]);
        assert_eq!(next, None, "nothing is saved");
        assert_eq!(std::fs::read(&state_file).unwrap(), newer);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
        let [warning] = warnings.as_slice() else {
            panic!("one warning, not {warnings:?}");
        };
        for part in [
            "release 2.4.0",
            &state_file.display().to_string(),
            "begin anew",
        ] {
            assert!(warning.text.contains(part), "{}", warning.text);
        }
    }

    #[test]
    fn a_state_that_cannot_even_be_read_prevents_no_start() {
        let home = tempfile::tempdir().unwrap();
        let state_file = home.path().join("meetings");
        std::fs::create_dir(&state_file).unwrap();
        let (_, next, warnings) = restored(&state_file, [7; 32]);
        assert_eq!(next.as_deref(), Some(&*state_file));
        assert!(home.path().join("meetings.damaged-1").is_dir());
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn a_state_that_cannot_be_moved_away_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let state_file = home.path().join("meetings");
        std::fs::write(&state_file, b"scribble").unwrap();
        for number in 1..=999 {
            std::fs::write(home.path().join(format!("meetings.damaged-{number}")), b"").unwrap();
        }
        let (_, next, warnings) = restored(&state_file, [7; 32]);
        assert_eq!(next, None);
        assert_eq!(std::fs::read(&state_file).unwrap(), b"scribble");
        assert!(
            warnings[0].text.contains("nothing is saved"),
            "{}",
            warnings[0].text
        );
    }
}
