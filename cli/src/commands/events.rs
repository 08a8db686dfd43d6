//! `sotto events`

use crate::connection::connect;
use crate::failure::Failure;
use crate::output::{Output, reader_gone};
use sotto_control::{CallError, Event};

/// Print every change as one line of JSON, beginning with the whole state
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each line replaces a part of the state: one person, one meeting or a list. Ends with exit code 3 when the daemon stops.\n\nExamples:\n  sotto events | jq -c 'select(.event == \"notice\") | .notice.text'\n  sotto events --levels"
)]
pub(crate) struct Events {
    /// Also print who speaks how loud, up to ten times a second
    #[arg(long)]
    levels: bool,
}

impl Events {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let client = connect().await?;
        let (snapshot, mut events) = client.subscribe(self.levels).await?;
        output.json_line(&Event::Snapshot {
            snapshot: Box::new(snapshot),
        })?;
        let follow = async {
            while let Some(event) = events.next().await {
                output.json_line(&event)?;
            }
            Err(CallError::Disconnected.into())
        };
        tokio::select! {
            ended = follow => ended,
            () = reader_gone() => Err(Failure::NobodyReads),
        }
    }
}
