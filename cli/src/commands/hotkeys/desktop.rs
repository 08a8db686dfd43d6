//! What desktops can do with keys, and the lines by which their own settings bind commands to them.

use sotto_control::config::{HotkeyAction, Trigger};
use sotto_control::{APP_ID, KeyBackend};

/// A desktop whose settings bind commands to keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Desktop {
    Sway,
    Hyprland,
    I3,
    Gnome,
    Kde,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The commands that a desktop runs for a key.
struct Commands {
    press: String,
    /// What ends it, for what lasts while the key is held.
    release: Option<&'static str>,
    /// What to run instead where a desktop does not tell when a key is let go.
    alone: Option<String>,
}

impl Desktop {
    pub(super) const ALL: [Self; 5] =
        [Self::Sway, Self::Hyprland, Self::I3, Self::Gnome, Self::Kde];

    /// Returns the desktop that runs, if it is one of these.
    pub(super) fn here() -> Option<Self> {
        Self::named(&Self::name_here().unwrap_or_default())
            .or_else(|| variable("SWAYSOCK").map(|_| Self::Sway))
            .or_else(|| variable("HYPRLAND_INSTANCE_SIGNATURE").map(|_| Self::Hyprland))
            .or_else(|| variable("I3SOCK").map(|_| Self::I3))
    }

    /// Returns what the desktop that runs calls itself.
    pub(super) fn name_here() -> Option<String> {
        variable("XDG_CURRENT_DESKTOP").or_else(|| variable("XDG_SESSION_DESKTOP"))
    }

    fn named(desktop: &str) -> Option<Self> {
        desktop.split(':').find_map(|name| {
            Some(match name.to_ascii_lowercase().as_str() {
                "sway" => Self::Sway,
                "hyprland" => Self::Hyprland,
                "i3" => Self::I3,
                "gnome" => Self::Gnome,
                "kde" => Self::Kde,
                _ => return None,
            })
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sway => "sway",
            Self::Hyprland => "Hyprland",
            Self::I3 => "i3",
            Self::Gnome => "GNOME",
            Self::Kde => "KDE",
        }
    }

    /// Says where its lines belong.
    pub(super) const fn place(self) -> &'static str {
        match self {
            Self::Sway => "in ~/.config/sway/config",
            Self::Hyprland => "in ~/.config/hypr/hyprland.conf; sotto-tray must run",
            Self::I3 => "in ~/.config/i3/config; only where sotto-tray does not hold the keys",
            Self::Gnome => {
                "in a terminal, once; only where sotto-tray cannot hold the keys (before GNOME 48)"
            }
            Self::Kde => {
                "in System Settings, Keyboard, Shortcuts, Add New, Command; only where sotto-tray cannot hold the keys"
            }
        }
    }

    /// Returns the lines that bind these keys.
    pub(super) fn lines(self, keys: &[(HotkeyAction, Trigger)]) -> Vec<String> {
        let mut lines: Vec<_> = keys
            .iter()
            .flat_map(|(action, trigger)| self.bind(action, trigger))
            .collect();
        if self == Self::Gnome {
            lines.push(gnome_list(keys));
        }
        lines
    }

    fn bind(self, action: &HotkeyAction, trigger: &Trigger) -> Vec<String> {
        let Commands {
            press,
            release,
            alone,
        } = commands(action);
        let pressed_alone = alone.unwrap_or_else(|| press.clone());
        match self {
            Self::Sway | Self::I3 => {
                let key = trigger.for_sway();
                // i3 sends no repetitions to a command, and knows no such option.
                let (once, quiet) = match self {
                    Self::Sway => (" --no-repeat", ""),
                    _ => ("", " --no-startup-id"),
                };
                let pressed = format!("bindsym{once} {key} exec{quiet} {press}");
                let released =
                    release.map(|release| format!("bindsym --release {key} exec{quiet} {release}"));
                [pressed].into_iter().chain(released).collect()
            }
            // The portal tells the tray of the press and of the release.
            Self::Hyprland => vec![format!(
                "bind = {}, global, {APP_ID}:{}",
                trigger.for_hyprland(),
                action.id()
            )],
            Self::Gnome => gnome(action, trigger, &pressed_alone),
            Self::Kde => vec![format!("{trigger}: {pressed_alone}")],
        }
    }
}

