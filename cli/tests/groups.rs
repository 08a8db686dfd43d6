//! 'sotto group', and groups where people can be named.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use support::home::Home;

#[tokio::test]
async fn a_group_is_made_listed_and_removed() {
    let home = Home::in_scene("groups");
    let none = home.text(&["group"]).await;
    assert_eq!(
        none,
        "You have no groups. Make one: sotto group add NAME PERSON…\n"
    );
    let text = home
        .text(&["group", "add", "desk", "bao", "dara", "emilia"])
        .await;
    assert_eq!(
        text,
        "Added Bao, Dara and Emilia. In @desk: Bao, Dara, Emilia.\n"
    );
    let text = home.text(&["group", "add", "@desk", "bao"]).await;
    assert_eq!(
        text,
        "They were in it already. In @desk: Bao, Dara, Emilia.\n"
    );
    let list = home.text(&["group", "list"]).await;
    assert_eq!(
        list,
        "GROUP  MEMBERS\n@desk  Bao, Dara, Emilia\n@out   Dara\n"
    );
    let json = home.json(&["group"]).await;
    assert_eq!(json["groups"][0]["name"], "desk");
    assert_eq!(json["groups"][0]["members"][0]["label"], "Bao");

    let text = home.text(&["group", "remove", "desk", "emilia"]).await;
    assert_eq!(text, "Removed Emilia. In @desk: Bao, Dara.\n");
    let text = home.text(&["group", "remove", "desk"]).await;
    assert_eq!(text, "@desk is gone.\n");
    let json = home.json(&["group", "remove", "out", "dara"]).await;
    assert_eq!(json["gone"], true);
    assert_eq!(home.run(&["group", "add", "desk"]).await.code, 2);
}

#[tokio::test]
async fn whoever_is_left_out_of_a_group_is_named_with_the_reason() {
    let home = Home::in_scene("groups");
    assert_eq!(
        home.text(&["whisper", "desk"]).await,
        "Whispering to Bao, until 'sotto talk'.\nLeft out of @desk: Dara (offline, on the phone), Emilia (not in this meeting).\n"
    );
    let json = home.json(&["whisper", "desk"]).await;
    assert_eq!(json["left_out"][0]["because"], "absent");
    assert_eq!(json["left_out"][1]["because"], "not_in_meeting");
    let text = home.text(&["invite", "desk"]).await;
    assert!(text.starts_with("Invited Emilia.\nPlanning, "), "{text}");
    assert_eq!(
        home.text(&["withdraw", "desk"]).await,
        "Emilia is no longer invited to Planning.\nLeft out of @desk: Bao (not invited by you), Dara (not invited by you).\n"
    );
}

#[tokio::test]
async fn a_group_that_cannot_be_meant_is_refused_with_what_helps() {
    let home = Home::in_scene("groups");
    let ran = home.run(&["whisper", "@out"]).await;
    assert_eq!(ran.code, 7);
    assert_eq!(
        ran.err,
        "sotto: nobody of @out is present in this meeting\n  Dara: offline, on the phone\n  help: see who is there with 'sotto roster'\n"
    );
    let ran = home.run(&["whisper", "@dsek"]).await;
    assert_eq!(ran.code, 6);
    assert_eq!(
        ran.err,
        "sotto: there is no group \"@dsek\"\n  help: did you mean \"@desk\"?\n"
    );
    let ran = home.run(&["volume", "desk", "50"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("@desk is a group"), "{}", ran.err);
    let ran = home.run(&["group", "add", "bao", "chen"]).await;
    assert_eq!(ran.code, 7);
    assert!(
        ran.err.contains("is the name of a colleague, Bao"),
        "{}",
        ran.err
    );
    let ran = home.run(&["group", "remove", "desk", "chen"]).await;
    assert_eq!(ran.code, 6);
    assert_eq!(
        ran.err,
        "sotto: nobody in @desk is called \"chen\"\n  help: see who is in it with 'sotto group'\n"
    );
}

#[tokio::test]
async fn groups_are_among_the_settings() {
    let home = Home::without_daemon();
    let path = home.text(&["config", "path"]).await;
    let key = format!("12D3KooW{}", "B".repeat(44));
    let text = format!("[groups]\ndesk = ['Bao {key}'] # mine\n");
    std::fs::write(path.trim_end(), text).unwrap();
    let shown = format!("groups.desk  [\"Bao {key}\"]\n");
    assert_eq!(home.text(&["config", "get", "groups"]).await, shown);
    let json = home.json(&["config", "get"]).await;
    assert_eq!(json["groups.desk"][0], format!("Bao {key}"));
    let ran = home.run(&["config", "set", "groups.desk", "bao"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("'sotto group add'"), "{}", ran.err);
}
