//! The menu, group by group. Everything can be done from here, for some panels show nothing else.

use sotto_control::model::{
    Invitation, Meeting, Participant, Snapshot, Sound, SoundState, TalkTo, WhisperMode,
};

use super::{Entry, MOST_PEOPLE, is_away, is_on_the_phone, roster_line, status_line};
use crate::click::{Click, Show};
use crate::quiet::Quiet;
use crate::state::Here;
use crate::wish::Wish;
use crate::words::{LONGEST, LONGEST_MESSAGE, asks, names, quoted, shorten};

/// Invitations that the menu lists; the window has all.
pub(super) const MOST_INVITATIONS: usize = 8;
/// Other meetings that the menu lists.
const MOST_MEETINGS: usize = 8;
/// Groups that can be whispered to from the menu.
const MOST_GROUPS: usize = 10;

/// Returns the menu without a daemon.
pub(super) fn disconnected(why: &str, startable: bool, here: &Here) -> Vec<Entry> {
    let mut menu = vec![
        open(),
        Entry::Separator,
        Entry::Text("Not connected".into()),
    ];
    if here.starting {
        menu.push(Entry::Text("Starting Sotto…".into()));
    } else {
        menu.push(Entry::Text(why.to_owned()));
        menu.extend(here.trouble.as_deref().map(warning));
        if startable {
            menu.push(action("Start Sotto", Click::Start));
        }
    }
    menu.push(Entry::Separator);
    menu.push(ask("Quit", Wish::Quit));
    menu
}

/// Returns the menu with one.
pub(super) fn connected(snapshot: &Snapshot, refusal: Option<&str>, here: &Here) -> Vec<Entry> {
    let active = snapshot.active();
    let mut menu = vec![open()];
    let mut meeting = vec![Entry::Text(status_line(snapshot))];
    meeting.extend(active.map(roster));
    meeting.extend(whispers(snapshot));
    meeting.extend(troubles(snapshot, refusal, here));
    meeting.extend(update(snapshot));
    let own = [
        quiet(snapshot),
        action("Settings…", Click::Show(Show::Settings)),
        ask("Quit Sotto", Wish::Quit),
    ];
    for group in [
        meeting,
        voice(snapshot),
        presence(snapshot),
        invitations(&snapshot.invitations),
        meetings(snapshot),
        own.into(),
    ] {
        push_group(&mut menu, group);
    }
    menu
}

/// Returns the first line: panels that open the menu with every click lead to the window this way.
fn open() -> Entry {
    action("Open Sotto", Click::Show(Show::Window))
}

fn action(label: &str, click: Click) -> Entry {
    Entry::Action {
        label: label.into(),
        click,
    }
}

fn ask(label: &str, wish: Wish) -> Entry {
    action(label, Click::Ask(wish))
}

fn warning(trouble: &str) -> Entry {
    Entry::Text(format!("⚠ {}", shorten(trouble, LONGEST_MESSAGE)))
}

fn push_group(menu: &mut Vec<Entry>, group: Vec<Entry>) {
    if !group.is_empty() {
        menu.push(Entry::Separator);
        menu.extend(group);
    }
}

/// The active meeting's roster behind one line.
fn roster(meeting: &Meeting) -> Entry {
    let inside = meeting.present();
    let label = match inside {
        0 => "Nobody inside".into(),
        1 => "1 inside".into(),
        _ => format!("{inside} inside"),
    };
    // Those inside first, otherwise in the daemon's order.
    let (mut lines, absent): (Vec<_>, Vec<_>) = meeting
        .participants
        .iter()
        .partition(|participant| participant.presence.is_present());
    lines.extend(absent);
    let rest = lines.len().saturating_sub(MOST_PEOPLE);
    let mut lines: Vec<_> = lines
        .into_iter()
        .take(MOST_PEOPLE)
        .map(|participant| Entry::Text(roster_line(participant)))
        .collect();
    if rest > 0 {
        lines.push(Entry::Text(format!("and {rest} more")));
    }
    Entry::List { label, lines }
}

