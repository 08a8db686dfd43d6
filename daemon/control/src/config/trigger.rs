//! A key that works everywhere, with what is held beside it: one value, and the ways in which desktops write it.

use std::fmt;
use std::str::FromStr;

/// A key with modifiers: `Ctrl+Alt+Space`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trigger {
    /// Whether Ctrl is held.
    pub ctrl: bool,
    /// Whether Alt is held.
    pub alt: bool,
    /// Whether Shift is held.
    pub shift: bool,
    /// Whether Super is held, which keyboards show as a window or as ⌘.
    pub logo: bool,
    key: Key,
}

/// A key of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// A letter from `a` to `z`, or a digit.
    Character(char),
    /// A function key, from 1 on.
    Function(u8),
    /// Any other, by its place in [`NAMED`].
    Named(usize),
}

/// A key with a name.
struct Named {
    /// As people write it.
    name: &'static str,
    /// What else it is called.
    other: &'static [&'static str],
    /// As the X keyboard extension calls it.
    keysym: &'static str,
    /// Its number there.
    number: u32,
    /// Whether nobody types it, so that it may be taken alone.
    alone: bool,
}

const fn named(
    name: &'static str,
    other: &'static [&'static str],
    keysym: &'static str,
    number: u32,
    alone: bool,
) -> Named {
    Named {
        name,
        other,
        keysym,
        number,
        alone,
    }
}

/// The last function key that keyboards send.
const LAST_FUNCTION: u8 = 24;
/// The number of the first.
const FIRST_FUNCTION: u32 = 0xffbe;

/// Keys with names; numbers by X.Org's `keysymdef.h` and `XF86keysym.h`.
const NAMED: &[Named] = &[
    named("Space", &[], "space", 0x20, false),
    named("Tab", &[], "Tab", 0xff09, false),
    named("Enter", &["Return"], "Return", 0xff0d, false),
    named("Backspace", &[], "BackSpace", 0xff08, false),
    named("Escape", &["Esc"], "Escape", 0xff1b, false),
    named("Insert", &["Ins"], "Insert", 0xff63, false),
    named("Delete", &["Del"], "Delete", 0xffff, false),
    named("Home", &[], "Home", 0xff50, false),
    named("End", &[], "End", 0xff57, false),
    named("PageUp", &["Prior"], "Page_Up", 0xff55, false),
    named("PageDown", &["Next"], "Page_Down", 0xff56, false),
    named("Left", &[], "Left", 0xff51, false),
    named("Up", &[], "Up", 0xff52, false),
    named("Right", &[], "Right", 0xff53, false),
    named("Down", &[], "Down", 0xff54, false),
    named("Minus", &["-"], "minus", 0x2d, false),
    named("Equal", &["="], "equal", 0x3d, false),
    named("Comma", &[","], "comma", 0x2c, false),
    named("Period", &["."], "period", 0x2e, false),
    named("Slash", &["/"], "slash", 0x2f, false),
    named("Semicolon", &[";"], "semicolon", 0x3b, false),
    named("Apostrophe", &["'"], "apostrophe", 0x27, false),
    named("Grave", &["`"], "grave", 0x60, false),
    named("BracketLeft", &["["], "bracketleft", 0x5b, false),
    named("BracketRight", &["]"], "bracketright", 0x5d, false),
    named("Backslash", &["\\"], "backslash", 0x5c, false),
    named("Print", &["PrintScreen"], "Print", 0xff61, true),
    named("ScrollLock", &[], "Scroll_Lock", 0xff14, true),
    named("Pause", &[], "Pause", 0xff13, true),
    named("Menu", &[], "Menu", 0xff67, true),
    named(
        "MicMute",
        &["XF86AudioMicMute"],
        "XF86AudioMicMute",
        0x1008_ffb2,
        true,
    ),
    named(
        "Mute",
        &["XF86AudioMute"],
        "XF86AudioMute",
        0x1008_ff12,
        true,
    ),
    named(
        "MediaPlay",
        &["XF86AudioPlay"],
        "XF86AudioPlay",
        0x1008_ff14,
        true,
    ),
    named(
        "MediaStop",
        &["XF86AudioStop"],
        "XF86AudioStop",
        0x1008_ff15,
        true,
    ),
    named(
        "MediaPrevious",
        &["XF86AudioPrev"],
        "XF86AudioPrev",
        0x1008_ff16,
        true,
    ),
    named(
        "MediaNext",
        &["XF86AudioNext"],
        "XF86AudioNext",
        0x1008_ff17,
        true,
    ),
];

