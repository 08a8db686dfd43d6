//! A terminal, and what is shown in it.

use super::home::soon;

/// A terminal: what a person sees and types at, and what a program in it has.
pub fn terminal() -> (std::fs::File, std::fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let outside = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&outside).unwrap();
    unlockpt(&outside).unwrap();
    // Or else programs that are started would keep the terminal alive.
    rustix::io::fcntl_setfd(&outside, rustix::io::FdFlags::CLOEXEC).unwrap();
    let name = ptsname(&outside, Vec::new()).unwrap();
    let inside = std::fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (outside.into(), inside)
}

/// Reads what is shown until `text` is among it.
pub async fn shows(mut terminal: std::fs::File, text: &'static str) -> std::fs::File {
    let reading = tokio::task::spawn_blocking(move || {
        let mut shown = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&shown).contains(text) {
            let length = std::io::Read::read(&mut terminal, &mut buffer).unwrap();
            shown.extend_from_slice(&buffer[..length]);
        }
        terminal
    });
    soon(reading).await.unwrap()
}
