//! `sotto bugreport`

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::bugreport;
use crate::doctor;
use crate::failure::Failure;
use crate::output::Output;

/// Collect what a report of a fault needs, in one file, without names and addresses
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It holds the versions of the programs and of the system, what 'sotto doctor' finds, the daemon's state, your settings \
    and the end of the log. Names, titles, identities and addresses are replaced. You see all of it before it is written; \
    nothing is sent anywhere.\n\n\
    Examples:\n  sotto bugreport\n  sotto bugreport --yes --output report.txt\n  sotto bugreport | less"
)]
pub(crate) struct Bugreport {
    /// The file to write; otherwise one in this directory, with today's date in its name
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write it without asking
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Serialize)]
struct Reply {
    /// The file that was written.
    file: Option<PathBuf>,
    report: String,
}

impl Bugreport {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let report = output.during(doctor::LOOKING, bugreport::make()).await?;
        let named = self.output.is_some();
        let path = self.output.unwrap_or_else(usual_file);
        let watched = !output.is_json() && io::stdout().is_terminal() && io::stdin().is_terminal();
        if !output.is_json() && !self.yes {
            output.line(&report)?;
        }
        let wanted = self.yes || (watched && agreed(&path)) || (named && !watched);
        let file = match wanted {
            true => Some(write(&path, &report)?),
            false => None,
        };
        if output.is_json() {
            return output.show(&Reply { file, report }, |_, _| String::new());
        }
        match file {
            Some(file) => {
                output.remark(&format!(
                    "Written to {}. Nothing was sent; read it before you pass it on.",
                    file.display()
                ));
            }
            None if watched => output.remark("Nothing was written."),
            None => {}
        }
        Ok(())
    }
}

fn usual_file() -> PathBuf {
    let now = jiff::ZonedDateTime::now();
    PathBuf::from(format!(
        "sotto-bugreport-{}.txt",
        now.strftime("%Y-%m-%d-%H%M%S")
    ))
}

/// Asks the user; anything but a yes is a no.
fn agreed(path: &Path) -> bool {
    let mut error = io::stderr();
    // A question that cannot be shown is not answered.
    let _ = write!(error, "Write this to {}? [y/N] ", path.display());
    let _ = error.flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// Writes a file that nobody else can read; one that is there is not replaced.
fn write(path: &Path, report: &str) -> Result<PathBuf, Failure> {
    let failed = |source| Failure::File {
        what: "write",
        path: path.to_owned(),
        source,
    };
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(report.as_bytes()).map_err(failed)?;
    Ok(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}
