//! PROTOCOL.md lists every method with its parameters, their bounds, its reply and its time, and no others.
#![allow(clippy::unwrap_used)] // a test may fail loudly, its fixtures too

use sotto_control::{MethodDoc, ParameterDoc, Request};
use std::path::PathBuf;

const BEGIN: &str =
    "<!-- methods: written by 'SOTTO_WRITE=1 cargo test -p sotto-control --test protocol' -->\n";
const END: &str = "<!-- end of the methods -->\n";

/// The table of methods as the types say it.
fn table() -> String {
    let mut table =
        "\n| method | what it does | parameters | reply | after |\n|---|---|---|---|---|\n"
            .to_owned();
    for method in Request::documentation() {
        let MethodDoc {
            name,
            effect,
            parameters,
            reply,
            answered,
        } = method;
        let parameters: Vec<String> = parameters.iter().map(parameter).collect();
        let effect = effect.trim_end_matches('.');
        table.push_str(&format!(
            "| `{name}` | {effect} | {} | {reply} | {answered} |\n",
            parameters.join("<br>")
        ));
    }
    table.push('\n');
    table
}

fn parameter(parameter: &ParameterDoc) -> String {
    let ParameterDoc {
        name,
        meaning,
        required,
        bound,
    } = parameter;
    let needed = if *required { ", required" } else { "" };
    let mut letters = meaning.trim_end_matches('.').chars();
    let meaning = letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect::<String>())
        .unwrap_or_default();
    format!("`{name}`{needed}: {meaning} ({bound})")
}

#[test]
fn the_protocol_lists_every_method_as_it_is() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/PROTOCOL.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (listed, after) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("SOTTO_WRITE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        listed, table,
        "PROTOCOL.md does not list the methods as they are"
    );
}
