//! What crosses between the voice threads and the rest of the daemon.

use std::sync::{Arc, RwLock};

use sotto_audio::priority::Priority;
use sotto_net::NodeId;
use sotto_voice::{DownlinkEvent, Retired, Slot, UplinkEvent};

/// What the voice threads tell.
#[expect(
    clippy::large_enum_variant,
    reason = "it lies in a ring that the voice threads fill, and they do not allocate"
)]
pub(crate) enum VoiceNews {
    /// From the uplink.
    Uplink(UplinkEvent),
    /// From the downlink.
    Downlink(DownlinkEvent),
    /// What a voice thread no longer needs, to be freed here.
    Past(#[expect(dead_code, reason = "held only to be dropped on the receiver's thread")] Retired),
    /// How a thread is scheduled, and its number for rtkit.
    Scheduled {
        /// `uplink` or `downlink`.
        thread: &'static str,
        /// What it got by itself.
        priority: Priority,
        /// Its number.
        id: u64,
    },
    /// A command that the voice machines refused, or a send that failed for good.
    Failed(String),
}

/// Which node a slot stands for; needed only where media travels over a stream instead of UDP.
#[derive(Debug, Clone)]
pub(crate) struct SlotNames(Arc<RwLock<Vec<Option<NodeId>>>>);

impl Default for SlotNames {
    fn default() -> Self {
        Self(Arc::new(RwLock::new(vec![None; Slot::COUNT])))
    }
}

impl SlotNames {
    /// Gives `slot` to `node`, or frees it.
    pub(crate) fn set(&self, slot: Slot, node: Option<NodeId>) {
        if let Ok(mut names) = self.0.write() {
            names[slot.index()] = node;
        }
    }

    /// The node that `slot` stands for. A voice thread does not wait: during a change there is none.
    pub(crate) fn node(&self, slot: Slot) -> Option<NodeId> {
        self.0.try_read().ok()?[slot.index()]
    }

    /// The slot of `node`. A voice thread does not wait: during a change there is none.
    pub(crate) fn slot(&self, node: NodeId) -> Option<Slot> {
        let names = self.0.try_read().ok()?;
        Slot::from_index(names.iter().position(|name| *name == Some(node))?)
    }
}

/// A voice thread's end of the ring of news. A full ring drops what is newest and counts it.
pub(crate) struct NewsSender {
    ring: rtrb::Producer<VoiceNews>,
    arrived: Arc<tokio::sync::Notify>,
}

/// The other end: wakes the asynchronous side when there is news.
pub(crate) struct NewsReceiver {
    ring: rtrb::Consumer<VoiceNews>,
    arrived: Arc<tokio::sync::Notify>,
}

/// Room for a second of everything that 256 peers can cause.
const NEWS: usize = 4096;

/// Makes both ends. `arrived` may serve several rings.
pub(crate) fn news(arrived: Arc<tokio::sync::Notify>) -> (NewsSender, NewsReceiver) {
    let (producer, consumer) = rtrb::RingBuffer::new(NEWS);
    (
        NewsSender {
            ring: producer,
            arrived: Arc::clone(&arrived),
        },
        NewsReceiver {
            ring: consumer,
            arrived,
        },
    )
}

impl NewsSender {
    /// Tells `news`, without waiting. What does not fit is dropped here.
    pub(crate) fn tell(&mut self, news: VoiceNews) {
        if self.ring.push(news).is_ok() {
            self.arrived.notify_one();
        }
    }
}

impl NewsReceiver {
    /// The next news, if there is any.
    pub(crate) fn take(&mut self) -> Option<VoiceNews> {
        self.ring.pop().ok()
    }

    /// What is notified when there is news.
    pub(crate) fn arrived(&self) -> Arc<tokio::sync::Notify> {
        Arc::clone(&self.arrived)
    }
}
