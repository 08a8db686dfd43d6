//! systemd's manager of somebody's services, as after a login: a real one, for somebody who is not root.
//!
//! It wants a place in the cgroup hierarchies that it may divide, and a `/run` that says that systemd runs the machine.
//! The sandbox has a `/run` of its own; the place is made for the manager and removed with it.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};

use crate::host::Host;
use crate::programs::{Running, program, run, said};

/// Whose manager it is. Nobody else has this number, and it is none of the system's accounts.
const USER: u32 = 2001;
/// systemd's program.
const SYSTEMD: &str = "/lib/systemd/systemd";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// Puts itself into a place of its own in every hierarchy, then goes on in a view that has nothing else.
const INTO_A_PLACE: &str = r#"
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    if [ -e "$hierarchy/cgroup.procs" ]; then
        mkdir "$hierarchy/$1" && echo $$ >"$hierarchy/$1/cgroup.procs" && chown -R "$2" "$hierarchy/$1" || exit 1
    fi
done
exec unshare --cgroup --mount --propagation private sh -ec "$3" sh "$2"
"#;
/// Mounts that view, and becomes the manager.
const AS_THE_MANAGER: &str = r#"
if [ -d /sys/fs/cgroup/systemd ]; then
    mount -t tmpfs tmpfs /sys/fs/cgroup
    mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
else
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
exec setpriv --reuid "$1" --regid "$1" --clear-groups \
    /lib/systemd/systemd --user --unit=basic.target --log-level=warning --log-target=console
"#;
/// Ends what is left in the place, and removes it.
const OUT_OF_THE_PLACE: &str = r#"
for place in /sys/fs/cgroup/systemd/$1 /sys/fs/cgroup/unified/$1 /sys/fs/cgroup/$1; do
    [ -d "$place" ] || continue
    for try in 1 2 3 4 5 6 7 8 9 10; do
        find "$place" -name cgroup.procs -exec cat {} + | xargs -r kill -KILL
        find "$place" -depth -type d -exec rmdir {} + 2>/dev/null && break
        sleep 0.1
    done
done
"#;

/// A user's manager, and what belongs to the user.
#[derive(Debug)]
pub struct UserManager {
    host: Host,
    home: PathBuf,
    runtime: PathBuf,
    programs: PathBuf,
    place: String,
    manager: Option<Running>,
}

impl UserManager {
    /// Says why there can be none here, if so.
    #[must_use]
    pub fn obstacle() -> Option<&'static str> {
        let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        let everybody = map.split_whitespace().nth(2) == Some("4294967295");
        if !everybody {
            return Some("only root can become another user and divide cgroups");
        }
        if !Path::new(SYSTEMD).exists() {
            return Some("there is no systemd");
        }
        None
    }

    /// Starts one on `host`, whose user has an empty home and the programs under test in `directory` of it.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start(host: Host, directory: &str) -> Result<Self> {
        let home = PathBuf::from("/run/anna");
        let runtime = PathBuf::from(format!("/run/user/{USER}"));
        std::fs::create_dir_all("/run/systemd/system")?;
        for own in [&home, &runtime] {
            std::fs::create_dir_all(own)?;
            run(Command::new("chmod").arg("700").arg(own))?;
            chown(own, Some(USER), Some(USER))?;
        }
        // Mounted, because another user cannot reach every directory that programs are built in.
        let programs = home.join(directory);
        std::fs::create_dir(&programs)?;
        for name in ["sotto", "sottod"] {
            let path = programs.join(name);
            std::fs::write(&path, b"")?;
            run(Command::new("mount")
                .arg("--bind")
                .arg(program(name)?)
                .arg(&path))?;
        }
        let mut started = Self {
            host,
            home,
            runtime,
            programs,
            place: place(),
            manager: None,
        };
        started.launch()?;
        Ok(started)
    }

    fn launch(&mut self) -> Result<()> {
        let log = std::fs::File::create(self.home.join("systemd.log"))?;
        let begin = Instant::now();
        let mut shell = self.host.command("sh");
        shell
            .args(["-ec", INTO_A_PLACE, "sh", &self.place])
            .args([USER.to_string().as_str(), AS_THE_MANAGER])
            .envs(self.environment())
            .stdout(Stdio::null())
            .stderr(log);
        self.manager = Some(Running::start(&mut shell)?);
        while begin.elapsed() < PATIENCE {
            if self.systemctl(&["is-active", "basic.target"]).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.home.join("systemd.log")).unwrap_or_default();
        bail!("systemd --user does not start: {log}")
    }

    /// The user's home.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The directory with the programs under test.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// Writes a file of the user's, with the directories above it.
    ///
    /// # Errors
    ///
    /// When it cannot.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.home.join(path);
        let directory = path.parent().context("a file in a directory")?;
        run(self
            .command("mkdir")
            .args(["-p", "-m", "700"])
            .arg(directory))?;
        std::fs::write(&path, text)?;
        chown(&path, Some(USER), Some(USER))?;
        Ok(())
    }

    /// A program, run by the user on the host.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        let mut command = self.host.command("setpriv");
        let user = USER.to_string();
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]);
        command.arg(name).envs(self.environment()).current_dir("/");
        command.env_remove("SOTTO_HOME").stdin(Stdio::null());
        command
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let shown = |path: &Path| path.display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        vec![
            ("HOME", shown(&self.home)),
            ("XDG_RUNTIME_DIR", shown(&self.runtime)),
            ("PATH", format!("{}:{path}", shown(&self.programs))),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere".to_owned()),
            ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere".to_owned()),
            ("NO_COLOR", "1".to_owned()),
        ]
    }

    /// Asks the manager.
    ///
    /// # Errors
    ///
    /// When it refuses.
    pub fn systemctl(&self, arguments: &[&str]) -> Result<String> {
        run(self.command("systemctl").arg("--user").args(arguments))
    }

    /// What the manager says of one property of the daemon's unit.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub fn property(&self, name: &str) -> Result<String> {
        let said = self.systemctl(&["show", "--value", "--property", name, "sottod"])?;
        Ok(said.trim().to_owned())
    }

    /// Runs `sotto`.
    ///
    /// # Errors
    ///
    /// When it cannot be started; a command that fails is no error here.
    pub fn try_sotto(&self, arguments: &[&str]) -> Result<Output> {
        let output = self.command("sotto").args(arguments).output();
        output.context("cannot start sotto")
    }

    /// Runs a `sotto` that succeeds, and returns what it says.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn sotto(&self, arguments: &[&str]) -> Result<String> {
        let output = self.try_sotto(arguments)?;
        ensure!(
            output.status.success(),
            "sotto {arguments:?} failed: {}",
            said(&output)
        );
        Ok(said(&output))
    }

    /// Runs a `sotto` that fails, and returns what it says.
    ///
    /// # Errors
    ///
    /// When it succeeds.
    pub fn refused(&self, arguments: &[&str]) -> Result<String> {
        let output = self.try_sotto(arguments)?;
        ensure!(
            !output.status.success(),
            "sotto {arguments:?} succeeded: {}",
            said(&output)
        );
        Ok(said(&output))
    }
}

/// A name that no other place has: the numbers of processes are a sandbox's own.
fn place() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let moment = since.map_or(0, |since| since.as_nanos());
    format!("sotto-scenario-{moment}")
}

impl Drop for UserManager {
    fn drop(&mut self) {
        drop(self.manager.take());
        let _ = Command::new("sh")
            .args(["-c", OUT_OF_THE_PLACE, "sh", &self.place])
            .status();
    }
}
