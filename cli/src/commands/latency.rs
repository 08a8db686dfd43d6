//! `sotto latency`

use crate::connection::connect;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::{AudioLatency, Client, MeetingRoster};

/// Show how long sound takes between you and a colleague, and where each millisecond goes
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Both must be in the meeting, and whoever is to be measured must have been heard.\n\
                  From capture to playback both machines' clocks measure; what devices and codecs\n\
                  cost beside is what they say. A chirp takes nobody's word but the devices': 50 ms\n\
                  of sound go to the colleague as a whisper would, and are found again in what\n\
                  arrives, muted or not. The colleague does not hear it, and others do not hear you\n\
                  for that moment.\n\n\
                  Examples:\n  sotto latency\n  sotto latency bao --chirp\n  sotto latency bao --json | jq .to.total_ms"
)]
pub(crate) struct Latency {
    /// With whom; not needed in a meeting of two
    name: Option<String>,

    /// Send a chirp, too, and measure with it how long sound takes to the colleague
    #[arg(long)]
    chirp: bool,
}

impl Latency {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let name = match self.name {
            Some(name) => name,
            None => only_other(&client).await?,
        };
        let request = AudioLatency {
            name,
            chirp: self.chirp,
        };
        output.show(&client.call(request).await?, format::latency)
    }
}

/// The one who is present beside the user in the active meeting.
async fn only_other(client: &Client) -> Result<String, Failure> {
    let meeting = client.call(MeetingRoster { meeting: None }).await?.meeting;
    let others = meeting
        .participants
        .into_iter()
        .filter(|one| !one.you && one.presence.is_present());
    let mut labels: Vec<String> = others.map(|one| one.person.label).collect();
    match labels.len() {
        1 => Ok(labels.remove(0)),
        0 => Err(Failure::Usage(
            "nobody else is present in the meeting".to_owned(),
        )),
        _ => Err(Failure::Usage(format!(
            "say with whom: {}",
            labels.join(", ")
        ))),
    }
}
