//! `[groups]` of `config.toml`, as people write it and as it is changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

use sotto_control::config::{
    Config, EditError, Group, GroupMember, add_to_group, get, group_name, keys, remove_from_group,
    set, unset,
};
use sotto_control::{MAX_GROUP_MEMBERS, MAX_GROUP_NAME, MAX_GROUPS};

/// A key as they look.
fn key(letter: char) -> String {
    format!("12D3KooW{}", letter.to_string().repeat(44))
}

fn member(label: &str, letter: char) -> GroupMember {
    GroupMember {
        key: key(letter),
        label: label.into(),
    }
}

fn removed(text: &str, letters: &[char]) -> String {
    let keys: Vec<String> = letters.iter().map(|letter| key(*letter)).collect();
    remove_from_group(text, "desk", Some(&keys)).unwrap()
}

#[test]
fn a_member_is_a_key_with_or_without_a_label() {
    let (bao, chen) = (key('B'), key('C'));
    let text =
        format!("[groups]\ndesk = ['Bao (laptop)#k3fq {bao}', '{chen}']\n'B\u{fc}ro' = []\n");
    let groups = Config::parse(&text).unwrap().groups;
    let expected = Group {
        name: "desk".into(),
        members: vec![member("Bao (laptop)#k3fq", 'B'), member("", 'C')],
    };
    assert_eq!(groups[0], expected);
    assert_eq!(
        (&*groups[1].name, groups[1].members.len()),
        ("B\u{fc}ro", 0)
    );
}