fn commands(action: &HotkeyAction) -> Commands {
    let held = |press: String| Commands {
        alone: Some(format!("{press} --toggle")),
        press,
        release: Some("sotto talk"),
    };
    let once = |press: &str| Commands {
        press: press.to_owned(),
        release: None,
        alone: None,
    };
    match action {
        HotkeyAction::Talk => Commands {
            press: "sotto talk --press".into(),
            release: Some("sotto talk --release"),
            alone: Some("sotto talk --toggle".into()),
        },
        HotkeyAction::Reply => held("sotto reply".into()),
        HotkeyAction::Whisper(group) => held(format!("sotto whisper {}", quoted(group))),
        HotkeyAction::Mute => once("sotto mute --toggle"),
        HotkeyAction::Deafen => once("sotto deafen --toggle"),
    }
}

/// Writes the name of a group for a shell.
fn quoted(group: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_".contains(c);
    if group.chars().all(plain) {
        format!("@{group}")
    } else {
        // No name of a group contains a quotation mark.
        format!("'@{group}'")
    }
}

const GNOME_KEYS: &str = "org.gnome.settings-daemon.plugins.media-keys";

fn gnome_path(action: &HotkeyAction) -> String {
    let id: String = action
        .id()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("/org/gnome/settings-daemon/plugins/media-keys/custom-keybindings/sotto-{id}/")
}

fn gnome(action: &HotkeyAction, trigger: &Trigger, press: &str) -> Vec<String> {
    let schema = format!("{GNOME_KEYS}.custom-keybinding:{}", gnome_path(action));
    let set = |key: &str, value: &str| {
        let value = value.replace('"', "\\\"");
        format!("gsettings set {schema} {key} \"{value}\"")
    };
    vec![
        set("name", &format!("Sotto: {}", action.says())),
        set("command", press),
        set("binding", &trigger.for_gnome()),
    ]
}

/// Returns the line that adds the keys to those that are there.
fn gnome_list(keys: &[(HotkeyAction, Trigger)]) -> String {
    let paths: Vec<_> = keys
        .iter()
        .map(|(action, _)| format!("'{}'", gnome_path(action)))
        .collect();
    let paths = paths.join(", ");
    format!(
        "gsettings set {GNOME_KEYS} custom-keybindings \"$(gsettings get {GNOME_KEYS} custom-keybindings \
         | sed \"s|^@as ||; s|]$|, {paths}]|; s|^\\[, |[|\")\""
    )
}

