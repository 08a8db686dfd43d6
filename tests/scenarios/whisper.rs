//! Who hears a whisper, and who does not hear anything of it.

use anyhow::{Result, bail, ensure};
use sotto_control::model::{NoticeKind, OfflineReason, PresenceState, Snapshot, TalkTo};
use sotto_control::{CallError, ErrorCode, TalkReplyTo, TalkWhisper};
use sotto_tests::colleague_views::{all_see, offline};
use sotto_tests::story::WELL;
use sotto_tests::{Clip, Colleague, Line, Script, Voice};

use crate::{Outcome, Place, note};

/// Four in a meeting, where Anna (and Bao) speak what the scripts say.
pub(crate) async fn four_in_a_meeting(
    lab: &mut Place,
    anna: &Script,
    bao: &Script,
) -> Result<[Colleague; 4]> {
    let anna = lab.colleague("Anna")?.speaking(anna)?.start().await?;
    let bao = lab.colleague("Bao")?.speaking(bao)?.start().await?;
    let chen = lab.colleague("Chen")?.start().await?;
    let dara = lab.colleague("Dara")?.start().await?;
    for name in ["Bao", "Chen", "Dara"] {
        anna.finds(name).await?;
    }
    anna.meets("Planning", &["Bao", "Chen", "Dara"]).await?;
    for who in [&bao, &chen, &dara] {
        who.joins("Planning").await?;
    }
    let names = ["Anna", "Bao", "Chen", "Dara"];
    all_see(
        &[&anna, &bao, &chen, &dara],
        "Planning",
        &names,
        PresenceState::Online,
    )
    .await?;
    Ok([anna, bao, chen, dara])
}

fn say(script: &mut Script, at: f64, text: &str, voice: Voice) -> Result<Line> {
    script.wait_until(at);
    Ok(script.say(&Clip::spoken(text, voice)?))
}

pub(crate) async fn a_whisper_reaches_exactly_the_chosen(mut lab: Place) -> Outcome {
    let mut script = Script::new();
    let before = say(
        &mut script,
        8.0,
        "Everybody hears me before I begin to whisper.",
        Voice::Anna,
    )?;
    let whispered = say(
        &mut script,
        17.0,
        "Only one of you should ever hear these very private words.",
        Voice::Anna,
    )?;
    let after = say(
        &mut script,
        27.0,
        "And now I am speaking to everybody again.",
        Voice::Anna,
    )?;
    let [anna, bao, chen, dara] = four_in_a_meeting(&mut lab, &script, &Script::new()).await?;

    for listener in [&bao, &chen, &dara] {
        listener.heard_well(&anna, &before, WELL).await?;
    }
    anna.is_about_to_say(&whispered).await?;
    anna.whispers_to(&["Chen"]).await?;
    let to_bao = bao.host().count_voice_from(anna.host())?;
    let to_chen = chen.host().count_voice_from(anna.host())?;
    let to_dara = dara.host().count_voice_from(anna.host())?;
    let heard = chen.heard_well(&anna, &whispered, WELL).await?;
    let packets = [to_bao.packets()?, to_chen.packets()?, to_dara.packets()?];
    note(format!(
        "voice packets during the whisper: to Chen {}, to Bao {}, to Dara {}",
        packets[1], packets[0], packets[2]
    ));
    ensure!(
        packets[0] == 0 && packets[2] == 0,
        "voice reached others during the whisper: {packets:?}"
    );
    ensure!(packets[1] > 100, "Chen got only {} packets", packets[1]);
    anna.speaks_to_everyone().await?;
    for listener in [&bao, &dara] {
        let nothing = listener.heard_nothing(&anna, &whispered).await?;
        note(format!(
            "{}: likeness {:.3}, at most {:.0} dBFS",
            listener.name(),
            nothing.likeness,
            nothing.loudest
        ));
    }
    note(format!(
        "Chen heard the whisper with PESQ {:.2}",
        heard.pesq
    ));
    for listener in [&bao, &chen, &dara] {
        listener.heard_well(&anna, &after, WELL).await?;
    }
    Ok(())
}

