//! Whispers to me, and the answer to the last of them.

use std::time::Duration;

use super::incoming::News;
use super::{Notice, Place, Talk, TalkRefusal, WhisperNotice};
use crate::command::WhisperMode;
use crate::ids::PeerId;

impl Talk {
    /// Returns whether a whisper's notice may be taken now: notices of one speaker are limited.
    pub(crate) fn admits_notice(
        &mut self,
        from: PeerId,
        notice: &WhisperNotice,
        now: Duration,
    ) -> bool {
        self.incoming.admits(from, notice, now)
    }

    /// Takes a whisper's notice, which arrived over a connection that proves `from`, who holds the meeting's secret.
    pub(crate) fn handle_notice(&mut self, from: PeerId, notice: &WhisperNotice, now: Duration) {
        if self.place == Place::Inside && self.is_present(from) {
            let news = self
                .incoming
                .handle(self.me, from, notice, &self.attendees, now);
            self.tell_incoming(from, news);
        }
    }

    /// Takes note of a whisper's packet, which authenticated as `from`'s. Returns whether it began a whisper.
    pub(crate) fn whispered(&mut self, from: PeerId, now: Duration) -> bool {
        if self.place != Place::Inside || !self.is_present(from) {
            return false;
        }
        let news = self.incoming.packet(from, now);
        let begun = news.is_some();
        self.tell_incoming(from, news);
        begun
    }

    fn tell_incoming(&mut self, from: PeerId, news: Option<News>) {
        match news {
            Some(News::Started(others)) => {
                let unheard = self.deafened;
                self.notice(Notice::WhisperStarted {
                    from,
                    others,
                    unheard,
                });
            }
            Some(News::Stopped) => self.notice(Notice::WhisperStopped { from }),
            None => {}
        }
    }

    /// Answers whoever began to whisper last and those of the other receivers who are still present, as they are at this
    /// moment.
    ///
    /// `meant` is whom the user believes to answer, the whisperer first. If the answer would go to anybody else, nothing
    /// changes.
    pub(crate) fn reply(
        &mut self,
        meant: Option<&[PeerId]>,
        mode: WhisperMode,
        at: Option<u64>,
        now: Duration,
    ) -> Result<Vec<PeerId>, TalkRefusal> {
        self.may_whisper(mode)?;
        let (whisperer, _) = self.incoming.last().ok_or(TalkRefusal::NothingToReplyTo)?;
        if let Some(meant) = meant
            && meant.first() != Some(&whisperer)
        {
            return Err(TalkRefusal::ReplyMoved { peer: whisperer });
        }
        if !self.is_present(whisperer) {
            return Err(TalkRefusal::WhispererGone { peer: whisperer });
        }
        let chosen = self.reply_to();
        if let Some(meant) = meant
            && let Some(peer) = chosen.iter().find(|peer| !meant.contains(peer))
        {
            return Err(TalkRefusal::ReplyReaches { peer: *peer });
        }
        self.begin(chosen.clone(), mode, at, now);
        Ok(chosen)
    }

    /// Returns whom [`Self::reply`] would address now, the whisperer first; nobody if it would be refused.
    pub(crate) fn reply_to(&self) -> Vec<PeerId> {
        match self.incoming.last() {
            Some((whisperer, others)) if self.is_present(whisperer) => std::iter::once(whisperer)
                .chain(others.filter(|peer| self.is_present(*peer)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Who whispers to me right now, and to whom else according to the speaker.
    pub(crate) fn whispers(&self) -> impl Iterator<Item = (PeerId, &[PeerId])> {
        self.incoming.current()
    }
}
