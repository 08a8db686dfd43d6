//! What differs from run to run, replaced by what is always the same.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// A moment in seconds since 1970.
const MOMENT: u64 = 1_800_000_000;
/// A day in seconds.
const DAY: u64 = 86_400;
/// The people in the order of their addresses.
const PEOPLE: [&str; 6] = ["Anna", "Bao", "Chen", "Dara", "Emil", "Emilia"];
/// The one whose microphone is a tone.
const NEVER_SILENT: &str = "Bao";
/// The meetings in the order of their ids.
const MEETINGS: [&str; 6] = [
    "Planning",
    "Retro",
    "Design review",
    "Standup",
    "Stand up",
    "Again",
];

/// Replaces identities, addresses, times, measurements and paths.
#[derive(Debug, Default)]
pub(crate) struct Normal {
    /// Texts, and what stands for them.
    texts: Vec<(String, String)>,
}

impl Normal {
    /// Replaces `text` wherever it stands.
    pub(crate) fn replace(&mut self, text: &str, with: impl Into<String>) {
        if self.texts.iter().all(|(known, _)| known != text) {
            self.texts.push((text.to_owned(), with.into()));
            // A text may contain a shorter one.
            self.texts.sort_by_key(|(text, _)| usize::MAX - text.len());
        }
    }

    /// Replaces the identity of somebody.
    pub(crate) fn person(&mut self, id: &str, name: &str) {
        self.replace(id, format!("12D3KooW{name}"));
    }

    /// Returns `value` as it is in every run.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Value {
        let mut value = serde_json::to_value(value).unwrap();
        self.learn(&value);
        self.replace_in(&mut value);
        value
    }

    /// Notes the ids of meetings.
    fn learn(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                if let (Some(Value::String(id)), Some(Value::String(title))) =
                    (members.get("id"), members.get("title"))
                {
                    let place = MEETINGS.iter().position(|it| it == title);
                    let place = place.unwrap_or_else(|| panic!("a meeting of no scene: {title}"));
                    self.replace(id, "abcdef"[place..=place].repeat(32));
                }
                members.values().for_each(|value| self.learn(value));
            }
            Value::Array(values) => values.iter().for_each(|value| self.learn(value)),
            _ => {}
        }
    }

    fn replace_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for (real, shown) in &self.texts {
                    if text.contains(real.as_str()) {
                        *text = text.replace(real.as_str(), shown);
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.replace_in(value)),
            Value::Object(members) => {
                let told = members.clone();
                for (name, value) in members.iter_mut() {
                    match always(name, value, &told) {
                        Some(same) => *value = same,
                        None => self.replace_in(value),
                    }
                }
                if told.contains_key("speaking") {
                    voice(members);
                }
            }
            _ => {}
        }
    }
}

/// Returns what the member of an object always is in a recording, if it differs from run to run.
fn always(name: &str, value: &Value, told: &Map<String, Value>) -> Option<Value> {
    let number = value.as_u64();
    Some(match name {
        "uptime_s" => json!(7500),
        "pid" => json!(4711),
        "config" => json!("/home/anna/.config/sotto/config.toml"),
        "created" | "received" | "time" => json!(MOMENT),
        "expires" => json!(MOMENT + DAY),
        "until" if number.is_some() => json!(MOMENT + 600),
        "last_heard_s" => match told["running"].as_bool() {
            Some(true) => json!(0),
            _ => json!(7200),
        },
        "addresses" => {
            let place = PEOPLE.iter().position(|it| told["name"] == *it)?;
            json!([format!("192.0.2.{}", 9 + place)])
        }
        "listening" => json!(["192.0.2.7:42113"]),
        "media_port" => json!(42114),
        // The daemons are kept to loopback.
        "interfaces" => json!([]),
        // How a voice travels is the same in every run, how it fares is not.
        "stats" => json!({"path": value["path"]}),
        // The devices are none.
        "sound" => json!({"state": value["state"]}),
        // Of a whisper that has just begun.
        "remaining_ms" => json!(number?.next_multiple_of(500)),
        _ => return None,
    })
}

/// Lets somebody speak whose voice never pauses, as soon as it can be heard; and nobody else.
fn voice(members: &mut Map<String, Value>) {
    let speaks = members["name"] == NEVER_SILENT && members.contains_key("stats");
    members.insert("speaking".into(), json!(speaks));
    match speaks {
        true => members.insert("level_dbfs".into(), json!(-18.0)),
        false => members.remove("level_dbfs"),
    };
}
