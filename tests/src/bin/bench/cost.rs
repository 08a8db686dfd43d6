//! What a daemon costs: memory, processor time and task switches.

use std::time::Duration;

use anyhow::{Context, Result};
use sotto_tests::programs::Running;
use sotto_tests::speech::SENTENCES;
use sotto_tests::{Clip, Colleague, Lab, Script, SoundServer};

use crate::figure::{Figure, Table};
use crate::moments::interruptions;
use crate::sound::{
    UNPROCESSED, has_pulseaudio, meeting_through_pulseaudio, two, two_through_pulseaudio,
};
use crate::spent::{Spending, resident, spending};
use crate::stopwatch::speak;

/// The threads that stand in for sound hardware belong to the apparatus: their names begin like this.
const APPARATUS: &str = "sotto-file";

/// A meeting has settled after this.
const SETTLING: Duration = Duration::from_secs(3);

/// Threads that are switched less often than this in a second are not listed.
const FEW_SWITCHES: f64 = 20.0;

fn own(thread: &str) -> bool {
    !thread.starts_with(APPARATUS)
}

/// A daemon that knows three colleagues and is in no meeting.
pub(crate) async fn idle(lab: &mut Lab, runs: usize, table: &mut Table) -> Result<()> {
    let mut people = Vec::new();
    for name in ["Anna", "Bao", "Chen", "Dara"] {
        people.push(lab.colleague(name)?.start().await?);
    }
    for name in ["Bao", "Chen", "Dara"] {
        people[0].finds(name).await?;
    }
    // Starting costs more than staying.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let process = people[0].pid()?;
    let [spent] = spending([process], runs).await?;
    table.extend([
        Figure::new(
            "idle daemon, three colleagues: memory (RSS)",
            "MiB",
            "≤ 25",
            vec![resident(process)?],
        ),
        Figure::new(
            "idle daemon, three colleagues: one core",
            "%",
            "≤ 0.1",
            spent.shares(own),
        ),
        Figure::new(
            "idle daemon, three colleagues: task switches",
            "1/s",
            "",
            spent.switches(own),
        ),
    ]);
    Ok(())
}

/// A talks without pause, B listens and is muted.
pub(crate) async fn call(lab: &mut Lab, runs: usize, table: &mut Table) -> Result<()> {
    let mut script = Script::new();
    for sentence in SENTENCES {
        script.say(&Clip::prompts(sentence)?);
    }
    let [anna, bao] = two(lab, |anna| anna.repeating(&script)).await?;
    bao.mutes().await?;
    tokio::time::sleep(SETTLING).await;
    let [talker, listener] = spending([anna.pid()?, bao.pid()?], runs).await?;
    let files = |spent: &Spending| spent.shares(|name| !own(name));
    let one_way = "one-way call, file devices";
    table.extend([
        share(one_way, "the talker", "", &talker),
        share(one_way, "the listener", "", &listener),
        Figure::new(
            "beside it: threads that stand in for devices, talker",
            "%",
            "",
            files(&talker),
        ),
        Figure::new(
            "beside it: threads that stand in for devices, listener",
            "%",
            "",
            files(&listener),
        ),
        Figure::new(
            "in a call: memory (RSS)",
            "MiB",
            "",
            vec![resident(anna.pid()?)?, resident(bao.pid()?)?],
        ),
    ]);
    Ok(())
}

