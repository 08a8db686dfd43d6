//! What a name means.

use super::*;

fn choices(names: &[(u8, &str, &str)]) -> Vec<Choice<u8>> {
    names
        .iter()
        .map(|(it, name, label)| Choice {
            it: *it,
            exact: vec![label.to_lowercase()],
            beginnings: vec![name.to_lowercase(), label.to_lowercase()],
            label: (*label).to_owned(),
        })
        .collect()
}

#[test]
fn a_unique_beginning_is_enough() {
    let known = || {
        choices(&[
            (1, "Anna", "Anna"),
            (2, "Bao", "Bao"),
            (3, "Barbara", "Barbara"),
        ])
    };
    assert_eq!(resolve(What::Peer, &known(), None, "an"), Ok(1));
    assert_eq!(resolve(What::Peer, &known(), None, "BAR"), Ok(3));
    assert!(matches!(
        resolve(What::Peer, &known(), None, "c"),
        Err(ResolveError::Unknown { .. })
    ));
    assert!(matches!(
        resolve(What::Peer, &known(), None, " "),
        Err(ResolveError::Unknown { .. })
    ));
}

#[test]
fn an_ambiguous_beginning_lists_the_candidates() {
    let known = choices(&[(2, "Bao", "Bao"), (3, "Barbara", "Barbara")]);
    let error = resolve(What::Peer, &known, None, "ba").unwrap_err();
    assert_eq!(error.to_string(), "\"ba\" may be Bao or Barbara");
}

#[test]
fn a_name_in_full_goes_before_a_longer_one() {
    let known = choices(&[(1, "Ann", "Ann"), (2, "Anna", "Anna")]);
    assert_eq!(resolve(What::Peer, &known, None, "ann"), Ok(1));
}

#[test]
fn equal_names_are_told_apart_by_label_only() {
    let known = || {
        choices(&[
            (1, "Anna", "Anna (laptop)#aaaa"),
            (2, "Anna", "Anna (desk)#bbbb"),
        ])
    };
    assert!(matches!(
        resolve(What::Peer, &known(), None, "anna"),
        Err(ResolveError::Ambiguous { .. })
    ));
    assert_eq!(resolve(What::Peer, &known(), None, "anna (d"), Ok(2));
    assert_eq!(
        resolve(What::Peer, &known(), None, "Anna (laptop)#aaaa"),
        Ok(1)
    );
}

#[test]
fn a_key_in_full_means_its_owner_alone() {
    let key = "12D3KooW";
    let known = || choices(&[(1, "Anna", "Anna"), (2, key, "12D3KooW#bbbb")]);
    assert_eq!(resolve(What::Peer, &known(), Some(1), key), Ok(1));
    let unknown = ResolveError::Unknown {
        what: What::Peer,
        text: key.to_owned(),
    };
    assert_eq!(resolve(What::Peer, &known(), Some(3), key), Err(unknown));
}

#[test]
fn only_those_who_are_among_them_are_meant() {
    let one = |number, name| Candidate {
        peer: PeerId([number; 32]),
        name,
        device: "laptop",
        label: name,
    };
    let (emil, emilia) = (one(1, "Emil"), one(2, "Emilia"));
    assert_eq!(among([emilia], "em"), Ok(emilia.peer));
    assert!(matches!(
        among([emil, emilia], "em"),
        Err(ResolveError::Ambiguous { .. })
    ));
    assert!(among([emilia], &emil.peer.to_string()).is_err());
}

#[test]
fn it_does_not_matter_how_a_letter_with_a_mark_was_typed() {
    let known = || choices(&[(1, "Zo\u{eb}", "Zo\u{eb}"), (2, "Zoltan", "Zoltan")]);
    assert_eq!(resolve(What::Peer, &known(), None, "zoe\u{308}"), Ok(1));
}

#[test]
fn any_word_of_a_name_may_begin_so_if_no_name_does() {
    let known = choices(&[
        (1, "Minh Nguyễn", "Minh Nguyễn"),
        (2, "Anna-Maria Ng", "Anna-Maria Ng"),
        (3, "👩‍💻 Zoë", "👩‍💻 Zoë"),
        (4, "陈伟", "陈伟"),
    ]);
    for (typed, meant) in [
        ("nguyễn", 1),
        ("maria", 2),
        ("maria ng", 2),
        ("zoë", 3),
        ("陈", 4),
    ] {
        assert_eq!(
            resolve(What::Peer, &known, None, typed),
            Ok(meant),
            "{typed}"
        );
    }
    assert!(matches!(
        resolve(What::Peer, &known, None, "ng"),
        Err(ResolveError::Ambiguous { .. })
    ));
    // Not from the middle of a word.
    assert!(resolve(What::Peer, &known, None, "aria").is_err());
}
