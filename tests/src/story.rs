//! The main job, told from beginning to end: four colleagues find each other, meet, speak to all, whisper, switch,
//! take a phone call, crash. The demonstration shows it; a scenario proves it.

mod judging;
mod table;

use std::time::Instant;

use anyhow::{Context, Result};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use sotto_control::MeetingCreate;
use sotto_control::model::{OfflineReason, PresenceState};

use crate::colleague::Colleague;
use crate::colleague_views::{all_see, all_see_since, offline, participant};
use crate::lab::Lab;
use crate::speech::{Clip, Line, Script, Voice};

use judging::Recorded;
pub use table::{Cell, Expected, Outcome, Row, WELL};

/// Everybody in the story.
const NAMES: [&str; 4] = ["Anna", "Bao", "Chen", "Dara"];

/// What a story tells as it happens.
pub type Teller<'a> = &'a mut dyn FnMut(&str);

/// The four, while the story goes on.
struct Cast {
    anna: Colleague,
    bao: Colleague,
    chen: Colleague,
    dara: Colleague,
}

/// Tells the whole story in a lab and returns the table.
///
/// # Errors
///
/// When something does not happen that should. What was heard is in the table, right or wrong.
pub async fn tell(lab: &mut Lab, say: Teller<'_>) -> Result<Vec<Row>> {
    let lines = Lines::write()?;
    let mut cast = introduce(lab, &lines, say).await?;
    gather(&cast, say).await?;

    let mut told = Vec::new();
    say("Anna speaks to everyone");
    told.push(
        cast.everyone_hears(&lines.good_morning, "Anna to everyone", &[])
            .await?,
    );

    cast.anna.is_about_to_say(&lines.to_chen).await?;
    cast.anna.whispers_to(&["Chen"]).await?;
    say("Anna whispers to Chen; the others get no packet");
    let whispered = "whispered to Chen";
    let but = [
        ("Bao", Expected::Nothing(whispered)),
        ("Dara", Expected::Nothing(whispered)),
    ];
    told.push(
        cast.everyone_hears(&lines.to_chen, "Anna to Chen alone", &but)
            .await?,
    );
    cast.anna.speaks_to_everyone().await?;

    cast.chen.is_about_to_say(&lines.chen_replies).await?;
    cast.chen.replies().await?;
    say("Chen replies in a whisper");
    told.push(cast.only_anna_hears(&lines.chen_replies).await?);
    cast.chen.speaks_to_everyone().await?;

    told.push(bao_goes_elsewhere(&cast, &lines, say).await?);
    told.push(dara_takes_a_call(&cast, &lines, say).await?);
    told.push(chen_crashes(&mut cast, &lines, say).await?);

    for colleague in [&mut cast.anna, &mut cast.bao, &mut cast.dara] {
        let took = colleague.quits().await?;
        say(&format!(
            "{} quits cleanly within {:.2} s",
            colleague.name(),
            took.as_secs_f64()
        ));
    }
    say("what each one recorded is compared with what was said");
    told.iter().map(Recorded::judge).collect()
}

/// Starts the four daemons at once and waits until everybody has found everybody.
async fn introduce(lab: &mut Lab, lines: &Lines, say: Teller<'_>) -> Result<Cast> {
    let mut cast = Cast {
        anna: lab.colleague("Anna")?.speaking(&lines.anna)?.later()?,
        bao: lab.colleague("Bao")?.later()?,
        chen: lab.colleague("Chen")?.speaking(&lines.chen)?.later()?,
        dara: lab.colleague("Dara")?.later()?,
    };
    let mut all = [
        &mut cast.anna,
        &mut cast.bao,
        &mut cast.chen,
        &mut cast.dara,
    ];
    say("four daemons start at once: Anna's, Bao's, Chen's and Dara's");
    for who in &mut all {
        who.spawn()?;
    }
    let mut acquainting: FuturesUnordered<_> = all
        .into_iter()
        .map(|who| async move {
            let took = who.comes_to_know(&NAMES).await?;
            anyhow::Ok((who.name().to_owned(), took))
        })
        .collect();
    while let Some(acquainted) = acquainting.next().await {
        let (name, took) = acquainted?;
        say(&format!(
            "{name}'s daemon knows the other three {:.2} s after its own start",
            took.as_secs_f64()
        ));
    }
    drop(acquainting);
    Ok(cast)
}

