//! A recording on a disk without room, which is made in a namespace of its own.
#![cfg(target_os = "linux")]
// A test's fixtures fail the test by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use sotto_audio::{
    Backend, DEFAULT_PERIOD, DeviceError, DeviceSpec, DeviceState, PlaybackKeeper, PlaybackRequest,
};

const DEADLINE: Duration = Duration::from_secs(40);

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_recording_waits_for_room_and_leaves_no_empty_files() {
    let directory = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=3m tmpfs \"$DISK\" || exit 77; exec \"$0\" \"$@\"";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "inside_full_disk"])
        .env("DISK", directory.path())
        .output();
    let output = match output {
        Ok(output) if output.status.code() != Some(77) => output,
        _ => return println!("not tested: no disk of its own"),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "run by a_recording_waits_for_room_and_leaves_no_empty_files"]
fn inside_full_disk() {
    let disk = PathBuf::from(std::env::var_os("DISK").unwrap());
    let filling = disk.join("filling");
    std::fs::write(&filling, vec![0; 2_500_000]).unwrap();
    let (states, seen) = channel();
    let keeper = PlaybackKeeper::start(
        std::sync::Arc::new(|| ()),
        |_| (),
        move |state| states.send(state.clone()).unwrap(),
    )
    .unwrap();
    keeper.want(Some(PlaybackRequest {
        backend: Backend::Null,
        device: DeviceSpec::File {
            path: disk.join("heard.wav"),
            looped: false,
        },
        period: DEFAULT_PERIOD,
        attended: false,
    }));
    assert_eq!(
        seen.recv_timeout(DEADLINE).unwrap(),
        DeviceState::Opening,
        "it is tried"
    );
    let failed = seen.recv_timeout(DEADLINE).unwrap();
    let DeviceState::Failed(error @ DeviceError::NoRoom { .. }) = failed else {
        unreachable!("{failed:?}")
    };
    assert!(error.hint().unwrap().contains("make room"));
    // The second attempt follows at once and the third soon; the same error is no news.
    assert!(seen.recv_timeout(Duration::from_secs(2)).is_err());
    assert_eq!(names(&disk), ["filling"]);
    std::fs::remove_file(&filling).unwrap();
    let open = seen.recv_timeout(DEADLINE).unwrap();
    assert!(matches!(open, DeviceState::Open { .. }), "{open:?}");
    assert_eq!(names(&disk), ["heard.wav"]);
}