/// Returns who whispers to the user.
fn whispers(snapshot: &Snapshot) -> Vec<Entry> {
    let told = snapshot.talk.incoming.iter().take(MOST_PEOPLE);
    told.map(|whisper| {
        let from = shorten(&whisper.from.label, LONGEST);
        let unheard = if whisper.heard {
            ""
        } else {
            ", and you are deafened"
        };
        Entry::Text(format!("{from} whispers to you{unheard}"))
    })
    .collect()
}

/// Returns what does not work.
fn troubles(snapshot: &Snapshot, refusal: Option<&str>, here: &Here) -> Vec<Entry> {
    let sound = sound_trouble(&snapshot.status.sound);
    [refusal, here.trouble.as_deref(), sound.as_deref()]
        .into_iter()
        .flatten()
        .chain(snapshot.status.network.problem.as_deref())
        .map(warning)
        .collect()
}

/// Returns the line that restarts an updated daemon. It is never restarted by itself: that would interrupt a meeting.
fn update(snapshot: &Snapshot) -> Option<Entry> {
    let label = match snapshot.active() {
        Some(_) => "Restart to update (interrupts the meeting)",
        None => "Restart to update",
    };
    let waits = snapshot.status.restart_to_update;
    waits.then(|| action(label, Click::Restart))
}

fn sound_trouble(sound: &Sound) -> Option<String> {
    let trouble = match sound.state {
        SoundState::Unavailable => sound
            .problem
            .clone()
            .or_else(|| Some("no sound system on this machine".into())),
        SoundState::Failed => sound
            .problem
            .clone()
            .or_else(|| Some("a sound device failed".into())),
        SoundState::Closed | SoundState::Open | SoundState::Unknown => None,
    };
    trouble.map(|trouble| match &sound.hint {
        Some(hint) => format!("{trouble}: {hint}"),
        None => trouble,
    })
}

/// Returns what the user can do about who hears them.
fn voice(snapshot: &Snapshot) -> Vec<Entry> {
    let Some(meeting) = snapshot.active() else {
        return Vec::new();
    };
    let mut group = Vec::new();
    if snapshot.status.deafened {
        group.push(ask("Hear and speak again", Wish::Undeafen));
    } else if snapshot.status.muted {
        group.push(ask("Unmute", Wish::Unmute));
        group.push(ask("Deafen", Wish::Deafen));
    } else {
        group.push(ask("Mute", Wish::Mute));
        group.push(ask("Deafen", Wish::Deafen));
    }
    if snapshot.talk.to != TalkTo::Everyone {
        group.push(ask("Speak to everyone", Wish::SpeakToEveryone));
    }
    if !snapshot.talk.reply_to.is_empty() {
        let to = &snapshot.talk.reply_to;
        let label = format!("Whisper back to {}", names(to));
        let to = to.iter().map(|person| person.id.clone()).collect();
        let mode = WhisperMode::Latch;
        group.push(ask(&label, Wish::Reply { to, mode }));
    }
    group.extend(whisper_to(snapshot, meeting));
    group
}

/// Returns those whom the user can whisper to: groups first, then everybody else inside.
fn whisper_to(snapshot: &Snapshot, meeting: &Meeting) -> Option<Entry> {
    let whisper = |label: &str, to: String| {
        let (to, mode) = (vec![to], WhisperMode::Latch);
        ask(&shorten(label, LONGEST), Wish::Whisper { to, mode })
    };
    let others: Vec<&Participant> = meeting
        .participants
        .iter()
        .filter(|one| !one.you && one.presence.is_present())
        .collect();
    let inside = |id: &str| others.iter().any(|one| one.person.id == id);
    let groups = snapshot
        .groups
        .iter()
        .filter(|group| group.members.iter().any(|one| inside(&one.person.id)))
        .take(MOST_GROUPS)
        .map(|group| {
            let name = format!("@{}", group.name);
            whisper(&name, name.clone())
        });
    let people = others
        .iter()
        .take(MOST_PEOPLE)
        .map(|one| whisper(&one.person.label, one.person.id.clone()));
    let mut lines: Vec<_> = groups.chain(people).collect();
    let rest = others.len().saturating_sub(MOST_PEOPLE);
    if rest > 0 {
        let more = format!("{rest} more in the window…");
        lines.push(action(&more, Click::Show(Show::Window)));
    }
    (!lines.is_empty()).then(|| Entry::List {
        label: "Whisper to".into(),
        lines,
    })
}

