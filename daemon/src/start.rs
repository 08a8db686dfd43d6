//! Starting up: every part in its turn, and the tasks that feed the core.

use std::path::Path;

use anyhow::Context;
use sotto_control::Places;
use sotto_control::model::{Notice, NoticeKind, Severity};
use sotto_control::server::{InstanceLock, Listener, ServerConnection};
use sotto_meeting::{Mesh, Setup};
use sotto_net::{MediaSocket, Network, NetworkConfig};
use tokio::sync::mpsc;

use crate::Arguments;
use crate::core::{ControlInput, Core, Parts, Sources, Voice, notice};
use crate::desktop::{self, DesktopOptions};
use crate::files;
use crate::identity;
use crate::keylog::KeyLog;
use crate::settings::Settings;
use crate::threads::Clock;

/// Requests of all clients that may wait for the core.
const REQUESTS: usize = 64;

/// Starts everything, and runs until the daemon is told to stop.
///
/// # Errors
///
/// What prevents a start, in words for the user.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
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
    let mesh = restore(&settings, seed, &state_file, clock, &mut warnings)?;

    let interfaces = settings.interfaces();
    let socket = MediaSocket::bind(settings.network.media_port, &interfaces)?;
    let mut network_config = NetworkConfig::new(seed);
    network_config.listen_port = settings.network.listen_port;
    network_config.interfaces = interfaces;
    network_config
        .static_peers
        .clone_from(&settings.network.static_peers);
    let (network, network_events) = Network::start(network_config).await?;

    let (device_changes, devices) = mpsc::channel(1);
    let voice = Voice::start(
        clock,
        socket,
        &network,
        settings.devices.clone(),
        device_changes,
        key_log,
    )?;

    let (control, requests) = mpsc::channel(REQUESTS);
    let listener = Listener::bind(&places, lock)?;
    let accepting = tokio::spawn(accept(listener, control));
    let (_watch, signals) = desktop::watch(DesktopOptions::default());
    let (stop_sender, stop) = mpsc::channel(1);
    tokio::spawn(wait_for_signals(stop_sender));

    let core = Core::new(Parts {
        clock,
        mesh,
        state_file,
        network,
        interfaces: settings.network.interfaces.clone(),
        voice,
        config_file: places.config.clone(),
        warnings,
    });
    core.run(Sources {
        network: network_events,
        control: requests,
        desktop: signals,
        devices,
        stop,
    })
    .await;
    // The socket disappears with the listener, before the lock that it holds.
    accepting.abort();
    let _ = accepting.await;
    Ok(())
}

fn open_key_log(path: &Path) -> anyhow::Result<KeyLog> {
    tracing::warn!(
        "VOICE KEYS ARE BEING WRITTEN to {}: whoever has this file can listen to recordings of this daemon's voice",
        path.display()
    );
    KeyLog::create(path).context("--export-voice-keys")
}

/// Brings the mesh back from its state file. A damaged one is set aside, and the user is told.
fn restore(
    settings: &Settings,
    signing_seed: [u8; 32],
    state_file: &Path,
    clock: Clock,
    warnings: &mut Vec<Notice>,
) -> anyhow::Result<Mesh> {
    let setup = |stored| -> anyhow::Result<Setup> {
        let mut rng_seed = [0; 32];
        getrandom::fill(&mut rng_seed).context("the system has no random numbers")?;
        Ok(Setup {
            signing_seed,
            rng_seed,
            name: settings.name.clone(),
            device_name: settings.device.clone(),
            stored,
            rejoin: settings.rejoin,
        })
    };
    let stored = files::read(state_file)?;
    let error = match Mesh::new(setup(stored)?, clock.now()) {
        Ok(mesh) => return Ok(mesh),
        Err(error) => error,
    };
    let aside = files::set_aside(state_file)?;
    let text = format!(
        "the file of your meetings was set aside as {}: {error}; your meetings and invitations will come back from \
         colleagues who are in them",
        aside.display()
    );
    tracing::error!("{text}");
    warnings.push(notice(NoticeKind::StateDamaged, Severity::Warning, text));
    Ok(Mesh::new(setup(None)?, clock.now())?)
}

/// Takes clients in, each with a task of its own.
async fn accept(listener: Listener, control: mpsc::Sender<ControlInput>) {
    loop {
        let connection = listener.accept().await;
        tokio::spawn(serve(connection, control.clone()));
    }
}

/// Hands one client's requests to the core.
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

/// Waits for the system or the user to end the program.
async fn wait_for_signals(stop: mpsc::Sender<&'static str>) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut terminate), Ok(mut hang_up)) = (
            signal(SignalKind::terminate()),
            signal(SignalKind::hangup()),
        ) else {
            tracing::warn!("cannot listen for signals; stop with 'sotto quit'");
            return;
        };
        let reason = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = hang_up.recv() => "SIGHUP",
            _ = tokio::signal::ctrl_c() => "SIGINT",
        };
        let _ = stop.send(reason).await;
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
        let _ = stop.send("Ctrl-C").await;
    }
}
