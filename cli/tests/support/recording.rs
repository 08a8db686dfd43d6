//! What real daemons have answered and told: the files in `daemon/tests/recordings`, made and kept true by a test of the
//! daemon.

use serde::Deserialize;
use serde_json::{Map, Value};
use sotto_control::model::Snapshot;
use sotto_control::{ControlError, Event, Request};
use std::path::PathBuf;

/// What a test on any machine cannot get from a real daemon, and why.
const UNRECORDED: &str = include_str!("unrecorded.json");

/// A scene, as it was recorded.
#[derive(Debug, Deserialize)]
pub struct Recording {
    /// The picture at the beginning.
    pub snapshot: Snapshot,
    pub steps: Vec<Step>,
}

/// A request with its answer, or something that happened by itself, and what the daemon told of it.
#[derive(Debug, Deserialize)]
pub struct Step {
    #[serde(flatten)]
    pub cause: Cause,
    #[serde(default)]
    pub events: Vec<Event>,
    /// Whether the daemon ended after it.
    #[serde(default)]
    pub ends: bool,
    /// Whether it has been replayed.
    #[serde(skip)]
    pub played: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Cause {
    Happened {
        happens: String,
    },
    Asked {
        method: String,
        params: Value,
        #[serde(flatten)]
        answer: Answer,
    },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Reply(Value),
    Error(ControlError),
}

/// What stands in for a recording.
#[derive(Debug, Deserialize)]
struct Unrecorded {
    values: Vec<Stated>,
    steps: Vec<Value>,
}

/// Members of every object that has the others, where null fits any value.
#[derive(Debug, Deserialize)]
struct Stated {
    #[serde(rename = "where")]
    others: Map<String, Value>,
    set: Map<String, Value>,
}

impl Recording {
    /// Reads the recording of a scene.
    pub fn of(scene: &str) -> Self {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../daemon/tests/recordings")
            .join(format!("{scene}.json"));
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let unrecorded: Unrecorded = serde_json::from_str(UNRECORDED).unwrap();
        let mut recording: Value = serde_json::from_str(&text).unwrap();
        for stated in &unrecorded.values {
            stated.set_in(&mut recording);
        }
        recording["steps"]
            .as_array_mut()
            .unwrap()
            .extend(unrecorded.steps);
        serde_json::from_value(recording).unwrap_or_else(|error| panic!("{scene}: {error}"))
    }

    /// Returns the answer to a request, and what came after it: of several equal requests the first that has not been
    /// replayed, or else the last.
    pub fn answer(&mut self, request: &Request) -> Option<(Answer, &Step)> {
        let equal = |step: &Step| match &step.cause {
            Cause::Asked { method, params, .. } => {
                Request::parse(method, Some(params.clone())).as_ref() == Ok(request)
            }
            Cause::Happened { .. } => false,
        };
        let fresh = |step: &Step| !step.played && equal(step);
        let place = self.steps.iter().position(fresh);
        let place = place.or_else(|| self.steps.iter().rposition(equal))?;
        let step = &mut self.steps[place];
        step.played = true;
        let Cause::Asked { answer, .. } = &step.cause else {
            unreachable!("it equals a request");
        };
        Some((answer.clone(), step))
    }

    /// Returns what the daemon told of something that happened.
    pub fn happening(&self, what: &str) -> Option<&[Event]> {
        let step = self.steps.iter().find(
            |step| matches!(&step.cause, Cause::Happened { happens } if happens.as_str() == what),
        )?;
        Some(&step.events)
    }
}

impl Stated {
    fn set_in(&self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                let has = |(name, wanted): (&String, &Value)| {
                    let value = members.get(name);
                    value.is_some_and(|value| wanted.is_null() || value == wanted)
                };
                if self.others.iter().all(has) {
                    members.extend(self.set.clone());
                    return;
                }
                members.values_mut().for_each(|value| self.set_in(value));
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.set_in(value)),
            _ => {}
        }
    }
}