impl Key {
    fn parse(text: &str) -> Option<Self> {
        let mut characters = text.chars();
        if let (Some(one), None) = (characters.next(), characters.next())
            && one.is_ascii_alphanumeric()
        {
            return Some(Self::Character(one.to_ascii_lowercase()));
        }
        let function = text.strip_prefix(['f', 'F']).and_then(|n| n.parse().ok());
        if let Some(number @ 1..=LAST_FUNCTION) = function {
            return Some(Self::Function(number));
        }
        let is = |name: &str| name.eq_ignore_ascii_case(text);
        let place = NAMED
            .iter()
            .position(|key| is(key.name) || is(key.keysym) || key.other.iter().any(|it| is(it)))?;
        Some(Self::Named(place))
    }

    /// Returns whether nobody types it.
    fn alone(self) -> bool {
        match self {
            Self::Character(_) => false,
            Self::Function(_) => true,
            Self::Named(place) => NAMED[place].alone,
        }
    }
}

impl Trigger {
    /// Returns the key's name in the X keyboard extension, which Wayland uses too.
    #[must_use]
    pub fn keysym(&self) -> String {
        match self.key {
            Key::Character(character) => character.to_string(),
            Key::Function(number) => format!("F{number}"),
            Key::Named(place) => NAMED[place].keysym.to_owned(),
        }
    }

    /// Returns the key's number in the X keyboard extension.
    #[must_use]
    pub fn keysym_number(&self) -> u32 {
        match self.key {
            Key::Character(character) => u32::from(character),
            Key::Function(number) => FIRST_FUNCTION + u32::from(number) - 1,
            Key::Named(place) => NAMED[place].number,
        }
    }

    /// Returns what is held, in this order and by these names: Ctrl, Alt, Shift, Super.
    fn held(&self, names: [&'static str; 4]) -> impl Iterator<Item = &'static str> {
        let held = [self.ctrl, self.alt, self.shift, self.logo];
        names
            .into_iter()
            .zip(held)
            .filter_map(|(name, held)| held.then_some(name))
    }

    fn joined(&self, names: [&'static str; 4], key: String) -> String {
        let held = self.held(names).map(str::to_owned);
        held.chain([key]).collect::<Vec<_>>().join("+")
    }

    /// Writes it as the desktop portal wants it: `CTRL+ALT+space`.
    #[must_use]
    pub fn for_portal(&self) -> String {
        self.joined(["CTRL", "ALT", "SHIFT", "LOGO"], self.keysym())
    }

    /// Writes it as sway and i3 want it: `Control+Mod1+space`.
    #[must_use]
    pub fn for_sway(&self) -> String {
        self.joined(["Control", "Mod1", "Shift", "Mod4"], self.keysym())
    }

    /// Writes it as Hyprland wants it: `CTRL ALT, space`.
    #[must_use]
    pub fn for_hyprland(&self) -> String {
        let held: Vec<_> = self.held(["CTRL", "ALT", "SHIFT", "SUPER"]).collect();
        format!("{}, {}", held.join(" "), self.keysym())
    }

    /// Writes it as GNOME wants it: `<Control><Alt>space`.
    #[must_use]
    pub fn for_gnome(&self) -> String {
        let held = self.held(["<Control>", "<Alt>", "<Shift>", "<Super>"]);
        held.collect::<String>() + &self.keysym()
    }
}

impl fmt::Display for Trigger {
    /// Writes it as people do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match self.key {
            Key::Character(character) => character.to_ascii_uppercase().to_string(),
            Key::Function(number) => format!("F{number}"),
            Key::Named(place) => NAMED[place].name.to_owned(),
        };
        f.write_str(&self.joined(["Ctrl", "Alt", "Shift", "Super"], key))
    }
}

impl FromStr for Trigger {
    /// What the text must be, to be read after the name of its setting.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut trigger = Self {
            ctrl: false,
            alt: false,
            shift: false,
            logo: false,
            key: Key::Named(0),
        };
        let (held, key) = text.rsplit_once('+').unwrap_or(("", text));
        for name in held.split('+').map(str::trim).filter(|_| !held.is_empty()) {
            let place = match name.to_ascii_lowercase().as_str() {
                "ctrl" | "control" => &mut trigger.ctrl,
                "alt" => &mut trigger.alt,
                "shift" => &mut trigger.shift,
                "super" | "win" | "meta" | "logo" | "cmd" => &mut trigger.logo,
                _ => {
                    return Err(format!(
                        "holds \"{}\", which is none of Ctrl, Alt, Shift and Super",
                        name.escape_debug()
                    ));
                }
            };
            if std::mem::replace(place, true) {
                return Err(format!("holds {name} twice"));
            }
        }
        let key = key.trim();
        trigger.key = Key::parse(key).ok_or_else(|| unknown(key))?;
        if !(trigger.ctrl || trigger.alt || trigger.logo || trigger.key.alone()) {
            let shown = trigger.to_string();
            return Err(format!(
                "must hold Ctrl, Alt or Super: {shown} alone could not be typed any more"
            ));
        }
        Ok(trigger)
    }
}

