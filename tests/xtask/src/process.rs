//! Running a command within a time limit, so that nothing of it is left behind.
//!
//! The command leads a process group of its own. A guard beside it waits for the end of a pipe that this program
//! holds: when the limit has passed, or when this program is interrupted or killed, the pipe ends and the guard ends the
//! whole group, first by asking. So a hanging test does not outlive the step, nor a step the task.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself.
    ByItself(ExitStatus),
    /// It took too long; its whole group has been ended.
    TookTooLong,
}

/// Ends the group that it is given once its standard input ends. TERM first: `unshare` and cargo clean up then.
const GUARD: &str = "read -r _; kill -s TERM -- \"-$0\" && sleep 2; kill -s KILL -- \"-$0\"";

/// Runs `command` to its end, at most for `limit`.
///
/// It is not in the terminal's foreground: a command that may ask the person something is not for this.
///
/// # Errors
///
/// When it, or its guard, cannot be started.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> io::Result<Ended> {
    own_group(command);
    let mut child = command.stdin(Stdio::null()).spawn()?;
    let mut guard = match guard(child.id()) {
        Ok(guard) => guard,
        Err(error) => {
            child.kill()?;
            child.wait()?;
            return Err(error);
        }
    };
    let (ended, end) = channel();
    // Ends with the child, which ends by itself or by the guard.
    std::thread::spawn(move || ended.send(child.wait()));
    match end.recv_timeout(limit) {
        Ok(status) => {
            guard.kill()?;
            guard.wait()?;
            status.map(Ended::ByItself)
        }
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            drop(guard.stdin.take());
            guard.wait()?;
            Ok(Ended::TookTooLong)
        }
    }
}

fn guard(group: u32) -> io::Result<Child> {
    let mut command = Command::new("sh");
    own_group(&mut command);
    command
        .args(["-c", GUARD, &group.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// Makes a command the leader of a process group. Only Unix has them.
fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking
mod tests {
    use super::*;
    use std::io::Read;
    use std::time::Instant;

    /// Much longer than ending takes, shorter than what the commands here would take by themselves.
    const LONG: Duration = Duration::from_secs(40);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_exit_status_is_that_of_the_command() {
        let Ended::ByItself(status) = run_within(LONG, &mut shell("exit 3")).unwrap() else {
            panic!("it did not take long");
        };
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn what_a_hanging_command_started_is_ended_with_it() {
        // Whoever holds the pipe's writing end is alive: both shells, and the children of both.
        let (mut alive, writing) = io::pipe().unwrap();
        let mut command = shell("sh -c 'sleep 60; true' & sleep 60; true");
        command.stdout(writing);
        let begin = Instant::now();
        assert_eq!(
            run_within(Duration::from_millis(200), &mut command).unwrap(),
            Ended::TookTooLong
        );
        drop(command);
        // Ends only when all of them have ended.
        assert_eq!(alive.read(&mut [0]).unwrap(), 0);
        assert!(begin.elapsed() < LONG);
    }

    #[test]
    fn a_command_that_does_not_listen_is_ended_all_the_same() {
        let (mut alive, writing) = io::pipe().unwrap();
        let mut command = shell("trap '' TERM; sleep 60; sleep 60");
        command.stdout(writing);
        let begin = Instant::now();
        assert_eq!(
            run_within(Duration::from_millis(200), &mut command).unwrap(),
            Ended::TookTooLong
        );
        drop(command);
        assert_eq!(alive.read(&mut [0]).unwrap(), 0);
        assert!(begin.elapsed() < LONG);
    }
}
