//! The two voice threads: orders to them, and news from them.

use std::collections::HashMap;
use std::sync::Arc;

use sotto_audio::priority::Priority;
use sotto_voice::{Downlink, DownlinkCommand, Uplink, UplinkCommand};
use tokio::sync::Notify;

use crate::threads::{
    DownlinkOrder, DownlinkThread, NewsReceiver, UplinkOrder, UplinkThread, VoiceNews,
};

/// The voice threads, seen from the asynchronous side.
pub(super) struct Lines {
    uplink: UplinkThread,
    downlink: DownlinkThread,
    uplink_news: NewsReceiver,
    downlink_news: NewsReceiver,
    priorities: HashMap<&'static str, Priority>,
    inside: bool,
}

impl Lines {
    /// Holds threads that have no conversation.
    pub(super) fn new(
        (uplink, uplink_news): (UplinkThread, NewsReceiver),
        (downlink, downlink_news): (DownlinkThread, NewsReceiver),
    ) -> Self {
        Self {
            uplink,
            downlink,
            uplink_news,
            downlink_news,
            priorities: HashMap::new(),
            inside: false,
        }
    }

    /// Returns whether there is a conversation.
    pub(super) fn inside(&self) -> bool {
        self.inside
    }

    /// Begins a conversation.
    pub(super) fn enter(&mut self, uplink: Uplink, downlink: Downlink) {
        self.inside = true;
        if !self.uplink.order(UplinkOrder::Enter(Box::new(uplink)))
            || !self
                .downlink
                .order(DownlinkOrder::Enter(Box::new(downlink)))
        {
            tracing::error!("the voice threads do not respond");
        }
    }

    /// Ends the conversation.
    pub(super) fn leave(&mut self) {
        self.inside = false;
        if !self.uplink.order(UplinkOrder::Leave) || !self.downlink.order(DownlinkOrder::Leave) {
            tracing::error!("the voice threads do not respond");
        }
    }

    /// Tells the uplink what to do, in a conversation.
    pub(super) fn up(&mut self, command: UplinkCommand) {
        if self.inside && !self.uplink.order(UplinkOrder::Command(command)) {
            tracing::error!("the uplink thread does not respond");
        }
    }

    /// Tells the downlink what to do, in a conversation.
    pub(super) fn down(&mut self, command: DownlinkCommand) {
        if self.inside && !self.downlink.order(DownlinkOrder::Command(command)) {
            tracing::error!("the downlink thread does not respond");
        }
    }

    /// Returns what is notified when there is news.
    pub(super) fn arrived(&self) -> Arc<Notify> {
        self.uplink_news.arrived()
    }

    /// Returns the next piece of news.
    pub(super) fn take_news(&mut self) -> Option<VoiceNews> {
        self.uplink_news
            .take()
            .or_else(|| self.downlink_news.take())
    }

    /// Notes how a thread is scheduled.
    pub(super) fn set_priority(&mut self, thread: &'static str, priority: Priority) {
        self.priorities.insert(thread, priority);
    }

    /// Returns how the threads are scheduled, the worse of the two: `None` until both have said.
    pub(super) fn priority(&self) -> Option<Priority> {
        (self.priorities.len() == 2)
            .then(|| self.priorities.values().copied().max())
            .flatten()
    }
}
