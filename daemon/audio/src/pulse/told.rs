//! What the server's messages mean for a stream.

use pulseaudio::protocol::stream::BufferAttr;
use pulseaudio::protocol::{Command, SubscriptionEventFacility, SubscriptionEventType};

use super::form::Described;
use super::refusal::Refusal;

/// What has changed since it was asked about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Due {
    pub(super) device: bool,
    pub(super) defaults: bool,
}

/// What the thread has to do after a message, when the message is no longer borrowed.
pub(super) enum Next {
    Nothing,
    /// Sound came or went.
    Moved,
    /// The server wants so many bytes for its loudspeaker.
    Fill(usize),
    /// It had nothing left to play.
    RanDry,
    /// Its loudspeaker has another buffer now.
    Buffered(BufferAttr),
    Answered(Result<Known, Refusal>),
    /// The stream is over.
    Over(String),
}

/// An answer, read.
pub(super) enum Known {
    Default(Option<String>),
    Device(Described),
}

/// What a message asks for; it may note that something is due.
pub(super) fn told(command: &Command, channel: u32, index: &mut u32, due: &mut Due) -> Next {
    match command {
        Command::Request(request) if request.channel == channel => {
            return Next::Fill(request.length as usize);
        }
        Command::Underflow(underflow) if underflow.channel == channel => return Next::RanDry,
        Command::RecordStreamKilled(stream) | Command::PlaybackStreamKilled(stream)
            if *stream == channel =>
        {
            return Next::Over("it was unplugged, or closed by the sound system".to_owned());
        }
        // It was forbidden; a server that does it all the same has another microphone in hand.
        Command::RecordStreamMoved(moved) if moved.stream_index == channel => {
            return Next::Over("the sound system moved it to another device".to_owned());
        }
        Command::PlaybackStreamMoved(moved) if moved.stream_index == channel => {
            *index = moved.device_index;
            due.device = true;
            return Next::Buffered(moved.buffer_attr);
        }
        Command::SubscribeEvent(event) => match event.event_facility {
            SubscriptionEventFacility::Server => due.defaults = true,
            // Muted, or something was plugged into its jack.
            _ if event.index == Some(*index)
                && event.event_type == SubscriptionEventType::Changed =>
            {
                due.device = true;
            }
            _ => {}
        },
        _ => {}
    }
    Next::Nothing
}
