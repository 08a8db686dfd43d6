//! `sottod`, the program.

use std::process::ExitCode;

fn main() -> ExitCode {
    sotto_daemon::main()
}
