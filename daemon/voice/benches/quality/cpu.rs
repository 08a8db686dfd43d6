//! The processor time of this thread, so that others on the machine do not count.

use std::time::Duration;

/// Spent by this thread so far.
#[cfg(target_os = "linux")]
pub(crate) fn spent() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Elsewhere the time on the wall has to do.
#[cfg(not(target_os = "linux"))]
pub(crate) fn spent() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGIN.elapsed()
}

/// Adds what `work` spends to `total`.
pub(crate) fn counting<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let before = spent();
    let done = work();
    *total += spent().saturating_sub(before);
    done
}