/// Returns what the user can say about where they are.
fn presence(snapshot: &Snapshot) -> Vec<Entry> {
    let mut group = Vec::new();
    let (away, phone) = (is_away(snapshot), is_on_the_phone(snapshot));
    if away || phone {
        group.push(ask("I am back", Wish::Back));
    }
    let Some(meeting) = snapshot.active() else {
        return group;
    };
    if !away && !phone {
        group.push(ask("I am away", Wish::Away));
    }
    if !phone {
        group.push(ask("I am on the phone", Wish::Phone));
    }
    let leave = format!("Leave {}", quoted(&meeting.title));
    group.push(ask(&leave, Wish::Leave(meeting.id.clone())));
    group
}

/// Returns what the user can say about being disturbed.
fn quiet(snapshot: &Snapshot) -> Entry {
    if snapshot.status.dnd.on {
        return ask("Let notifications through again", Wish::Quiet(Quiet::Off));
    }
    let ways = Quiet::WAYS.iter();
    Entry::List {
        label: "Do not disturb".into(),
        lines: ways
            .map(|(quiet, name)| ask(name, Wish::Quiet(*quiet)))
            .collect(),
    }
}

fn invitations(invitations: &[Invitation]) -> Vec<Entry> {
    let mut group = Vec::new();
    for invitation in invitations.iter().take(MOST_INVITATIONS) {
        let title = quoted(&invitation.meeting.title);
        let id = &invitation.meeting.id;
        let inside = inside(invitation.inside.len());
        group.push(Entry::Text(format!("{}{inside}", asks(invitation))));
        group.push(ask(&format!("Join {title}"), Wish::Join(id.clone())));
        group.push(ask(&format!("Decline {title}"), Wish::Decline(id.clone())));
    }
    let rest = invitations.len().saturating_sub(MOST_INVITATIONS);
    if rest > 0 {
        let more = format!("{rest} more invitations in the window…");
        group.push(action(&more, Click::Show(Show::Window)));
    }
    group
}

/// Returns the meetings that the user can go to, and the way to another.
fn meetings(snapshot: &Snapshot) -> Vec<Entry> {
    let invited = |meeting: &Meeting| {
        let waiting = &snapshot.invitations;
        waiting.iter().any(|one| one.meeting.id == meeting.id)
    };
    let others: Vec<&Meeting> = snapshot
        .meetings
        .iter()
        .filter(|meeting| !meeting.active && !invited(meeting))
        .collect();
    let inside_one = snapshot.active().is_some();
    let mut group: Vec<_> = others
        .iter()
        .take(MOST_MEETINGS)
        .map(|meeting| {
            let title = quoted(&meeting.title);
            let inside = inside(meeting.present());
            if inside_one {
                let label = format!("Switch to {title}{inside}");
                ask(&label, Wish::Switch(meeting.id.clone()))
            } else {
                let label = format!("Join {title}{inside}");
                ask(&label, Wish::Join(meeting.id.clone()))
            }
        })
        .collect();
    let rest = others.len().saturating_sub(MOST_MEETINGS);
    if rest > 0 {
        let more = format!("{rest} more meetings in the window…");
        group.push(action(&more, Click::Show(Show::Window)));
    }
    group.push(action("Start a meeting…", Click::Show(Show::NewMeeting)));
    group
}

/// Returns how many are inside, as it stands behind a title.
fn inside(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(" ({count} inside)"),
    }
}
