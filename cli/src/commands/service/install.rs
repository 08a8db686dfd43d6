//! `sotto service install` and `uninstall`

use std::path::{Path, PathBuf};

use serde::Serialize;
use sotto_control::unit::{self, UNIT, UnitState};
use sotto_control::{Places, StatusGet, starter};

use super::control::masked;
use super::unit_file::{self, Own, OwnFile};
use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::log_source::by_hand;
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct Install {
    /// Set a unit aside that was written or changed by hand
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Uninstall {
    /// Remove a unit, too, that was written or changed by hand: it is set aside
    #[arg(long)]
    force: bool,
}

/// The outcome of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Installed {
    /// The unit's file.
    pub(crate) file: PathBuf,
    /// The program that it starts.
    pub(crate) program: Option<PathBuf>,
    /// The unit came with a package.
    pub(crate) packaged: bool,
    /// The program beside this one, where the unit starts another.
    pub(crate) beside: Option<PathBuf>,
    /// A file that was changed by hand, where it is now.
    pub(crate) set_aside: Option<PathBuf>,
    /// The daemon that runs as it was until a restart.
    pub(crate) running: Running,
}

/// The daemon that runs while the service is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Running {
    /// None.
    Nothing,
    /// The service.
    Service,
    /// A daemon that was started by hand.
    ByHand,
}

/// The outcome of its removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Uninstalled {
    /// The meeting that ended with the service.
    pub(crate) left: Option<String>,
    /// A unit that came with a package and stays.
    pub(crate) packaged: Option<PathBuf>,
    /// A file that was changed by hand, where it is now.
    pub(crate) set_aside: Option<PathBuf>,
    /// Settings of the user's own that stay.
    pub(crate) drop_ins: Option<String>,
    /// A daemon that was started by hand runs on.
    pub(crate) by_hand: bool,
}

impl Install {
    pub(super) async fn run(self, output: &Output) -> Result<(), Failure> {
        let places = Places::find()?;
        let before = UnitState::ask().await?;
        if before.load == "masked" {
            return Err(masked());
        }
        let own = OwnFile::of(&places);
        let found = own.look()?;
        if found == Own::ByHand && !self.force {
            return Err(own.changed("install"));
        }
        let packaged = unit_file::of_the_system();
        let beside = unit::daemon_beside_this();
        let text = match (&packaged, &beside) {
            (Some(_), _) => None,
            (None, Some(program)) => Some(unit_file::text_for(program)?),
            (None, None) => {
                return Err(Failure::service(
                    "there is no sottod beside this sotto that a service could start",
                    "build or install both, for instance with 'cargo install --path daemon'",
                ));
            }
        };
        let set_aside = match (&found, &text) {
            // It is written over.
            (Own::Written, Some(_)) => None,
            // A package's unit holds from now on.
            _ => own.clear(&found)?,
        };
        if let Some(text) = &text {
            own.write(text)?;
        }
        unit::act(&["daemon-reload"]).await?;
        // The links of an earlier unit go with it.
        unit::act(&["reenable", UNIT]).await?;
        starter::remember_start(&places);
        let state = UnitState::ask().await?;
        let file = packaged.clone().unwrap_or_else(|| own.path().to_owned());
        if !same(state.file.as_deref(), &file) {
            return Err(Failure::service(
                format!("your service manager does not use {}", file.display()),
                "it may have been started with another XDG_CONFIG_HOME: compare \
                 'systemctl --user show-environment' with your own",
            ));
        }
        let running = if by_hand(&places, &state).is_some() {
            Running::ByHand
        } else if state.runs() {
            Running::Service
        } else {
            Running::Nothing
        };
        let installed = Installed {
            beside: beside.filter(|beside| !same(state.program.as_deref(), beside)),
            program: state.program,
            file,
            packaged: packaged.is_some(),
            set_aside,
            running,
        };
        output.show(&installed, format::service_installed)
    }
}

impl Uninstall {
    pub(super) async fn run(self, output: &Output) -> Result<(), Failure> {
        let places = Places::find()?;
        let state = UnitState::ask().await?;
        let own = OwnFile::of(&places);
        let found = own.look()?;
        if !state.is_installed() && found == Own::None {
            return Err(Failure::service(
                "Sotto is no service of your login: there is nothing to uninstall",
                "'sotto service status' says what there is",
            ));
        }
        if found == Own::ByHand && !self.force {
            return Err(own.changed("uninstall"));
        }
        let left = match state.runs() {
            true => meeting().await,
            false => None,
        };
        if state.is_installed() {
            unit::act(&["disable", "--now", UNIT]).await?;
        }
        let set_aside = own.clear(&found)?;
        unit::act(&["daemon-reload"]).await?;
        // One that failed is remembered until then; one that did not is not known any more.
        let _ = unit::act(&["reset-failed", UNIT]).await;
        starter::remember_start(&places);
        let uninstalled = Uninstalled {
            left,
            packaged: unit_file::of_the_system(),
            set_aside,
            drop_ins: state.drop_ins.clone(),
            by_hand: by_hand(&places, &UnitState::ask().await?).is_some(),
        };
        output.show(&uninstalled, format::service_uninstalled)
    }
}

/// Returns the title of the meeting that the user is in. A daemon that does not answer is in none.
async fn meeting() -> Option<String> {
    let status = connect().await.ok()?.call(StatusGet {}).await.ok()?;
    status.meeting.map(|meeting| meeting.title)
}

/// Returns whether both are the same file.
pub(super) fn same(one: Option<&Path>, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    one.is_some_and(|one| real(one) == real(other))
}
