//! Real-time priority for the two voice threads, as far as the desktop has to be asked for it.
//!
//! Each thread first raises itself ([`sotto_audio::priority`]). What it did not get that way is asked of rtkit. What it
//! has in the end is shown in `sotto status`.

/// The system's number of the calling thread, by which rtkit knows it.
#[cfg(target_os = "linux")]
pub(crate) fn current_thread_id() -> u64 {
    u64::from(
        rustix::thread::gettid()
            .as_raw_nonzero()
            .get()
            .unsigned_abs(),
    )
}

/// Asks rtkit to raise `thread_id` of this process.
///
/// Returns what was granted; without a system bus or rtkit, `None`.
#[cfg(target_os = "linux")]
pub(crate) async fn ask_rtkit(thread_id: u64) -> Option<sotto_audio::priority::Priority> {
    use std::time::Duration;

    use sotto_audio::priority::{NICENESS, Priority, REALTIME_PRIORITY};

    const REPLY_TIMEOUT: Duration = Duration::from_secs(2);

    let ask = async {
        // rtkit refuses processes that could hold a core for ever.
        let limit = rustix::process::Rlimit {
            current: Some(200_000),
            maximum: Some(200_000),
        };
        rustix::process::setrlimit(rustix::process::Resource::Rttime, limit).ok()?;
        let connection = zbus::Connection::system().await.ok()?;
        let rtkit = zbus::Proxy::new(
            &connection,
            "org.freedesktop.RealtimeKit1",
            "/org/freedesktop/RealtimeKit1",
            "org.freedesktop.RealtimeKit1",
        )
        .await
        .ok()?;
        let realtime: zbus::Result<()> = rtkit
            .call(
                "MakeThreadRealtime",
                &(thread_id, u32::from(REALTIME_PRIORITY)),
            )
            .await;
        if realtime.is_ok() {
            return Some(Priority::Realtime);
        }
        let nice: zbus::Result<()> = rtkit
            .call("MakeThreadHighPriority", &(thread_id, NICENESS))
            .await;
        nice.ok().map(|()| Priority::Nice)
    };
    tokio::time::timeout(REPLY_TIMEOUT, ask)
        .await
        .ok()
        .flatten()
}
