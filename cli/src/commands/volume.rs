//! `sotto volume`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use sotto_control::{AudioVolume, MAX_VOLUME_PERCENT};

/// Set how loud one colleague is
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sotto volume dara 150")]
pub(crate) struct Volume {
    /// Whose
    name: String,

    #[arg(
        value_parser = percent,
        help = format!("0 to {MAX_VOLUME_PERCENT}; 100 is what was received")
    )]
    percent: u16,
}

impl Volume {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let request = AudioVolume {
            name: self.name,
            percent: self.percent,
        };
        output.show(&ask(request).await?, format::volume)
    }
}

fn percent(text: &str) -> Result<u16, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    number
        .parse()
        .ok()
        .filter(|percent| *percent <= MAX_VOLUME_PERCENT)
        .ok_or_else(|| format!("must be a number from 0 to {MAX_VOLUME_PERCENT}"))
}
