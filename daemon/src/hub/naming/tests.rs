//! What names mean, and who is left out.

use std::time::Duration;

use sotto_control::config::Config;
use sotto_meeting::{Now, PeerView, RejoinPolicy, Setup, Utc};

use super::*;

const BAO: PeerId = PeerId([2; 32]);
const CHEN: PeerId = PeerId([3; 32]);
const DARA: PeerId = PeerId([4; 32]);

fn now() -> Now {
    Now {
        monotonic: Duration::from_secs(1),
        since_boot: Duration::from_secs(1),
        utc: Utc(1_800_000_000),
    }
}

fn mesh() -> Mesh {
    let setup = Setup {
        signing_seed: [1; 32],
        rng_seed: [1; 32],
        name: "Anna".to_owned(),
        device_name: "laptop".to_owned(),
        stored: None,
        rejoin: RejoinPolicy::Never,
        boot: None,
    };
    Mesh::new(setup, now()).unwrap()
}

/// Returns the view of Anna, who knows these.
fn view(known: &[(PeerId, &str)]) -> View {
    let mut view = mesh().view(now());
    view.peers = known
        .iter()
        .map(|(peer, name)| PeerView {
            peer: *peer,
            name: (*name).to_owned(),
            device: "laptop".to_owned(),
            label: (*name).to_owned(),
            running: true,
            connected: true,
            at: None,
            clock_off: None,
            addresses: Vec::new(),
        })
        .collect();
    view
}

fn groups(named: &[(&str, &[PeerId])]) -> Groups {
    let mut text = "[groups]\n".to_owned();
    for (name, members) in named {
        let members: Vec<String> = members.iter().map(|it| format!("'Old {it}'")).collect();
        text.push_str(&format!("{name} = [{}]\n", members.join(", ")));
    }
    Groups::new(Config::parse(&text).unwrap().groups).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.into()).collect()
}

fn refused<T: std::fmt::Debug>(result: Result<T, ControlError>) -> (ErrorCode, String) {
    let error = result.unwrap_err();
    (error.code, error.message)
}

#[test]
fn a_group_is_meant_by_its_name_in_full_and_goes_before_longer_names_of_people() {
    let view = view(&[(BAO, "Deskman"), (CHEN, "Chen")]);
    let groups = groups(&[("desk", &[CHEN])]);
    let meant = |text| meant(&view, &groups, Scope::Everyone, text);
    let desk = || Ok(Meant::Group(&groups.all()[0]));
    for text in ["desk", "DESK", " desk ", "@desk", "@Desk"] {
        assert_eq!(meant(text), desk(), "{text}");
    }
    assert_eq!(meant("deskm"), Ok(Meant::Person(BAO)));
    assert_eq!(meant("des"), Ok(Meant::Person(BAO)));
    assert_eq!(meant(&CHEN.to_string()), Ok(Meant::Person(CHEN)));
}

#[test]
fn a_name_that_a_group_and_somebody_have_is_nobodys_until_one_is_said() {
    let view = view(&[(BAO, "Desk"), (CHEN, "Chen")]);
    let groups = groups(&[("desk", &[CHEN])]);
    // Not on the roster of a whisper either: it was the person that was meant, perhaps.
    for scope in [Scope::Everyone, Scope::ActiveRoster] {
        let error = meant(&view, &groups, scope, "desk").unwrap_err();
        assert_eq!(error.code, ErrorCode::Ambiguous);
        let [group, somebody] = error.candidates.as_slice() else {
            panic!("two candidates, not {:?}", error.candidates);
        };
        assert_eq!(
            error.message,
            format!("\"desk\" may be @desk or {somebody}")
        );
        let meant = |text| meant(&view, &groups, Scope::Everyone, text);
        assert_eq!(meant(group), Ok(Meant::Group(&groups.all()[0])));
        assert_eq!(meant(somebody), Ok(Meant::Person(BAO)));
    }
}

