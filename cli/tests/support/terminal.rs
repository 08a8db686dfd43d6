//! A terminal, and what is shown in it.

use super::home::soon;

/// A terminal: what a person sees and types at, and what a program in it has.
pub fn terminal() -> (std::fs::File, std::fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};
    let outside = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&outside).unwrap();
    unlockpt(&outside).unwrap();
    // Or else programs that are started would keep the terminal alive.
    rustix::io::fcntl_setfd(&outside, rustix::io::FdFlags::CLOEXEC).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&outside, size).unwrap();
    let name = ptsname(&outside, Vec::new()).unwrap();
    let inside = std::fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (outside.into(), inside)
}

/// Reads what is shown until `text` is among it.
pub async fn shows(terminal: std::fs::File, text: &'static str) -> std::fs::File {
    until(terminal, text).await.0
}

/// Reads what is shown until `text` is among it, and returns all of it.
pub async fn until(mut terminal: std::fs::File, text: &'static str) -> (std::fs::File, String) {
    let reading = tokio::task::spawn_blocking(move || {
        let mut shown = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&shown).contains(text) {
            let length = std::io::Read::read(&mut terminal, &mut buffer).unwrap();
            shown.extend_from_slice(&buffer[..length]);
        }
        (terminal, String::from_utf8_lossy(&shown).into_owned())
    });
    soon(reading).await.unwrap()
}

/// Reads what is shown until every program in the terminal has gone.
pub fn rest(mut terminal: std::fs::File) -> String {
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    // An error is how a terminal tells that nobody has its other side.
    while let Ok(length @ 1..) = std::io::Read::read(&mut terminal, &mut buffer) {
        shown.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8_lossy(&shown).into_owned()
}
