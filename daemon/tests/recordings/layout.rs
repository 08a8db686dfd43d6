//! JSON for people: what fits on a line stands on one.

use serde_json::Value;

/// The longest line that holds a whole object or list.
const WIDTH: usize = 118;

/// What a reader looks for first.
const FIRST: [&str; 10] = [
    "scene", "happens", "method", "params", "error", "reply", "ends", "event", "id", "name",
];
/// Objects that have one of these may lack what is false, empty or zero: readers fill it in.
const BRIEF: [&str; 6] = [
    "volume_percent",
    "running",
    "microphone_open",
    "path",
    "state",
    "uptime_s",
];

/// Returns a recording's text.
pub(crate) fn text(mut value: Value) -> String {
    shorten(&mut value);
    let mut text = String::new();
    write(&value, 0, 0, &mut text);
    text.push('\n');
    text
}

/// Leaves out what readers fill in.
fn shorten(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(shorten);
            if BRIEF.iter().any(|name| members.contains_key(*name)) {
                members.retain(|_, value| !is_nothing(value));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(shorten),
        _ => {}
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.values().all(is_nothing),
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// Writes a value that begins `used` characters into a line of this depth.
fn write(value: &Value, depth: usize, used: usize, out: &mut String) {
    let line = value.to_string();
    if 2 * depth + used + line.len() <= WIDTH {
        out.push_str(&line);
        return;
    }
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| {
                let place = FIRST.iter().position(|first| first == name);
                place.unwrap_or(FIRST.len())
            });
            let members = members.into_iter().map(|(name, value)| {
                let name = format!("{}: ", Value::from(name.as_str()));
                (name, value)
            });
            lines('{', members, '}', depth, out);
        }
        Value::Array(values) => {
            let values = values.iter().map(|value| (String::new(), value));
            lines('[', values, ']', depth, out);
        }
        _ => out.push_str(&line),
    }
}

fn lines<'a>(
    open: char,
    values: impl Iterator<Item = (String, &'a Value)>,
    close: char,
    depth: usize,
    out: &mut String,
) {
    out.push(open);
    for (index, (name, value)) in values.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        out.push_str(&name);
        write(value, depth + 1, name.len(), out);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}