#[test]
fn a_sign_means_a_group_and_never_somebody_who_is_called_so() {
    let view = view(&[(BAO, "@desk")]);
    let none = groups(&[]);
    let error = meant(&view, &none, Scope::Everyone, "@desk").unwrap_err();
    assert_eq!(error.message, "there is no group \"@desk\"");
    assert_eq!(
        error.hint.as_deref(),
        Some("make one with 'sotto group add NAME PERSON'")
    );
    let some = groups(&[("desk", &[BAO])]);
    let error = meant(&view, &some, Scope::Everyone, "@dsek").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean \"@desk\"?"));
    let error = meant(&view, &some, Scope::Everyone, "chen").unwrap_err();
    assert_eq!(error.message, "nobody is called \"chen\"");
    assert!(error.hint.unwrap().contains("'sotto group'"));
}

#[test]
fn where_one_person_is_meant_a_group_is_refused() {
    let view = view(&[(BAO, "Deskman"), (CHEN, "Chen")]);
    let groups = groups(&[("desk", &[CHEN]), ("team", &[BAO])]);
    let one = |text| one(&view, &groups, Scope::Everyone, text);
    assert_eq!(one("desk"), Ok(BAO));
    let expected = "@team is a group, and this is about one person";
    for text in ["team", "@team"] {
        assert_eq!(refused(one(text)), (ErrorCode::Invalid, expected.into()));
    }
    assert_eq!(refused(one("@dara")).0, ErrorCode::NotFound);
}

#[test]
fn members_who_do_not_fit_are_left_out_and_people_who_do_not_fit_are_not() {
    let mesh = mesh();
    let me = mesh.me();
    let view = view(&[(BAO, "Bao"), (CHEN, "Chen"), (DARA, "Dara")]);
    let groups = groups(&[
        ("desk", &[BAO, CHEN, me]),
        ("gone", &[CHEN, me]),
        ("me", &[me]),
        ("empty", &[]),
    ]);
    let choose = |named: &[&str]| {
        let called = everyone(&view, &groups, Scope::Everyone, &names(named))?;
        let misfit = |peer| (peer != BAO).then_some((LeftOutBecause::NotInMeeting, None));
        called.choose(&mesh, misfit, |group, left_out| {
            assert_eq!(left_out.len(), 1);
            ControlError::new(ErrorCode::Absent, group.signed())
        })
    };
    let chosen = choose(&["desk", "@desk", "dara"]).unwrap();
    assert_eq!(chosen.peers, [DARA, BAO]);
    let [left] = chosen.left_out.as_slice() else {
        panic!("Chen alone, not {:?}", chosen.left_out);
    };
    // Not known to this mesh, so by the label in the configuration.
    assert_eq!(left.to_string(), "Old (not in this meeting)");
    assert_eq!(
        (&*left.person.id, &*left.group),
        (&*CHEN.to_string(), "desk")
    );
    // Named as well: whether that is possible is not for the group to say.
    let chosen = choose(&["desk", "chen"]).unwrap();
    assert_eq!((chosen.peers, chosen.left_out), (vec![CHEN, BAO], vec![]));
    assert_eq!(refused(choose(&["bao", "gone"])).1, "@gone");
    assert_eq!(refused(choose(&["me"])).1, "nobody but you is in @me");
    assert_eq!(refused(choose(&["empty"])).1, "nobody is in @empty");
}

#[test]
fn outside_a_meeting_nobody_of_a_group_is_present() {
    let view = view(&[(BAO, "Bao")]);
    let groups = groups(&[("desk", &[BAO])]);
    let called = everyone(&view, &groups, Scope::ActiveRoster, &names(&["desk"])).unwrap();
    let expected = "nobody of @desk is on this meeting's roster";
    assert_eq!(
        refused(present_in(&view, &mesh(), called)),
        (ErrorCode::Absent, expected.into())
    );
}
