//! A pretended daemon, for looking at `sotto top` without colleagues: voices rise and fall, somebody whispers.
//!
//! ```text
//! $ cargo run -p sotto-cli --example pretended_daemon -- /tmp/pretended
//! $ SOTTO_HOME=/tmp/pretended cargo run -p sotto-cli -- top
//! ```

// A tool for whoever works on the screen: it may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../tests/support/mod.rs"]
mod support;

use sotto_control::Event;
use sotto_control::model::{IncomingWhisper, Level, Levels, Notice, NoticeKind};
use std::time::Duration;

#[tokio::main]
async fn main() {
    let home = std::env::args()
        .nth(1)
        .expect("the directory for its socket");
    let mut pretended = support::Pretended::start(home.as_ref(), "planning");
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut time = 0.0_f32;
    loop {
        tokio::select! {
            _ = tick.tick() => time += 0.1,
            () = pretended.ended() => return,
        }
        let voice =
            |phase: f32| -32.0 + 18.0 * (time * 2.3 + phase).sin() + 8.0 * (time * 7.1).sin();
        let mut speakers = Vec::new();
        if time % 9.0 < 6.0 {
            speakers.push(Level {
                id: support::person("Bao").id,
                level_dbfs: voice(0.0),
                whisper: false,
            });
        }
        let whispering = time % 20.0 > 14.0;
        if whispering {
            speakers.push(Level {
                id: support::person("Chen").id,
                level_dbfs: voice(1.0),
                whisper: true,
            });
        }
        let muted = pretended.shown().status.muted;
        pretended.send(&Event::Levels {
            levels: Levels {
                microphone_dbfs: (!muted).then(|| voice(2.0)),
                you_speak: !muted && time % 5.0 < 3.0,
                speakers,
            },
        });
        let mut talk = pretended.shown().talk;
        if talk.incoming.is_empty() == whispering {
            let incoming = whispering.then(incoming_whisper);
            talk.incoming = incoming.into_iter().collect();
            talk.reply_to = vec![support::person("Chen"), support::person("Bao")];
            pretended.send(&Event::Talk { talk });
            if whispering {
                pretended.send(&Event::Notice {
                    notice: Notice {
                        kind: NoticeKind::Whisper,
                        text: "Chen whispers to you and Bao".into(),
                        hint: Some("r answers".into()),
                        ..Notice::default()
                    },
                });
            }
        }
    }
}

/// Chen whispers to Anna and Bao.
fn incoming_whisper() -> IncomingWhisper {
    IncomingWhisper {
        from: support::person("Chen"),
        also_to: vec![support::person("Bao")],
        heard: true,
    }
}