pub(crate) async fn a_whisper_to_several_is_answered_among_them(mut lab: Place) -> Outcome {
    let (mut anna_says, mut bao_says) = (Script::new(), Script::new());
    let question = say(
        &mut anna_says,
        12.0,
        "Bao and Chen, what do you think of the offer?",
        Voice::Anna,
    )?;
    let answer = say(
        &mut bao_says,
        20.0,
        "I would take it, but let us ask for a longer contract.",
        Voice::Bao,
    )?;
    let [anna, bao, chen, dara] = four_in_a_meeting(&mut lab, &anna_says, &bao_says).await?;

    anna.is_about_to_say(&question).await?;
    anna.whispers_to(&["Bao", "Chen"]).await?;
    for listener in [&bao, &chen] {
        listener
            .until("told of the whisper and who else hears it", |now| {
                now.talk
                    .incoming
                    .iter()
                    .any(|whisper| whisper.from.name == "Anna" && whisper.also_to.len() == 1)
            })
            .await?;
        listener.heard_well(&anna, &question, WELL).await?;
    }
    dara.heard_nothing(&anna, &question).await?;
    ensure!(
        dara.watch()?.now().talk.incoming.is_empty(),
        "Dara sees who whispers"
    );

    bao.is_about_to_say(&answer).await?;
    bao.replies().await?;
    bao.until("whispering back", |now| {
        matches!(now.talk.to, TalkTo::Whisper { .. })
    })
    .await?;
    let TalkTo::Whisper { to, .. } = bao.watch()?.now().talk.to else {
        bail!("a reply is a whisper");
    };
    let mut names: Vec<&str> = to.iter().map(|person| person.name.as_str()).collect();
    names.sort_unstable();
    ensure!(names == ["Anna", "Chen"], "the reply goes to {names:?}");
    for listener in [&anna, &chen] {
        listener.heard_well(&bao, &answer, WELL).await?;
    }
    dara.heard_nothing(&bao, &answer).await?;
    Ok(())
}

pub(crate) async fn a_reply_goes_to_whoever_began_to_whisper_last(mut lab: Place) -> Outcome {
    let mut script = Script::new();
    let answer = say(
        &mut script,
        16.0,
        "Chen, this is my answer to you alone.",
        Voice::Anna,
    )?;
    let [anna, bao, chen, dara] = four_in_a_meeting(&mut lab, &script, &Script::new()).await?;
    let answers = |whom: &'static str| {
        move |now: &Snapshot| {
            now.talk
                .reply_to
                .first()
                .is_some_and(|one| one.name == whom)
        }
    };
    dara.whispers_to(&["Anna", "Bao"]).await?;
    anna.until("Dara would be answered", answers("Dara"))
        .await?;
    let dara_and_bao = anna.watch()?.now().talk.reply_to;
    chen.whispers_to(&["Anna"]).await?;
    anna.until("Chen would be answered", answers("Chen"))
        .await?;
    // Dara's whisper goes on with one receiver less, and says so.
    bao.leaves("Planning").await?;
    anna.until("Dara whispers to Anna alone", |now| {
        now.talk
            .incoming
            .iter()
            .any(|whisper| whisper.from.name == "Dara" && whisper.also_to.is_empty())
    })
    .await?;
    let meant = TalkReplyTo {
        to: dara_and_bao.into_iter().map(|one| one.id).collect(),
        ..TalkReplyTo::default()
    };
    match anna.watch()?.client().call(meant).await {
        Err(CallError::Refused(refusal)) => note(&refusal.message),
        other => bail!("an answer that was meant for Dara gave {other:?}"),
    }
    anna.is_about_to_say(&answer).await?;
    let said = sotto_tests::programs::said(&anna.sotto(&["reply"])?);
    ensure!(
        said.contains("Answering Chen.") && said.contains("Whispering to Chen, until"),
        "{said}"
    );
    chen.heard_well(&anna, &answer, WELL).await?;
    dara.heard_nothing(&anna, &answer).await?;
    Ok(())
}

