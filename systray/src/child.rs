//! The window: a program of its own, which this one starts, tells where to be opened, and reaps.
//!
//! It is told over its standard input, one JSON object a line:
//!
//! ```text
//! {"show":{"invitation":"ID","token":"TOKEN"}}
//! {"show":{"page":"start"}}
//! ```
//!
//! `token` is the desktop's leave to come to the front; a window that is only just started has it in its environment.
//! The end of its input does not end the window: it also goes on without this program.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use crate::click::Show;
use crate::hands::Order;

/// How long the window may take to read a line.
const READ_WITHIN: Duration = Duration::from_secs(2);
/// How long a window that reads no more may take to end.
const END_WITHIN: Duration = Duration::from_secs(2);
/// By these a desktop tells a program that it may come to the front.
const TOKENS: [&str; 2] = ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"];

/// The program that shows the window.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    /// This program, asked for its window.
    ///
    /// # Errors
    /// The system does not say where it is.
    pub(crate) fn of_this() -> std::io::Result<Self> {
        Ok(Self {
            path: std::env::current_exe()?,
            arguments: vec!["window".into()],
        })
    }

    /// Another program in its place.
    pub(crate) fn other(path: PathBuf) -> Self {
        Self {
            path,
            arguments: Vec::new(),
        }
    }
}

/// The window, open or not.
#[derive(Debug)]
pub(crate) struct Window {
    program: Program,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// `None` once it reads no more.
    input: Option<ChildStdin>,
}

impl Window {
    pub(crate) const fn new(program: Program) -> Self {
        Self {
            program,
            running: None,
        }
    }

    /// Shows the window, starting it if it does not run.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub(crate) async fn show(&mut self, order: &Order) -> Result<(), String> {
        if let Some(running) = &mut self.running {
            if running.tell(order).await {
                return Ok(());
            }
            // It was just about to end, or it hangs.
            let ended = timeout(END_WITHIN, running.child.wait()).await;
            if ended.is_err() {
                return Err("the window does not answer; close it and open it again".into());
            }
            self.running = None;
        }
        self.start(order).await
    }

    async fn start(&mut self, order: &Order) -> Result<(), String> {
        let mut command = Command::new(&self.program.path);
        command.args(&self.program.arguments).stdin(Stdio::piped());
        // What this program itself was started with is used up.
        for variable in TOKENS {
            command.env_remove(variable);
            if let Some(token) = &order.token {
                command.env(variable, token);
            }
        }
        if let Show::Invitation(meeting) = &order.show {
            command.arg("--invitation").arg(meeting);
        }
        let mut child = command
            .spawn()
            .map_err(|error| format!("the window cannot be opened: {error}"))?;
        let input = child.stdin.take();
        let running = self.running.insert(Running { child, input });
        if matches!(order.show, Show::NewMeeting | Show::Settings) {
            let place = Order {
                show: order.show.clone(),
                token: None,
            };
            running.tell(&place).await;
        }
        Ok(())
    }

    /// Waits until the window has ended; for ever while there is none. Returns a sentence if it did not end well.
    /// Cancel safe.
    pub(crate) async fn ended(&mut self) -> Option<String> {
        let Some(running) = &mut self.running else {
            return std::future::pending().await;
        };
        let ended = running.child.wait().await;
        self.running = None;
        match ended {
            Ok(status) if status.success() => None,
            Ok(status) => Some(why(status)),
            Err(error) => Some(format!("the window was lost: {error}")),
        }
    }

    /// Asks the window to end, without waiting for it.
    pub(crate) fn end(&mut self) {
        let id = self.running.as_ref().and_then(|it| it.child.id());
        let id = id.and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?));
        if let Some(id) = id
            && let Err(error) = rustix::process::kill_process(id, rustix::process::Signal::TERM)
        {
            tracing::debug!(%error, "the window was not asked to end");
        }
    }
}

impl Running {
    /// Writes an order. Returns whether the window takes it.
    async fn tell(&mut self, order: &Order) -> bool {
        let Some(input) = &mut self.input else {
            return false;
        };
        let line = line(order);
        let written = timeout(READ_WITHIN, input.write_all(line.as_bytes())).await;
        let taken = matches!(written, Ok(Ok(())));
        if !taken {
            // Half a line may stand there.
            self.input = None;
        }
        taken
    }
}

/// Returns an order as it travels.
fn line(order: &Order) -> String {
    let mut place = Map::new();
    match &order.show {
        Show::Window => {}
        Show::Invitation(meeting) => {
            place.insert("invitation".into(), json!(meeting));
        }
        Show::NewMeeting => {
            place.insert("page".into(), json!("start"));
        }
        Show::Settings => {
            place.insert("page".into(), json!("settings"));
        }
    }
    if let Some(token) = &order.token {
        place.insert("token".into(), json!(token));
    }
    format!("{}\n", json!({ "show": Value::Object(place) }))
}

fn why(status: ExitStatus) -> String {
    format!(
        "the window has ended ({status}); 'sotto-tray window' in a terminal says why, and 'sotto top' does without it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(show: Show, token: Option<&str>) -> String {
        let token = token.map(str::to_owned);
        line(&Order { show, token })
    }

    #[test]
    fn an_order_is_one_line_of_json() {
        assert_eq!(written(Show::Window, None), "{\"show\":{}}\n");
        assert_eq!(
            written(Show::Invitation("aa\n11".into()), Some("t 1")),
            "{\"show\":{\"invitation\":\"aa\\n11\",\"token\":\"t 1\"}}\n"
        );
        assert_eq!(
            written(Show::NewMeeting, None),
            "{\"show\":{\"page\":\"start\"}}\n"
        );
        assert_eq!(
            written(Show::Settings, None),
            "{\"show\":{\"page\":\"settings\"}}\n"
        );
    }
}