/// Anna starts a meeting, and all join.
async fn gather(cast: &Cast, say: Teller<'_>) -> Result<()> {
    let begin = Instant::now();
    let others = [&cast.bao, &cast.chen, &cast.dara];
    let names = others.iter().map(|who| who.name().to_owned()).collect();
    let request = MeetingCreate {
        title: "Planning".to_owned(),
        names,
        ..Default::default()
    };
    cast.anna.ask(request).await?;
    say("Anna starts the meeting \"Planning\" with Bao, Chen and Dara");
    for who in others {
        who.is_invited_to("Planning").await?;
    }
    say(&format!(
        "all three are invited, {:.0} ms after she asked",
        begin.elapsed().as_secs_f64() * 1e3
    ));
    cast.anna.is_in("Planning").await?;
    for who in others {
        let begin = Instant::now();
        who.joins("Planning").await?;
        say(&format!(
            "{} joins; microphone and speaker are open after {:.0} ms",
            who.name(),
            begin.elapsed().as_secs_f64() * 1e3
        ));
    }
    let everyone = [&cast.anna, &cast.bao, &cast.chen, &cast.dara];
    all_see(&everyone, "Planning", &NAMES, PresenceState::Online).await?;
    cast.show_roster(say)
}

async fn bao_goes_elsewhere(cast: &Cast, lines: &Lines, say: Teller<'_>) -> Result<Recorded> {
    let request = MeetingCreate {
        title: "Review".to_owned(),
        names: vec!["Dara".to_owned()],
        ..Default::default()
    };
    let begin = Instant::now();
    cast.bao.ask(request).await?;
    let elsewhere = offline(OfflineReason::Elsewhere);
    let others = [&cast.anna, &cast.chen, &cast.dara];
    let took = all_see_since(begin, &others, "Planning", &["Bao"], elsewhere).await?;
    say(&format!(
        "Bao switches to a second meeting, \"Review\"; on every roster after {:.0} ms",
        took.as_secs_f64() * 1e3
    ));
    cast.show_roster(say)?;
    let recorded = cast
        .everyone_hears(
            &lines.without_bao,
            "Anna to everyone",
            &[("Bao", Expected::Nothing("elsewhere"))],
        )
        .await?;
    let begin = Instant::now();
    cast.bao.switches_to("Planning").await?;
    let online = PresenceState::Online;
    let took = all_see_since(begin, &others, "Planning", &["Bao"], online).await?;
    say(&format!(
        "Bao is back; on every roster after {:.0} ms",
        took.as_secs_f64() * 1e3
    ));
    Ok(recorded)
}

async fn dara_takes_a_call(cast: &Cast, lines: &Lines, say: Teller<'_>) -> Result<Recorded> {
    let begin = Instant::now();
    cast.dara.takes_a_phone_call().await?;
    let phone = offline(OfflineReason::Phone);
    let others = [&cast.anna, &cast.bao, &cast.chen];
    let took = all_see_since(begin, &others, "Planning", &["Dara"], phone).await?;
    say(&format!(
        "Dara takes a phone call; on every roster after {:.0} ms",
        took.as_secs_f64() * 1e3
    ));
    cast.show_roster(say)?;
    let recorded = cast
        .everyone_hears(
            &lines.without_dara,
            "Anna to everyone",
            &[("Dara", Expected::NotListening("on the phone"))],
        )
        .await?;
    cast.dara.comes_back().await?;
    cast.dara.is_in("Planning").await?;
    all_see(&others, "Planning", &["Dara"], PresenceState::Online).await?;
    say("Dara is back");
    Ok(recorded)
}

