//! The tray of this desktop: a real panel, and the icon of our program in it with its menu.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Desk, Running, run};

/// The panel's settings: at the top, with nothing in it but the icons of programs.
const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"#;
/// The place of its first icon on the screen.
const FIRST_ICON: [&str; 2] = ["16", "16"];
/// The file by which a session's bus starts the service of the panel's settings.
const SETTINGS: &str = "/usr/share/dbus-1/services/org.xfce.Xfconf.service";
/// The watcher of icons, which a panel brings.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

impl Desk {
    /// Starts a panel that shows the icons of programs, and waits until it is ready for them.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start_panel(&mut self) -> Result<Running> {
        if !self.has_name("org.xfce.Xfconf")? {
            self.write_panel_settings()?;
        }
        let log = self.log("xfce4-panel")?;
        let mut command = self.command("xfce4-panel");
        command.stdout(log.try_clone()?).stderr(log);
        let panel = Running::start(&mut command)?;
        self.until("a panel", |desk| desk.has_name(WATCHER))?;
        Ok(panel)
    }

    /// Writes what the panel is to look like, and starts the service that it reads this from.
    fn write_panel_settings(&mut self) -> Result<()> {
        let inside = ".config/xfce4/xfconf/xfce-perchannel-xml";
        std::fs::create_dir_all(self.directory.join(inside))?;
        self.write(&format!("{inside}/xfce4-panel.xml"), PANEL)?;
        let service = std::fs::read_to_string(SETTINGS)
            .context("there is no panel; 'cargo xtask setup test' brings it")?;
        let program = service.lines().find_map(|line| line.strip_prefix("Exec="));
        self.start(program.context("Xfconf has no program")?, &[])?;
        self.until("the settings of the panel", |desk| {
            desk.has_name("org.xfce.Xfconf")
        })
    }

    /// Returns whether a panel has taken the icon of our program.
    ///
    /// # Errors
    ///
    /// When there is no panel.
    pub fn panel_has_icon(&self) -> Result<bool> {
        let mut asking = self.busctl();
        asking.args(["get-property", WATCHER, "/StatusNotifierWatcher"]);
        asking.args([WATCHER, "RegisteredStatusNotifierItems"]);
        Ok(run(&mut asking)?.contains("/StatusNotifierItem"))
    }

    /// Clicks the first icon of the panel with the left button.
    ///
    /// # Errors
    ///
    /// When there is no pointer.
    pub fn clicks_panel(&self) -> Result<()> {
        let mut moving = self.command("xdotool");
        moving.args(["mousemove", "--sync"]).args(FIRST_ICON);
        run(moving.args(["click", "1"])).map(drop)
    }

    /// Returns the name on the bus of our icon.
    pub(super) fn icon(&self) -> Result<String> {
        self.bus_name("org.kde.StatusNotifierItem-")
    }

    /// Takes a line of the icon's menu, as a panel does, by its label.
    ///
    /// # Errors
    ///
    /// When there is no such line.
    pub fn chooses(&self, label: &str) -> Result<()> {
        let icon = self.icon()?;
        let call = ["call", &icon, "/MenuBar", "com.canonical.dbusmenu"];
        let mut reading = self.busctl();
        // A number below zero is no option.
        reading.args(["--json=short", "--"]).args(call);
        reading.args(["GetLayout", "iias", "0", "-1", "0"]);
        let layout: Value = serde_json::from_str(&run(&mut reading)?)?;
        let line = line(&layout, label).with_context(|| format!("no {label:?} in the menu"))?;
        let mut clicking = self.busctl();
        clicking.args(call).args(["Event", "isvu"]);
        clicking.args([line.to_string().as_str(), "clicked", "i", "0", "0"]);
        run(&mut clicking).map(drop)
    }
}

/// Finds the number of a line in a menu. A line is a number, its properties, and the lines below it.
fn line(menu: &Value, label: &str) -> Option<i64> {
    match menu {
        Value::Array(parts) => {
            if let [Value::Number(number), Value::Object(properties), ..] = &parts[..]
                && properties
                    .get("label")
                    .is_some_and(|it| it["data"] == label)
            {
                return number.as_i64();
            }
            parts.iter().find_map(|part| line(part, label))
        }
        Value::Object(parts) => parts.get("data").and_then(|part| line(part, label)),
        _ => None,
    }
}