/// Speech into a microphone without pause, until it is dropped.
struct Speech(#[expect(dead_code, reason = "held to be dropped")] Running);

impl Speech {
    /// Plays as many sentences as `length` takes; `first` says which comes first, so that no two say the same.
    fn begin(server: &SoundServer, mouth: &str, first: usize, length: Duration) -> Result<Self> {
        let mut script = Script::new();
        let mut sentences = SENTENCES.iter().cycle().skip(first);
        while script.sound().len() < (length.as_secs_f64() * 48_000.0) as usize {
            let sentence = sentences.next().context("there are no sentences")?;
            script.say(&Clip::prompts(sentence)?);
        }
        let path = server.directory().join(format!("{mouth}.wav"));
        script.write(&path)?;
        let mut player = server.client("paplay");
        player
            .arg(format!("--device={mouth}"))
            .arg("--latency-msec=20")
            .arg(&path);
        Running::start(&mut player).map(Self)
    }
}

/// Returns a bound on how long windows take, with what comes before them.
fn at_most(windows: usize) -> Duration {
    SETTLING + Duration::from_secs(11) * u32::try_from(windows).unwrap_or(u32::MAX)
}

/// A call of two through PulseAudio null sinks: both microphones open, of which one is spoken into; then the listener
/// muted; then how late speech comes, which is not measured at the same time because recorders make the server work.
pub(crate) async fn call_through_pulseaudio(
    lab: &mut Lab,
    runs: usize,
    table: &mut Table,
) -> Result<()> {
    if !has_pulseaudio("the cost of a call through PulseAudio") {
        return Ok(());
    }
    let (server, people) = two_through_pulseaudio(lab, UNPROCESSED).await?;
    let [anna, bao] = [&people[0], &people[1]];
    let processes = [anna.pid()?, bao.pid()?, server.pid()];
    let speech = Speech::begin(&server, "mouth", 0, 2 * at_most(runs))?;
    tokio::time::sleep(SETTLING).await;
    let spent = spending(processes, runs).await?;
    let [talker, listener, servers] = &spent;
    let both = "PulseAudio, both open";
    table.extend([
        share(both, "the talker", "≤ 3.0", talker),
        share(both, "the listener", "≤ 3.0", listener),
        share(both, "the server of both", "", servers),
    ]);
    add_switches(table, both, "the talker", talker);
    add_switches(table, both, "the listener", listener);
    add_switches(table, both, "server", servers);
    bao.mutes().await?;
    tokio::time::sleep(SETTLING).await;
    let [talker, listener, servers] = spending(processes, runs).await?;
    drop(speech);
    let muted = "PulseAudio, listener muted";
    table.extend([
        share(muted, "the talker", "", &talker),
        share(muted, "the listener", "≤ 1.7", &listener),
        share(muted, "the server of both", "", &servers),
    ]);
    add_switches(table, muted, "the listener", &listener);
    bao.unmutes().await?;
    let mut delays = Vec::new();
    for passed in speak(&server, "mouth", "ear", 2 * runs).await? {
        delays.extend(
            table
                .or_failed("mouth to ear", passed)
                .map(|it| it.delay * 1e3),
        );
    }
    table.add(Figure::new(
        format!("{both}: mouth to ear"),
        "ms",
        "≤ 30",
        delays,
    ));
    end(people, table, both).await
}

/// Four through PulseAudio null sinks, all of them talking.
pub(crate) async fn four_through_pulseaudio(
    lab: &mut Lab,
    runs: usize,
    table: &mut Table,
) -> Result<()> {
    if !has_pulseaudio("the cost of four talking") {
        return Ok(());
    }
    let places = [
        ("Anna", "mouth1", "ear1"),
        ("Bao", "mouth2", "ear2"),
        ("Chen", "mouth3", "ear3"),
        ("Dara", "mouth4", "ear4"),
    ];
    let (server, people) = meeting_through_pulseaudio(lab, UNPROCESSED, &places).await?;
    let mut speeches = Vec::new();
    for (number, (_, mouth, _)) in places.iter().enumerate() {
        speeches.push(Speech::begin(&server, mouth, 3 * number, at_most(runs))?);
    }
    tokio::time::sleep(SETTLING).await;
    let [anna, bao, chen, dara] = [&people[0], &people[1], &people[2], &people[3]];
    let processes = [
        anna.pid()?,
        bao.pid()?,
        chen.pid()?,
        dara.pid()?,
        server.pid(),
    ];
    let [first, others @ .., servers] = &spending(processes, runs).await?;
    let four = "PulseAudio, four talking";
    let mut shares = first.shares(own);
    shares.extend(others.iter().flat_map(|spent| spent.shares(own)));
    table.extend([
        Figure::new(format!("{four}, each: one core"), "%", "≤ 4.5", shares),
        share(four, "the server of all", "", servers),
    ]);
    add_switches(table, four, "one of them", first);
    end(people, table, four).await
}

fn share(call: &str, whose: &str, goal: &'static str, spent: &Spending) -> Figure {
    Figure::new(
        format!("{call}, {whose}: one core"),
        "%",
        goal,
        spent.shares(own),
    )
}

/// Lists how often the threads of a process are switched.
fn add_switches(table: &mut Table, call: &str, whose: &str, spent: &Spending) {
    table.add(Figure::new(
        format!("{call}, {whose}: task switches"),
        "1/s",
        "",
        spent.switches(own),
    ));
    for name in spent.names() {
        let switches = spent.switches(|thread| thread == name);
        let core = spent.shares(|thread| thread == name);
        if switches.iter().any(|it| *it >= FEW_SWITCHES) {
            table.extend([
                Figure::new(
                    format!("  {whose}, {name}: task switches"),
                    "1/s",
                    "",
                    switches,
                ),
                Figure::new(format!("  {whose}, {name}: one core"), "%", "", core),
            ]);
        }
    }
}

/// Ends a call; its devices then tell how often they ran dry or over.
async fn end(people: Vec<Colleague>, table: &mut Table, call: &str) -> Result<()> {
    let mut counts = Vec::new();
    for mut who in people {
        who.quits().await?;
        counts.push(interruptions(&who)?);
    }
    table.add(Figure::new(
        format!("{call}: interruptions of each one's devices"),
        "",
        "",
        counts,
    ));
    Ok(())
}