async fn chen_crashes(cast: &mut Cast, lines: &Lines, say: Teller<'_>) -> Result<Recorded> {
    for viewer in [&cast.anna, &cast.bao, &cast.dara] {
        viewer.hears("Planning", "Chen").await?;
    }
    let begin = Instant::now();
    cast.chen.crashes().await?;
    let lost = offline(OfflineReason::Lost);
    let others = [&cast.anna, &cast.bao, &cast.dara];
    let took = all_see_since(begin, &others, "Planning", &["Chen"], lost).await?;
    say(&format!(
        "Chen's daemon is killed; seen as lost by everyone after {:.1} s",
        took.as_secs_f64()
    ));
    cast.show_roster(say)?;
    cast.everyone_hears(
        &lines.without_chen,
        "Anna to everyone",
        &[("Chen", Expected::NotListening("crashed"))],
    )
    .await
}

impl Cast {
    fn others(&self) -> [&Colleague; 3] {
        [&self.bao, &self.chen, &self.dara]
    }

    /// Anna says a line; everybody but those named is to hear it.
    async fn everyone_hears(
        &self,
        line: &Line,
        speaker: &str,
        but: &[(&str, Expected)],
    ) -> Result<Recorded> {
        let listeners = self.others().map(|listener| {
            let expected = but
                .iter()
                .find(|(name, _)| *name == listener.name())
                .map_or(Expected::Everything, |(_, expected)| *expected);
            (listener, expected)
        });
        Recorded::wait_for(&self.anna, speaker, line, &listeners).await
    }

    /// Chen says a line that only Anna is to hear.
    async fn only_anna_hears(&self, line: &Line) -> Result<Recorded> {
        let whispered = Expected::Nothing("whispered to Anna");
        let listeners = [
            (&self.anna, Expected::Everything),
            (&self.bao, whispered),
            (&self.dara, whispered),
        ];
        Recorded::wait_for(&self.chen, "Chen to Anna alone", line, &listeners).await
    }

    /// The roster as Anna sees it.
    fn show_roster(&self, say: Teller<'_>) -> Result<()> {
        let now = self.anna.watch()?.now();
        let roster: Vec<String> = NAMES
            .iter()
            .filter_map(|name| participant(&now, "Planning", name))
            .map(|one| format!("{} {}", one.person.label, one.presence))
            .collect();
        say(&format!("    Planning: {}", roster.join(" · ")));
        Ok(())
    }
}

/// Everything that is said.
struct Lines {
    anna: Script,
    chen: Script,
    good_morning: Line,
    to_chen: Line,
    without_bao: Line,
    without_dara: Line,
    without_chen: Line,
    chen_replies: Line,
}

impl Lines {
    /// Writes both scripts. The pauses leave time for what happens between the sentences.
    fn write() -> Result<Self> {
        let mut anna = Script::new();
        let mut chen = Script::new();
        let mut say = |at: f64, text: &str| -> Result<Line> {
            anna.wait_until(at);
            Ok(anna.say(&Clip::spoken(text, Voice::Anna)?))
        };
        let good_morning = say(
            6.0,
            "Good morning everybody. Shall we begin with the plan for this week?",
        )?;
        let to_chen = say(
            18.0,
            "Chen, between us: could you take over the budget from me today?",
        )?;
        let without_bao = say(
            40.0,
            "While Bao is away, let us collect the open questions for him.",
        )?;
        let without_dara = say(
            52.0,
            "The delivery moves to Thursday. Please tell the workshop about it.",
        )?;
        let without_chen = say(
            66.0,
            "We have lost Chen, it seems. I will call him after the meeting.",
        )?;
        chen.wait_until(27.0);
        let chen_replies = chen.say(
            &Clip::spoken(
                "Of course, I will do that. Send me the figures this afternoon.",
                Voice::Chen,
            )
            .context("Chen's line")?,
        );
        Ok(Self {
            good_morning,
            to_chen,
            without_bao,
            without_dara,
            without_chen,
            chen_replies,
            anna,
            chen,
        })
    }
}