#[test]
fn what_is_no_group_is_named_with_its_line() {
    let many = |count: usize| format!("'{}', ", key('B')).repeat(count);
    let groups: String = (0..=MAX_GROUPS).map(|n| format!("g{n} = []\n")).collect();
    for (text, message) in [
        (
            "desk = 'Bao'".to_owned(),
            "line 2: \"groups.desk\" must be a list of members, as 'sotto group add' writes it".to_owned(),
        ),
        (
            "desk = ['Bao']".to_owned(),
            "line 2: \"groups.desk\" must list members by key, as 'sotto group add' writes them, and \"Bao\" has none".to_owned(),
        ),
        (
            "desk = []\nDesk = []".to_owned(),
            "line 3: \"groups.Desk\" is the name of the group \"desk\", too".to_owned(),
        ),
        (
            "'the desk' = []".to_owned(),
            "line 2: \"groups.the desk\" contains \" \", which no name of a group may".to_owned(),
        ),
        (
            "'@desk' = []".to_owned(),
            "line 2: \"groups.@desk\" contains \"@\", which no name of a group may".to_owned(),
        ),
        (
            format!("{} = []", key('B')),
            format!("line 2: \"groups.{}\" is a key", key('B')),
        ),
        (
            format!("{} = []", "x".repeat(MAX_GROUP_NAME + 1)),
            format!("line 2: \"groups.{}\" is longer than 64 bytes", "x".repeat(65)),
        ),
        (
            format!("desk = [{}]", many(MAX_GROUP_MEMBERS + 1)),
            "line 2: \"groups.desk\" has more than 64 members".to_owned(),
        ),
        (
            groups,
            "line 66: \"groups.g64\" is one group more than 64".to_owned(),
        ),
    ] {
        let error = Config::parse(&format!("[groups]\n{text}")).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    assert!(Config::parse(&format!("groups.desk = [{}]", many(MAX_GROUP_MEMBERS))).is_ok());
}

#[test]
fn the_sign_before_a_name_does_not_belong_to_it() {
    assert_eq!(group_name(" @desk "), "desk");
    assert_eq!(group_name("desk"), "desk");
}

#[test]
fn members_are_added_once_and_removed_with_comments_and_order_kept() {
    let (bao, chen, dara) = (key('B'), key('C'), key('D'));
    let text = "# mine\nname = 'Anna' # me\n\n[audio]\ninput = 'default'\n# end\n";
    let text = add_to_group(text, "desk", &[member("Bao", 'B'), member("Chen", 'C')]).unwrap();
    let text = add_to_group(&text, "Desk", &[member("Baobab", 'B')]).unwrap();
    assert_eq!(
        text,
        format!(
            "# mine\nname = 'Anna' # me\n\n[audio]\ninput = 'default'\n\n[groups]\ndesk = [\"Bao {bao}\", \"Chen {chen}\"]\n# end\n"
        )
    );
    let text = add_to_group(&text, "desk", &[member("", 'D')]).unwrap();
    assert!(
        text.contains(&format!("\"Chen {chen}\", \"{dara}\"]")),
        "{text}"
    );
    let text = removed(&text, &['C', 'E']);
    assert!(
        text.contains(&format!("[\"Bao {bao}\", \"{dara}\"]")),
        "{text}"
    );
    let text = removed(&text, &['B']);
    assert!(text.contains(&format!("desk = [\"{dara}\"]\n")), "{text}");
    let text = removed(&text, &['D']);
    assert!(!text.contains("desk"), "nobody is left: {text}");
    let text = add_to_group(&text, "desk", &[member("", 'D')]).unwrap();
    let text = remove_from_group(&text, "DESK", None).unwrap();
    assert!(!text.contains("desk"), "{text}");
    assert_eq!(remove_from_group(&text, "desk", None).unwrap(), text);
}

#[test]
fn lines_and_comments_of_a_list_stay_with_their_members() {
    let (bao, chen, dara) = (key('B'), key('C'), key('D'));
    let text = format!(
        "[groups]\n# near the window\ndesk = [\n    \"Bao {bao}\", # boss\n    # from May on\n    \"Chen {chen}\", # new\n] # mine\n"
    );
    let added = add_to_group(&text, "desk", &[member("Dara", 'D')]).unwrap();
    assert_eq!(
        added,
        format!(
            "[groups]\n# near the window\ndesk = [\n    \"Bao {bao}\", # boss\n    # from May on\n    \"Chen {chen}\", # new\n    \"Dara {dara}\",\n] # mine\n"
        )
    );
    assert_eq!(removed(&added, &['D']), text);
    assert_eq!(
        removed(&added, &['C']),
        format!(
            "[groups]\n# near the window\ndesk = [\n    \"Bao {bao}\", # boss\n    # from May on\n    \"Dara {dara}\",\n] # mine\n"
        )
    );
    assert_eq!(
        removed(&added, &['B', 'C']),
        format!(
            "[groups]\n# near the window\ndesk = [\n    # from May on\n    \"Dara {dara}\",\n] # mine\n"
        )
    );
    // Without a comma at the end, and with nobody in it.
    let text = format!("[groups]\ndesk = [\n  \"{bao}\" # boss\n]\n");
    let text = add_to_group(&text, "desk", &[member("", 'C')]).unwrap();
    assert_eq!(
        text,
        format!("[groups]\ndesk = [\n  \"{bao}\", # boss\n  \"{chen}\"\n]\n")
    );
    let text = add_to_group("groups.desk = [\n]\n", "desk", &[member("", 'C')]).unwrap();
    assert_eq!(text, format!("groups.desk = [\n  \"{chen}\"\n]\n"));
}

#[test]
fn a_file_that_is_wrong_or_would_be_is_not_changed() {
    let error = add_to_group("nmae = 1", "desk", &[member("", 'B')]).unwrap_err();
    assert!(matches!(error, EditError::File(_)), "{error}");
    assert!(remove_from_group("nmae = 1", "desk", None).is_err());
    let error = add_to_group("", "the desk", &[member("", 'B')]).unwrap_err();
    assert!(matches!(error, EditError::Setting(_)), "{error}");
}

#[test]
fn groups_are_shown_as_settings_and_changed_by_their_own_commands() {
    let text = format!("[groups]\ndesk = ['Bao {}']\n", key('B'));
    assert_eq!(keys(&text).unwrap().last().unwrap(), "groups.desk");
    let shown = format!("[\"Bao {}\"]", key('B'));
    assert_eq!(get(&text, "groups.desk").unwrap(), shown);
    assert_eq!(
        get(&text, "groups.team").unwrap_err().to_string(),
        "\"groups.team\" is no group; see yours with 'sotto group'"
    );
    let instead = "\"groups.desk\" is changed with 'sotto group add' and 'sotto group remove'";
    for error in [
        set(&text, "groups.desk", "bao").unwrap_err(),
        unset(&text, "groups.desk").unwrap_err(),
    ] {
        assert_eq!(error.to_string(), instead);
    }
}
