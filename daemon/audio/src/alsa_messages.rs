//! What ALSA's library says by itself.
//!
//! It prints a dozen lines to standard error for every device that cannot be opened, and on a machine without a sound
//! card that is each attempt: they would fill the terminal that the daemon was started in, or the journal, and say less
//! than the error that is returned.

#[cfg(not(target_os = "linux"))]
pub(crate) fn collected<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Does `work`, and logs at debug what ALSA's library says meanwhile on this thread.
#[cfg(target_os = "linux")]
pub(crate) fn collected<T>(work: impl FnOnce() -> T) -> T {
    // The handler stays with the thread, with what is said until it is replaced; so each time is a new beginning.
    let said = alsa::Output::local_error_handler();
    let done = work();
    if let Ok(said) = said {
        let said = said.borrow().to_string();
        if !said.is_empty() {
            tracing::debug!("ALSA: {}", said.trim_end());
        }
    }
    done
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_says_is_collected_and_does_not_pile_up() {
        let open = || alsa::PCM::new("no such device", alsa::Direction::Playback, true).is_err();
        for _ in 0..3 {
            assert!(collected(open));
        }
        let said = alsa::Output::local_error_handler().map(|said| said.borrow().to_string());
        assert_eq!(said.as_deref(), Ok(""), "each time begins with nothing");
        let said = alsa::Output::local_error_handler();
        assert!(open());
        let said = said.map(|said| said.borrow().to_string());
        assert!(said.is_ok_and(|said| said.contains("no such device")));
    }
}
