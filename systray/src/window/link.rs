//! The window's connection to the daemon and to the desktop: a thread of its own, which wakes the window when there is
//! something new to show, and only then.

use std::collections::{HashMap, VecDeque};
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use sotto_control::model::Levels;
use sotto_control::{Client, Event, Places, keys_report, keys_report_path, starter};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use super::desktop::{self, Word};
use super::errand::{Errand, Told};
use super::errands;
use super::keys::Facts;
use super::orders::{self, Order, Show};
use super::picture::{Picture, Voices, figures};
use crate::changes::{Changes, When};
use crate::daemon::{self, Clicks, News, Screen, Wishes};
use crate::instance::{self, ASIDE_EVERY, Keys};
use crate::state::State;

/// The most news that wait for the window. It takes them many times a second, unless it hangs.
const MOST_NEWS: usize = 64;
/// The pause before levels are asked for again.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest that a notification is waited for.
const NOTIFY_WITHIN: Duration = Duration::from_millis(500);
/// What the connection for levels calls itself to the daemon.
const NAME: &str = "sotto-tray levels";

/// Everything that is new since the window looked last.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    /// What to show, if that has changed.
    pub(crate) picture: Option<Picture>,
    /// Who speaks, if that has changed.
    pub(crate) voices: Option<Voices>,
    /// The figures of the network, if there are new ones.
    pub(crate) figures: Option<HashMap<String, String>>,
    /// What is known of keys, if that has changed.
    pub(crate) keys: Option<Facts>,
    /// What has happened.
    pub(crate) news: VecDeque<News>,
    /// What became of errands.
    pub(crate) told: VecDeque<Told>,
    /// The last order to come to the front.
    pub(crate) show: Option<Show>,
    /// What became of a start of the daemon.
    pub(crate) started: Option<Result<(), String>>,
    /// What the desktop's theme has become.
    pub(crate) dark: Option<bool>,
    /// Whether an icon in the panel shows that the meeting runs.
    pub(crate) icon: Option<bool>,
    /// Whether nobody is at the screen any more.
    pub(crate) gone: bool,
}

/// The state that both threads see.
#[derive(Debug, Default)]
struct Shared {
    fresh: Fresh,
    /// The last picture and voices, to tell what has changed.
    picture: Picture,
    voices: Voices,
}

/// The window's end.
pub(crate) struct Link {
    shared: Arc<Mutex<Shared>>,
    clicks: Clicks,
    /// Whether levels are wanted.
    listening: watch::Sender<bool>,
    /// Whether keys that work everywhere are to do nothing.
    aside: watch::Sender<bool>,
    runtime: Handle,
    places: Places,
    post: Post,
}

