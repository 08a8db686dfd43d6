//! The machine: files, other daemons, the clock, logins that linger, sound cards and priority.

use crate::desktop::Session;
use crate::fixture::{BESIDE, Diagnosis, program, run};
use crate::support::home::Home;

/// Goes on as somebody to whom closed files are closed, even as root.
const WITHOUT_PRIVILEGE: &str = "exec setpriv --bounding-set=-dac_override,-dac_read_search \
    --inh-caps=-dac_override,-dac_read_search \"$SOTTO\" doctor --json";

/// A `/dev` without sound cards.
const WITHOUT_CARDS: &str = "mkdir -p \"$SOTTO_HOME/dev/snd\"
touch \"$SOTTO_HOME/dev/null\"
mount --bind /dev/null \"$SOTTO_HOME/dev/null\"
mount --rbind \"$SOTTO_HOME/dev\" /dev";

#[tokio::test]
async fn a_home_that_is_closed_is_found_and_opened_by_the_command() {
    let home = Home::without_daemon();
    let closed = "export SOTTO_HOME=\"$SOTTO_HOME/closed\"
mkdir -p -m 700 \"$SOTTO_HOME\"
chmod 500 \"$SOTTO_HOME\"";
    let found = Diagnosis::after(&home, &format!("{closed}\n{WITHOUT_PRIVILEGE}")).await;
    assert_eq!(found.code, 10);
    found.tells("files", ("problem", "closed is yours, but closed to you"));
    let help = found.help("files");
    let opened = format!("{closed}\n{help}\n{WITHOUT_PRIVILEGE}");
    let found = Diagnosis::after(&home, &opened).await;
    found.is_silent_about("files");
}

#[tokio::test]
async fn settings_that_are_closed_are_told_once() {
    let home = Home::without_daemon();
    let script = format!(
        "echo 'name = \"Anna\"' > \"$SOTTO_HOME/config.toml\"
chmod 000 \"$SOTTO_HOME/config.toml\"\n{WITHOUT_PRIVILEGE}"
    );
    let found = Diagnosis::after(&home, &script).await;
    found.tells("files", ("problem", "config.toml is yours, but closed"));
    found.is_silent_about("settings");
}

#[tokio::test]
async fn a_home_of_somebody_else_is_found() {
    let home = Home::without_daemon();
    // Without the right to give a directory away, one that is somebody else's already stands for it.
    let script = "mkdir \"$SOTTO_HOME/other\"
if chown 65534 \"$SOTTO_HOME/other\" 2>/dev/null; then
    export SOTTO_HOME=\"$SOTTO_HOME/other\"
else
    SOTTO_HOME=$(find / -xdev -maxdepth 3 -type d ! -user \"$(id -u)\" -print -quit 2>/dev/null || true)
    export SOTTO_HOME
fi";
    let found = Diagnosis::after(&home, script).await;
    found.tells("files", ("problem", "belongs to another user"));
}

#[tokio::test]
async fn a_socket_that_is_closed_is_found_and_told_by_every_command() {
    let home = Home::with_daemon();
    let closed = "chmod 000 \"$SOTTO_HOME/control.sock\"";
    let found = Diagnosis::after(&home, &format!("{closed}\n{WITHOUT_PRIVILEGE}")).await;
    found.tells("files", ("problem", "control.sock is yours, but closed"));
    found.tells("running", ("problem", "control.sock is closed to you"));
}

#[tokio::test]
async fn another_daemon_on_this_machine_is_found_with_its_number() {
    let home = Home::with_daemon();
    let script = "cp \"$(command -v sleep)\" \"$SOTTO_HOME/sottod\"
\"$SOTTO_HOME/sottod\" 60 &
until grep --quiet sottod \"/proc/$!/comm\"; do :; done
echo $! > \"$SOTTO_HOME/other\"";
    let found = Diagnosis::after(&home, script).await;
    let other = std::fs::read_to_string(home.directory.path().join("other")).unwrap();
    let other = other.trim();
    found.tells(
        "instances",
        (
            "note",
            &format!("another daemon runs on this machine: process {other}"),
        ),
    );
    assert!(found.help("instances").ends_with(&format!("kill {other}")));
    let alone = Diagnosis::after(&home, "").await;
    alone.is_silent_about("instances");
}

#[tokio::test]
async fn a_clock_that_nothing_keeps_is_found() {
    let home = Home::without_daemon();
    // As systemd 252 says it.
    let says = |synchronized: &str| {
        format!(
            "[ \"$*\" = 'show --property=NTPSynchronized --value' ] || exit 1\necho {synchronized}"
        )
    };
    program(&home, "timedatectl", &says("no"));
    let found = Diagnosis::after(&home, BESIDE).await;
    found.tells(
        "clock",
        ("note", "nothing keeps this machine's clock right"),
    );
    program(&home, "timedatectl", &says("yes"));
    let found = Diagnosis::after(&home, BESIDE).await;
    found.tells("clock", ("fine", "network time"));
}

#[tokio::test]
async fn services_that_go_on_after_a_logout_are_found() {
    let home = Home::without_daemon();
    let login = "export HOME=\"$SOTTO_HOME\" USER=anna
unset SOTTO_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME
mount -t tmpfs tmpfs /var/lib
mkdir -p /var/lib/systemd/linger";
    let found = Diagnosis::after(&home, login).await;
    found.is_silent_about("linger");
    // What 'loginctl enable-linger' does.
    let lingering = format!("{login}\ntouch /var/lib/systemd/linger/anna");
    let found = Diagnosis::after(&home, &lingering).await;
    found.tells("linger", ("note", "go on after you have logged out"));
}

#[tokio::test]
async fn a_machine_without_sound_is_found_and_one_whose_cards_are_closed() {
    let home = Home::without_daemon();
    let found = Diagnosis::after(&home, WITHOUT_CARDS).await;
    found.tells("sound", ("problem", "no sound server and no sound card"));
    found.is_silent_about("permission");
    let card = |mode: &str| {
        format!(
            "{WITHOUT_CARDS}\ntouch /dev/snd/pcmC0D0c\nchmod {mode} /dev/snd/pcmC0D0c\n{WITHOUT_PRIVILEGE}"
        )
    };
    let found = Diagnosis::after(&home, &card("000")).await;
    found.tells(
        "permission",
        ("problem", "may not use this machine's sound"),
    );
    let found = Diagnosis::after(&home, &card("600")).await;
    found.is_silent_about("permission");
}

#[tokio::test]
async fn voice_without_priority_is_found_unless_rtkit_gives_it() {
    let home = Home::with_daemon();
    let found = Diagnosis::after(&home, "").await;
    found.tells("priority", ("note", "no real-time priority"));
    let system = Session::start(&["org.freedesktop.RealtimeKit1"]).await;
    let script = format!("export DBUS_SYSTEM_BUS_ADDRESS='{}'", system.address());
    let found = Diagnosis::after(&home, &script).await;
    found.is_silent_about("priority");
}

#[tokio::test]
async fn a_person_reads_what_helps() {
    let home = Home::without_daemon();
    let ran = run(&home, "ip link set lo up\nexec \"$SOTTO\" doctor").await;
    assert_eq!(ran.code, 10);
    assert!(
        ran.out.contains("✗ The Sotto daemon is not running"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("→ start it with 'sotto start'"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.lines().all(|line| line.chars().count() <= 80),
        "{}",
        ran.out
    );
    assert_eq!(ran.err, "");
}
