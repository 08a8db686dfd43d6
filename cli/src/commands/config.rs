//! `sotto config`

use crate::connection::connect;
use crate::doctor;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use serde_json::json;
use sotto_control::config::{self, KEYS};
use sotto_control::{CallError, ConnectError, ErrorCode, Places, SettingReply, SettingsSet};
use std::path::Path;

/// Read and change settings in config.toml, comments kept
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A daemon that runs takes most settings over at once; for the others it says so, and reads them when it starts again.\n\nExamples:\n  sotto config get\n  sotto config set name 'Anna Berg'\n  sotto config path"
)]
pub(crate) struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Print one setting, those of a section, or all
    #[command(after_help = "Examples:\n  sotto config get audio.input\n  sotto config get audio")]
    Get {
        /// Which setting or section
        key: Option<String>,
    },
    /// Change a setting
    #[command(
        after_help = "Examples:\n  sotto config set name 'Anna Berg'\n  sotto config set network.interfaces eth0 wlan0\n  sotto config set meeting.rejoin never"
    )]
    Set {
        /// Which setting
        key: String,
        /// Its new value; several for a list
        #[arg(required = true)]
        value: Vec<String>,
    },
    /// Return a setting to its default
    #[command(after_help = "Example:\n  sotto config unset audio.output")]
    Unset {
        /// Which setting
        key: String,
    },
    /// Print where config.toml is
    #[command(after_help = "Example:\n  $EDITOR \"$(sotto config path)\"")]
    Path,
}

impl Config {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let path = Places::find()?.config;
        let wrong = |error| Failure::edit(path.clone(), error);
        match self.action {
            Action::Get { key: Some(key) } if !config::is_section(&key) => {
                let value = config::get(&read(&path)?, &key).map_err(wrong)?;
                let reply = json!({ "key": key, "value": for_programs(&key, &value) });
                output.show(&reply, |_, _| value.clone())
            }
            Action::Get { key: section } => {
                let text = read(&path)?;
                let mut values = Vec::new();
                for key in config::keys(&text).map_err(wrong)? {
                    if section.as_deref().is_none_or(|it| is_within(it, &key)) {
                        let value = config::get(&text, &key).map_err(wrong)?;
                        values.push((key, value));
                    }
                }
                let reply: serde_json::Map<String, serde_json::Value> = values
                    .iter()
                    .map(|(key, value)| (key.clone(), for_programs(key, value)))
                    .collect();
                output.show(&reply, |_, style| format::settings(&values, style))
            }
            Action::Set { key, value } => {
                let value = single(&key, value)?;
                // What is wrong in itself is said in the same words with and without a daemon.
                let checked = config::set("", &key, &value).map_err(wrong)?;
                if key == "network.interfaces" {
                    name_missing_interfaces(output, &checked);
                }
                if let Some(reply) = told(&key, Some(value.clone())).await? {
                    return changed(output, &reply);
                }
                let text = config::set(&read(&path)?, &key, &value).map_err(wrong)?;
                write(&path, &text)?;
                let value = config::get(&text, &key).map_err(wrong)?;
                changed(output, &unheard(key, value))
            }
            Action::Unset { key } => {
                config::unset("", &key).map_err(wrong)?;
                if let Some(reply) = told(&key, None).await? {
                    return changed(output, &reply);
                }
                let text = config::unset(&read(&path)?, &key).map_err(wrong)?;
                write(&path, &text)?;
                let value = config::get(&text, &key).map_err(wrong)?;
                changed(output, &unheard(key, value))
            }
            Action::Path => {
                // JSON knows no other text than Unicode.
                let reply = json!({ "path": path.display().to_string() });
                output.show(&reply, |_, _| path.display().to_string())
            }
        }
    }
}

/// Tells of interfaces that this machine does not have: a mistyped name keeps the daemon off every network.
fn name_missing_interfaces(output: &Output, text: &str) {
    let wanted = config::Config::parse(text).map(|config| config.network.interfaces);
    let (Ok(wanted), Ok(here)) = (wanted, doctor::interface_names()) else {
        return;
    };
    for name in wanted.iter().filter(|name| !here.contains(name)) {
        let here = here.join(", ");
        output.remark(&format!(
            "No interface with an address is called {name} here now; there are: {here}."
        ));
    }
}

fn is_within(section: &str, key: &str) -> bool {
    key.split_once('.').is_some_and(|(of, _)| of == section)
}

/// The value as JSON: numbers and lists of texts are written alike in TOML.
fn for_programs(key: &str, value: &str) -> serde_json::Value {
    match key {
        _ if config::is_yes_or_no(key) => json!(value == "true"),
        "network.interfaces"
        | "network.static_peers"
        | "network.listen_port"
        | "network.media_port" => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
        _ if key.starts_with("groups.") => {
            serde_json::from_str(value).unwrap_or_else(|_| json!(value))
        }
        _ => json!(value),
    }
}

/// Lets a daemon that runs change the setting. `None` if it is to be written without one: none runs, it is of another
/// release, or it is no daemon's business.
async fn told(key: &str, value: Option<String>) -> Result<Option<SettingReply>, Failure> {
    // A daemon takes no file and no tone from a program.
    if matches!(key, "audio.input" | "audio.output") {
        return Ok(None);
    }
    let client = match connect().await {
        Err(Failure::Connect(error))
            if error.nobody_listens() || matches!(error, ConnectError::OtherVersion { .. }) =>
        {
            return Ok(None);
        }
        connected => connected?,
    };
    let key = key.to_owned();
    match client.call(SettingsSet { key, value }).await {
        Err(CallError::Refused(error)) if error.code == ErrorCode::UnknownMethod => Ok(None),
        Err(CallError::Refused(error)) if error.code == ErrorCode::Invalid => {
            Err(Failure::Usage(error.message))
        }
        reply => Ok(Some(reply?)),
    }
}

/// The reply for a setting that no daemon has heard of.
fn unheard(key: String, value: String) -> SettingReply {
    SettingReply {
        restart: !config::is_read_from_the_file(&key),
        key,
        value,
        not_saved: None,
    }
}

fn changed(output: &Output, reply: &SettingReply) -> Result<(), Failure> {
    let SettingReply {
        key,
        value,
        restart,
        not_saved,
    } = reply;
    let mut json = json!({ "key": key, "value": for_programs(key, value), "restart": restart });
    if let Some(problem) = not_saved {
        json["not_saved"] = json!(problem);
    }
    output.show(&json, |_, style| format::setting(reply, style))
}

fn read(path: &Path) -> Result<String, Failure> {
    config::read(path).map_err(|source| Failure::File {
        what: "read",
        path: path.to_owned(),
        source,
    })
}

/// Several values make a list, where the setting is one.
fn single(key: &str, values: Vec<String>) -> Result<String, Failure> {
    if values.len() > 1 && KEYS.contains(&key) && !config::takes_a_list(key) {
        return Err(Failure::Usage(format!(
            "{key} takes one value, and {} are given; put quotes around a value with spaces: sotto config set {key} '{}'",
            values.len(),
            values.join(" ")
        )));
    }
    Ok(values.join(","))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    config::replace(path, text).map_err(|source| Failure::File {
        what: "write",
        path: path.to_owned(),
        source,
    })
}