impl Link {
    /// Starts the thread. `wake` is called whenever there is something new.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(
        places: Places,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Mutex::new(Shared {
            picture: Picture::unknown(),
            ..Shared::default()
        }));
        let (clicks, wishes) = daemon::wishes();
        let (listening, wanted) = watch::channel(false);
        let (aside, set_aside) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let post = Post {
            shared: Arc::clone(&shared),
            wake: Arc::new(wake),
        };
        let (home, errands) = (places.clone(), post.clone());
        // A terminal gives no orders, and stops a program that reads from behind.
        if !std::io::stdin().is_terminal() {
            let input = post.clone();
            thread::Builder::new()
                .name("orders".into())
                .spawn(move || orders::read(std::io::stdin().lock(), |order| input.order(order)))?;
        }
        thread::Builder::new()
            .name("link".into())
            .spawn(move || runtime.block_on(run(places, wishes, (wanted, set_aside), post)))?;
        Ok(Self {
            shared,
            clicks,
            listening,
            aside,
            runtime: handle,
            places: home,
            post: errands,
        })
    }

    /// Sends somebody on an errand; what becomes of it comes with what is new.
    pub(crate) fn errand(&self, errand: Errand) {
        let (places, post) = (self.places.clone(), self.post.clone());
        self.runtime.spawn(async move {
            errands::run(&places, errand, |told| post.told(told)).await;
        });
    }

    /// Starts the daemon; what becomes of it comes with what is new.
    pub(crate) fn start_daemon(&self) {
        let (places, post) = (self.places.clone(), self.post.clone());
        self.runtime.spawn(async move {
            let started = starter::start(&places).await;
            post.put(|shared| {
                shared.fresh.started = Some(started);
                true
            });
        });
    }

    /// Shows a notification, and waits for it a moment: this process may be about to end.
    pub(crate) fn notify(&self, (title, text): (&'static str, &'static str)) {
        let (shown, wait) = std::sync::mpsc::channel();
        self.runtime.spawn(async move {
            if let Err(error) = desktop::notify(title, text).await {
                tracing::debug!(%error, "no notification");
            }
            let _ = shown.send(());
        });
        let _ = wait.recv_timeout(NOTIFY_WITHIN);
    }

    /// Takes what is new.
    pub(crate) fn take(&self) -> Fresh {
        std::mem::take(&mut lock(&self.shared).fresh)
    }

    /// Returns the way in for wishes.
    pub(crate) const fn clicks(&self) -> &Clicks {
        &self.clicks
    }

    /// Says whether levels are wanted: only while they can be seen.
    pub(crate) fn listen(&self, wanted: bool) {
        self.listening
            .send_if_modified(|now| std::mem::replace(now, wanted) != wanted);
    }

    /// Says whether keys that work everywhere are to do nothing: only while one is pressed here.
    pub(crate) fn set_keys_aside(&self, aside: bool) {
        self.aside
            .send_if_modified(|now| std::mem::replace(now, aside) != aside);
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // No code panics while it holds this lock.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread's end.
#[derive(Clone)]
struct Post {
    shared: Arc<Mutex<Shared>>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Post {
    /// Puts something down, and wakes the window if it matters.
    fn put(&self, change: impl FnOnce(&mut Shared) -> bool) {
        let matters = change(&mut lock(&self.shared));
        if matters {
            (self.wake)();
        }
    }

    fn order(&self, order: Order) -> bool {
        let Order::Show(show) = order;
        self.put(|shared| {
            shared.fresh.show = Some(show);
            true
        });
        true
    }

    fn told(&self, told: Told) {
        self.put(|shared| {
            if shared.fresh.told.len() >= MOST_NEWS {
                shared.fresh.told.pop_front();
            }
            shared.fresh.told.push_back(told);
            true
        });
    }

    fn levels(&self, levels: &Levels) {
        let voices = Voices::of(levels);
        self.put(|shared| {
            let changed = shared.voices != voices;
            if changed {
                shared.voices = voices.clone();
                shared.fresh.voices = Some(voices);
            }
            changed
        });
    }

    fn word(&self, word: Word) {
        self.put(|shared| {
            match word {
                Word::Dark(dark) => shared.fresh.dark = Some(dark),
                Word::Icon(shows) => shared.fresh.icon = Some(shows),
                Word::Gone => shared.fresh.gone = true,
            }
            true
        });
    }
}

impl Screen for Post {
    // Levels come over a connection of their own.
    const SPEAKING: bool = false;

    async fn show(&mut self, state: &State) {
        let (picture, figures) = (Picture::of(state), figures(state));
        self.put(|shared| {
            // Seen with the next frame, whatever that is drawn for.
            shared.fresh.figures = Some(figures);
            let changed = shared.picture != picture;
            if changed {
                shared.picture = picture.clone();
                shared.fresh.picture = Some(picture);
            }
            changed
        });
    }

    fn tell(&mut self, news: News) {
        self.put(|shared| {
            if shared.fresh.news.len() >= MOST_NEWS {
                shared.fresh.news.pop_front();
            }
            shared.fresh.news.push_back(news);
            true
        });
    }
}

/// Everything on the thread, until the window's end is dropped.
async fn run(
    places: Places,
    wishes: Wishes,
    (wanted, set_aside): (watch::Receiver<bool>, watch::Receiver<bool>),
    post: Post,
) {
    let mut screen = post.clone();
    let (loud, desk, keyboard) = (post.clone(), post.clone(), post);
    tokio::select! {
        () = daemon::follow(&places, wishes, &mut screen) => {}
        () = levels(&places, wanted, &loud) => {}
        () = keys(&places, &keyboard) => {}
        () = keep_aside(set_aside) => {}
        () = async {
            desktop::listen(|word| desk.word(word)).await;
            std::future::pending().await
        } => {}
    }
}

/// Follows the keys that are set, and what comes of them.
async fn keys(places: &Places, post: &Post) {
    let mut config = Changes::of(&places.config, When::Whole);
    let mut report = Changes::of(&keys_report_path(places), When::Written);
    let mut last = None;
    loop {
        let text = errands::read(places).await;
        match keys_report(places) {
            Ok(report) => last = report,
            // It is being written, of which the end is told too.
            Err(error) => tracing::debug!(%error, "what has come of keys cannot be read"),
        }
        let facts = Facts::of(&text, last.clone());
        post.put(|shared| {
            shared.fresh.keys = Some(facts);
            true
        });
        tokio::select! {
            () = config.next() => {}
            () = report.next() => {}
        }
    }
}

/// Keeps the keys of the icon aside while that is wanted. Should this program die, it takes them back.
async fn keep_aside(mut wanted: watch::Receiver<bool>) {
    while wanted.wait_for(|wanted| *wanted).await.is_ok() {
        while *wanted.borrow() {
            ask_for(Keys::Aside).await;
            let _ = timeout(ASIDE_EVERY, wanted.wait_for(|wanted| !*wanted)).await;
        }
        ask_for(Keys::Back).await;
    }
}

async fn ask_for(keys: Keys) {
    if let Err(error) = instance::ask_for(keys).await {
        tracing::debug!(%error, ?keys, "there is no icon to ask");
    }
}

/// Follows the levels while they are wanted, over a connection of its own: the other one holds whispers, and must last.
async fn levels(places: &Places, mut wanted: watch::Receiver<bool>, post: &Post) {
    loop {
        if wanted.wait_for(|wanted| *wanted).await.is_err() {
            return;
        }
        let follow = async {
            if let Ok(client) = Client::connect(places, NAME).await
                && let Ok((_, mut events)) = client.subscribe(true).await
            {
                while let Some(event) = events.next().await {
                    if let Event::Levels { levels } = event {
                        post.levels(&levels);
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        };
        tokio::select! {
            () = follow => {}
            gone = async { wanted.clone().wait_for(|wanted| !*wanted).await.map(drop) } => {
                if gone.is_err() {
                    return;
                }
            }
        }
        post.levels(&Levels::default());
    }
}
