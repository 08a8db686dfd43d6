//! `sotto doctor`

use crate::doctor;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;

/// Look at everything that Sotto stands on, and say what is wrong and what helps
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It looks at the daemon, the network, sound and the desktop, sends one question by multicast, and changes nothing.\n\
    Its exit code is that of the first part with a problem: 10 the daemon, 11 the network, 12 sound, 13 the desktop; 0 without one.\n\n\
    Examples:\n  sotto doctor\n  sotto doctor --all\n  sotto doctor --json | jq -r '.findings[] | select(.weight == \"problem\").what'"
)]
pub(crate) struct Doctor {
    /// Show what is well, too
    #[arg(long)]
    all: bool,
}

impl Doctor {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let report = output.during(doctor::LOOKING, doctor::examine()).await?;
        output.show(&report, |report, style| {
            format::diagnosis(report, self.all, style)
        })?;
        match report.ails() {
            Some(area) => Err(Failure::Unwell {
                part: area.title(),
                exit_code: area.exit_code(),
            }),
            None => Ok(()),
        }
    }
}
