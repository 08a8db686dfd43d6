//! Scenarios: real daemons on virtual hosts.
//!
//! `cargo test --package sotto-tests --test scenarios -- whisper` runs those whose name contains `whisper`; `--list`
//! lists them. Each runs in a sandbox of its own, with everything it started, and is ended with it. Logs and
//! recordings stay in `target/tmp/scenarios/NAME`.

mod bridges;
mod cut_off;
mod damage;
mod desktop;
mod disk;
mod doctor;
mod faults;
mod hotkeys;
mod invitations;
mod latency;
mod local;
mod main_job;
mod network;
mod other_programs;
mod panel;
mod people;
mod runner;
mod service;
mod talk_key;
mod wayland;
mod whisper;
mod whisper_edges;
mod whisper_ends;
mod whisper_lost;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use sotto_tests::Lab;

use crate::runner::Scenario;

/// How long a scenario may take, if it does not say otherwise.
const LIMIT: Duration = Duration::from_secs(120);

macro_rules! scenarios {
    ($($module:ident :: $name:ident $(within $seconds:literal)? $(, $alone:ident)?);+ $(;)?) => {
        &[$(Scenario {
            name: stringify!($name),
            limit: scenarios!(@limit $($seconds)?),
            alone: scenarios!(@alone $($alone)?),
            run: |lab| Box::pin($module::$name(lab)),
        }),+]
    };
    (@alone) => { false };
    (@alone alone) => { true };
    (@limit) => { LIMIT };
    (@limit $seconds:literal) => { Duration::from_secs($seconds) };
}

const SCENARIOS: &[Scenario] = scenarios![
    main_job::everything_that_the_demonstration_tells within 180;
    whisper::a_whisper_reaches_exactly_the_chosen;
    whisper_edges::a_whisper_in_the_midst_of_sound_has_exact_edges, alone;
    whisper_ends::a_held_whisper_ends_with_its_release_and_a_timed_one_by_itself;
    cut_off::a_screen_saver_and_sleep_end_a_hold_in_nobody;
    whisper_lost::a_held_whisper_whose_program_dies_or_sleeps_goes_to_nobody within 180;
    whisper::a_whisper_to_several_is_answered_among_them;
    whisper::a_reply_goes_to_whoever_began_to_whisper_last;
    whisper::a_whisper_goes_to_nobody_rather_than_to_everyone;
    whisper::somebody_absent_is_refused_by_name_and_reason;
    whisper::muted_and_deafened_people_neither_speak_nor_hear;
    talk_key::only_what_is_said_while_the_key_is_down_is_heard;
    invitations::who_starts_later_is_invited_although_the_inviter_has_gone;
    invitations::an_invitation_lets_in_although_its_inviter_has_gone;
    invitations::a_withdrawn_invitation_disappears;
    invitations::a_declined_invitation_is_seen_by_the_inviter;
    faults::a_crash_is_seen_within_three_seconds, alone;
    faults::a_clean_exit_is_seen_at_once_and_takes_less_than_a_second, alone;
    faults::a_crashed_daemon_returns_to_its_meeting_muted;
    faults::losing_five_percent_loses_nobody;
    faults::who_loses_long_bursts_is_sent_a_memory_of_the_past;
    faults::speech_is_clear_over_a_cable_that_delays_and_loses, alone;
    faults::both_halves_of_a_split_network_go_on_and_agree_again;
    faults::an_interface_that_comes_back_is_used_again_within_six_seconds;
    people::two_people_of_one_name_are_told_apart;
    people::a_cloned_identity_is_noticed_by_both within 180;
    people::twelve_daemons_meet within 240, alone;
    network::peers_are_reached_by_address_where_multicast_does_not_pass;
    network::behind_firewalls_on_both_sides_people_meet_and_talk;
    network::where_udp_is_blocked_voice_travels_over_a_stream;
    network::a_third_machine_is_not_flooded;
    bridges::containers_come_and_go_beside_a_meeting;
    desktop::an_invitation_does_not_interrupt;
    desktop::a_pushed_face_alone_hears_and_a_killed_window_whispers_to_nobody;
    desktop::the_window_becomes_a_strip_above_others_and_a_window_again;
    hotkeys::keys_are_heard_while_somebody_works_elsewhere_and_a_changed_one_holds_at_once;
    panel::a_desktop_without_a_panel_is_told_and_the_icon_comes_with_each_panel;
    wayland::an_open_window_comes_to_the_front_with_leave;
    wayland::the_strip_on_wayland_is_above_others_and_never_has_the_keyboard;
    other_programs::avahi_finds_the_service;
    other_programs::gstreamer_decrypts_and_decodes_a_captured_stream;
    latency::a_chirp_tells_the_delay_and_no_person_hears_it;
    local::without_a_sound_system_everything_but_sound_works;
    local::pulseaudio_carries_voice_from_end_to_end, alone;
    local::a_damaged_state_file_is_set_aside;
    damage::after_damage_a_participant_is_invited_back within 240;
    disk::a_full_disk_is_told_and_what_it_cannot_hold_is_told_to_nobody;
    disk::a_disk_that_hangs_is_told_and_nothing_else_waits_for_it;
    local::one_daemon_runs_in_a_home;
    service::a_service_is_installed_hangs_comes_back_and_is_removed;
    local::mistakes_are_explained;
    doctor::the_doctor_finds_causes_between_real_daemons;
];

fn main() -> ExitCode {
    runner::run(SCENARIOS)
}

/// Says something that is worth reading in the report.
fn note(what: impl std::fmt::Display) {
    println!("{}{what}", runner::NOTE);
}

/// What every scenario is.
type Outcome = Result<()>;

/// Where a scenario happens.
type Place = Lab;