/// Returns what a desktop cannot do with keys, in sentences.
pub(super) fn cannot(backend: KeyBackend, here: Option<Desktop>) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut say = |sentence: &str| sentences.push(sentence.to_owned());
    if backend == KeyBackend::None {
        say(
            "Without a desktop there are no keys that work everywhere; 'sotto top' has keys of its own.",
        );
        return sentences;
    }
    say("A key that is only held, such as Ctrl alone, cannot be taken.");
    match (backend, here) {
        (KeyBackend::X11, _) => {
            say("A key that another program has taken first is not given again.")
        }
        (KeyBackend::Portal, Some(Desktop::Sway)) => {
            say("sway gives programs no keys: bind the commands below in its configuration.");
        }
        (KeyBackend::Portal, Some(Desktop::Hyprland)) => {
            say("Hyprland gives no key by itself: bind the names below in its configuration.");
        }
        (KeyBackend::Portal, Some(Desktop::Gnome)) => {
            say("GNOME gives programs keys from release 48 on, and asks you once.");
            say(
                "You change the keys in GNOME's Settings, Apps, Sotto; GNOME 48 then tells of none until you log in again.",
            );
            say(
                "Its own shortcuts do not tell when a key is let go: what one begins so, a second press ends.",
            );
        }
        (KeyBackend::Portal, Some(Desktop::Kde)) => {
            say("You change the keys in System Settings; Sotto only proposes them.");
            say(
                "Shortcuts that run a command do not tell when a key is let go: what one begins so, a second press ends.",
            );
        }
        (KeyBackend::Portal, _) => {
            say(
                "Not every Wayland desktop gives programs keys; where it does not, bind commands in its own settings.",
            );
        }
        (KeyBackend::None, _) => {}
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use sotto_control::config::Config;

    fn lines(desktop: Desktop) -> Vec<String> {
        let config =
            "[hotkeys]\nmute = 'Ctrl+Alt+M'\nwhisper.desk = 'Super+D'\nwhisper.'R&D' = 'F9'\n";
        desktop.lines(&Config::parse(config).unwrap().hotkeys.all())
    }

    #[test]
    fn sway_and_i3_run_commands_for_the_press_and_for_the_release() {
        assert_eq!(
            lines(Desktop::Sway),
            [
                "bindsym --no-repeat Control+Mod1+m exec sotto mute --toggle",
                "bindsym --no-repeat F9 exec sotto whisper '@R&D'",
                "bindsym --release F9 exec sotto talk",
                "bindsym --no-repeat Mod4+d exec sotto whisper @desk",
                "bindsym --release Mod4+d exec sotto talk",
            ]
        );
        assert_eq!(
            lines(Desktop::I3)[0],
            "bindsym Control+Mod1+m exec --no-startup-id sotto mute --toggle"
        );
    }

    #[test]
    fn hyprland_binds_the_names_that_the_portal_knows() {
        assert_eq!(
            lines(Desktop::Hyprland)[2],
            "bind = SUPER, d, global, alt.sotto.Sotto:whisper-desk"
        );
    }

    #[test]
    fn gnome_gets_commands_for_a_terminal() {
        let lines = lines(Desktop::Gnome);
        assert!(
            lines[1].ends_with("custom-keybindings/sotto-mute/ command \"sotto mute --toggle\"")
        );
        assert!(lines[2].ends_with("binding \"<Control><Alt>m\""));
        assert!(lines[4].ends_with("command \"sotto whisper '@R&D' --toggle\""));
        assert!(lines.last().unwrap().contains("sotto-mute/', '"));
    }

    #[test]
    fn where_no_release_is_told_a_second_press_ends_what_the_first_began() {
        let config =
            "[hotkeys]\ntalk = 'F8'\nreply = 'F7'\nmute = 'F6'\nwhisper.desk = 'Super+D'\n";
        let keys = Config::parse(config).unwrap().hotkeys.all();
        assert_eq!(
            Desktop::Kde.lines(&keys),
            [
                "F8: sotto talk --toggle",
                "F7: sotto reply --toggle",
                "F6: sotto mute --toggle",
                "Super+D: sotto whisper @desk --toggle",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_list_of_gnome_keeps_what_is_in_it() {
        let config = Config::parse("[hotkeys]\nmute = 'F9'\n").unwrap();
        let line = gnome_list(&config.hotkeys.all());
        let (_, edit) = line.split_once("| ").unwrap();
        let edit = edit.strip_suffix(")\"").unwrap();
        let path = gnome_path(&HotkeyAction::Mute);
        for (before, after) in [
            ("@as []", format!("['{path}']")),
            ("['/a/']", format!("['/a/', '{path}']")),
        ] {
            let command = format!("echo \"{before}\" | {edit}");
            let output = std::process::Command::new("sh")
                .args(["-c", &command])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), after);
        }
    }

    #[test]
    fn a_desktop_is_known_by_the_name_that_it_gives_itself() {
        assert_eq!(Desktop::named("ubuntu:GNOME"), Some(Desktop::Gnome));
        assert_eq!(Desktop::named("KDE"), Some(Desktop::Kde));
        assert_eq!(Desktop::named("XFCE"), None);
    }
}
