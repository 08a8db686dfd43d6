//! Every command, one a file.

mod away;
mod back;
mod bugreport;
mod completions;
mod config;
mod connect;
mod deafen;
mod decline;
mod devices;
mod dnd;
mod doctor;
mod echo_test;
mod events;
mod group;
mod hotkeys;
mod invite;
mod invites;
mod join;
mod latency;
mod leave;
mod man;
mod meet;
mod meetings;
mod mute;
mod peers;
mod phone;
mod quit;
mod reply;
mod restart;
mod roster;
mod service;
mod silence;
mod start;
mod stats;
mod status;
mod switch;
mod talk;
mod top;
mod undeafen;
mod unmute;
mod unsilence;
mod volume;
mod whisper;
mod withdraw;

pub(crate) use service::{Installed, Running, ServiceStatus, Stopped, Uninstalled};
pub(crate) use start::Started;

use crate::failure::Failure;
use crate::output::Output;

macro_rules! commands {
    ($($variant:ident($module:ident),)+) => {
        /// What to do.
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum Command {
            $(
                #[allow(missing_docs)] // the command's own documentation is its help
                $variant($module::$variant),
            )+
        }

        impl Command {
            /// Does it.
            pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
                match self {
                    $(Self::$variant(command) => command.run(output).await,)+
                }
            }
        }
    };
}

commands! {
    Status(status),
    Peers(peers),
    Group(group),
    Meet(meet),
    Invite(invite),
    Withdraw(withdraw),
    Invites(invites),
    Join(join),
    Decline(decline),
    Leave(leave),
    Switch(switch),
    Meetings(meetings),
    Roster(roster),
    Stats(stats),
    Whisper(whisper),
    Reply(reply),
    Talk(talk),
    Mute(mute),
    Unmute(unmute),
    Deafen(deafen),
    Undeafen(undeafen),
    Volume(volume),
    Silence(silence),
    Unsilence(unsilence),
    Latency(latency),
    Away(away),
    Back(back),
    Phone(phone),
    Dnd(dnd),
    Devices(devices),
    EchoTest(echo_test),
    Connect(connect),
    Doctor(doctor),
    Bugreport(bugreport),
    Hotkeys(hotkeys),
    Events(events),
    Top(top),
    Config(config),
    Completions(completions),
    Man(man),
    Start(start),
    Restart(restart),
    Quit(quit),
    Service(service),
}
