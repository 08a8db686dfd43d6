//! A host whose cable is bad: packets that reach it are lost, late, or out of order.
//!
//! netem would do this inside the kernel, but not every kernel has it. So the kernel queues what arrives for us
//! (NFQUEUE) and keeps it until we say that it may go on, or not. `nft` has a statement for that, which not every kernel
//! has either; the one of `iptables` is older.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nfq::{Message, Queue, Verdict};
use sotto_impairment::{Impairment, Link};

use crate::host::Host;

/// The number of the queue; each host has its own queues.
const QUEUE: u16 = 0;

/// How much of a packet is copied to us, in bytes. None would mean all.
const HEADERS: u16 = 28;

/// How often the queue is looked into, and so how much later than drawn a packet goes on at most.
const STEP: Duration = Duration::from_micros(250);

/// A bad cable. It is a good one again when this is dropped; what was under way is lost then.
#[derive(Debug)]
pub struct Impaired {
    host: Host,
    ended: Arc<AtomicBool>,
    worker: Option<JoinHandle<io::Result<()>>>,
}

impl Impaired {
    /// From now on, `impairment` happens to everything by IPv4 that reaches `host` from others.
    ///
    /// # Errors
    ///
    /// When the kernel queues no packets (it needs `nfnetlink_queue`), or `iptables` fails.
    pub fn new(host: &Host, impairment: Impairment, seed: u64) -> Result<Self> {
        let queue = host
            .opening(|| {
                let mut queue = Queue::open()?;
                queue.bind(QUEUE)?;
                // Only their time counts, not what is in them.
                queue.set_copy_range(QUEUE, HEADERS)?;
                queue.set_nonblocking(true);
                Ok(queue)
            })
            .with_context(|| format!("cannot queue the packets for {}", host.address()))?;
        let ended = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&ended);
        let link = Link::new(impairment, seed);
        let worker = std::thread::spawn(move || hold_back(queue, link, &until));
        let impaired = Self {
            host: host.clone(),
            ended,
            worker: Some(worker),
        };
        impaired.rule("--insert")?;
        Ok(impaired)
    }

    fn rule(&self, action: &str) -> Result<()> {
        self.host
            .run(
                "iptables",
                [
                    "--wait",
                    action,
                    "INPUT",
                    "--in-interface",
                    self.host.interface(),
                    "--jump",
                    "NFQUEUE",
                    "--queue-num",
                    &QUEUE.to_string(),
                ],
            )
            .map(drop)
    }
}

impl Drop for Impaired {
    fn drop(&mut self) {
        let _ = self.rule("--delete");
        self.ended.store(true, Ordering::Relaxed);
        if let Some(Ok(Err(error))) = self.worker.take().map(JoinHandle::join) {
            eprintln!("({} lost its queue: {error})", self.host.address());
        }
    }
}

/// Lets each packet go on when the link says so.
fn hold_back(mut queue: Queue, mut link: Link, until: &AtomicBool) -> io::Result<()> {
    let begun = Instant::now();
    // By when they go on, and of those that go on at once, the first to arrive first.
    let mut waiting: BTreeMap<(Instant, u64), Message> = BTreeMap::new();
    let mut number = 0;
    while !until.load(Ordering::Relaxed) {
        loop {
            let mut packet = match queue.recv() {
                Ok(packet) => packet,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            let now = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
            if let Some(at) = link.send(now) {
                let due = begun + Duration::from_nanos(at);
                number += 1;
                waiting.insert((due, number), packet);
            } else {
                packet.set_verdict(Verdict::Drop);
                queue.verdict(packet)?;
            }
        }
        let now = Instant::now();
        while let Some(next) = waiting.first_entry()
            && next.key().0 <= now
        {
            let mut packet = next.remove();
            packet.set_verdict(Verdict::Accept);
            queue.verdict(packet)?;
        }
        let next = waiting.first_key_value().map_or(STEP, |((due, _), _)| {
            due.saturating_duration_since(now).min(STEP)
        });
        sleep(next);
    }
    Ok(())
}