fn unknown(key: &str) -> String {
    let modifiers = ["ctrl", "control", "alt", "shift", "super", "meta"];
    if modifiers.contains(&key.to_ascii_lowercase().as_str()) || key.is_empty() {
        return "must end with a key, as Ctrl+Alt+Space does: desktops give no program what is only held".into();
    }
    let names = NAMED.iter().map(|key| key.name);
    let near = super::nearest(key, names).map(|near| format!("; the nearest is \"{near}\""));
    format!(
        "has no key \"{}\"{}; keys are letters, digits, F1 to F{LAST_FUNCTION} and names such as Space or PageUp",
        key.escape_debug(),
        near.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Trigger {
        text.parse().unwrap()
    }

    #[test]
    fn a_trigger_is_read_as_people_write_it_and_written_one_way() {
        for (written, shown) in [
            ("Ctrl+Alt+Space", "Ctrl+Alt+Space"),
            ("alt + control + space", "Ctrl+Alt+Space"),
            ("super+m", "Super+M"),
            ("Ctrl+Shift+F5", "Ctrl+Shift+F5"),
            ("f13", "F13"),
            ("pause", "Pause"),
            ("Ctrl+Page_Up", "Ctrl+PageUp"),
            ("Ctrl+-", "Ctrl+Minus"),
            ("XF86AudioMicMute", "MicMute"),
        ] {
            let trigger = read(written);
            assert_eq!(trigger.to_string(), shown);
            assert_eq!(read(shown), trigger);
        }
    }

    #[test]
    fn each_desktop_gets_its_own_spelling() {
        let trigger = read("Ctrl+Alt+Shift+Super+D");
        assert_eq!(trigger.for_portal(), "CTRL+ALT+SHIFT+LOGO+d");
        assert_eq!(trigger.for_sway(), "Control+Mod1+Shift+Mod4+d");
        assert_eq!(trigger.for_hyprland(), "CTRL ALT SHIFT SUPER, d");
        assert_eq!(trigger.for_gnome(), "<Control><Alt><Shift><Super>d");
        assert_eq!(trigger.keysym_number(), 0x64);
        assert_eq!(read("F12").for_hyprland(), ", F12");
        assert_eq!(read("F12").keysym_number(), 0xffc9);
        assert_eq!(read("Ctrl+Space").for_gnome(), "<Control>space");
    }

    #[test]
    fn what_does_not_work_everywhere_is_refused_with_the_reason() {
        for (text, reason) in [
            ("Space", "could not be typed any more"),
            ("Shift+A", "could not be typed any more"),
            ("Ctrl+Alt", "must end with a key"),
            ("Ctrl+", "must end with a key"),
            ("Hyper+A", "none of Ctrl"),
            ("Ctrl+Ctrl+A", "twice"),
            ("Ctrl+Spcae", "the nearest is \"Space\""),
            ("F25", "no key"),
            ("", "must end with a key"),
        ] {
            let error = text.parse::<Trigger>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