pub(crate) async fn a_whisper_goes_to_nobody_rather_than_to_everyone(mut lab: Place) -> Outcome {
    let mut script = Script::new();
    let private = say(
        &mut script,
        14.0,
        "Chen, this was never meant for the others.",
        Voice::Anna,
    )?;
    let open = say(
        &mut script,
        23.0,
        "Now everybody may hear me again.",
        Voice::Anna,
    )?;
    let [anna, bao, chen, dara] = four_in_a_meeting(&mut lab, &script, &Script::new()).await?;

    anna.whispers_to(&["Chen"]).await?;
    chen.leaves("Planning").await?;
    anna.sees("Planning", "Chen", offline(OfflineReason::Left))
        .await?;
    anna.until("speaking to nobody", |now| now.talk.to == TalkTo::Nobody)
        .await?;
    anna.watch()?
        .notice("speaking to nobody", |notice| {
            notice.kind == NoticeKind::SpeakingToNobody
        })
        .await?;
    for listener in [&bao, &dara] {
        listener.heard_nothing(&anna, &private).await?;
    }
    anna.is_about_to_say(&open).await?;
    anna.speaks_to_everyone().await?;
    for listener in [&bao, &dara] {
        listener.heard_well(&anna, &open, WELL).await?;
    }
    Ok(())
}

pub(crate) async fn somebody_absent_is_refused_by_name_and_reason(mut lab: Place) -> Outcome {
    let anna = lab.colleague("Anna")?.start().await?;
    let bao = lab.colleague("Bao")?.start().await?;
    let dara = lab.colleague("Dara")?.start().await?;
    anna.finds("Bao").await?;
    anna.finds("Dara").await?;
    anna.meets("Planning", &["Bao", "Dara"]).await?;
    bao.joins("Planning").await?;
    dara.is_invited_to("Planning").await?;
    anna.sees("Planning", "Bao", PresenceState::Online).await?;
    let request = TalkWhisper {
        names: vec!["Dara".to_owned()],
        ..Default::default()
    };
    let refusal = match anna.watch()?.client().call(request).await {
        Err(CallError::Refused(refusal)) => refusal,
        other => bail!("whispering to somebody absent gave {other:?}"),
    };
    note(&refusal.message);
    ensure!(refusal.code == ErrorCode::Absent, "{refusal:?}");
    ensure!(
        refusal.absent.iter().any(|one| one.person.name == "Dara"),
        "{refusal:?}"
    );
    let output = anna.sotto(&["whisper", "Dara"])?;
    let said = sotto_tests::programs::said(&output);
    note(&said);
    ensure!(!output.status.success() && said.contains("Dara"), "{said}");
    Ok(())
}

pub(crate) async fn muted_and_deafened_people_neither_speak_nor_hear(mut lab: Place) -> Outcome {
    let mut script = Script::new();
    let muted = say(
        &mut script,
        10.0,
        "Nobody hears this because my microphone is closed.",
        Voice::Anna,
    )?;
    let deafened = say(
        &mut script,
        19.0,
        "Bao does not hear this because he closed his ears.",
        Voice::Anna,
    )?;
    let open = say(
        &mut script,
        29.0,
        "And this is heard by everybody in the room.",
        Voice::Anna,
    )?;
    let [anna, bao, chen, _dara] = four_in_a_meeting(&mut lab, &script, &Script::new()).await?;

    anna.is_about_to_say(&muted).await?;
    anna.mutes().await?;
    bao.until("Anna is shown as muted", |now| {
        sotto_tests::colleague_views::participant(now, "Planning", "Anna")
            .is_some_and(|anna| anna.muted)
    })
    .await?;
    bao.heard_nothing(&anna, &muted).await?;
    chen.heard_nothing(&anna, &muted).await?;

    anna.is_about_to_say(&deafened).await?;
    anna.unmutes().await?;
    bao.deafens().await?;
    anna.until("Bao is shown as deafened and muted", |now| {
        sotto_tests::colleague_views::participant(now, "Planning", "Bao")
            .is_some_and(|bao| bao.deafened && bao.muted)
    })
    .await?;
    chen.heard_well(&anna, &deafened, WELL).await?;
    bao.heard_nothing(&anna, &deafened).await?;

    bao.undeafens().await?;
    bao.is_in("Planning").await?;
    for listener in [&bao, &chen] {
        listener.heard_well(&anna, &open, WELL).await?;
    }
    Ok(())
}
