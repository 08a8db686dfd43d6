//! The strip for screen readers, which the window's framework serves by itself.

use accesskit_unix::Adapter;
use eframe::egui::Event;
use eframe::egui::accesskit::{
    ActionHandler, ActionRequest, ActivationHandler, DeactivationHandler, Rect, TreeUpdate,
};

use super::Wake;
use smithay_client_toolkit::reexports::calloop::channel::Sender;

/// The way to screen readers.
pub(super) struct Reader {
    adapter: Adapter,
    /// What they have done, until the toolkit is told.
    done: Vec<Event>,
}

impl Reader {
    /// Offers the strip to whoever asks.
    pub(super) fn new(wake: &Sender<Wake>) -> Self {
        let ear = || Ear(wake.clone());
        Self {
            adapter: Adapter::new(ear(), ear(), ear()),
            done: Vec::new(),
        }
    }

    /// Takes what one of them does.
    pub(super) fn act(&mut self, request: ActionRequest) {
        self.done.push(Event::AccessKitActionRequest(request));
    }

    /// Takes what the toolkit has not been told yet.
    pub(super) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.done)
    }

    /// Says what the strip shows, if somebody listens.
    pub(super) fn update(&mut self, shown: Option<TreeUpdate>) {
        if let Some(shown) = shown {
            self.adapter.update_if_active(|| shown);
        }
    }

    /// Says where the strip is on its screen, in pixels.
    pub(super) fn place(&mut self, (x, y): (f32, f32), (width, height): (u32, u32)) {
        let (x, y) = (f64::from(x), f64::from(y));
        let whole = Rect::new(x, y, x + f64::from(width), y + f64::from(height));
        self.adapter.set_root_window_bounds(whole, whole);
    }
}

/// Takes what screen readers say, on a thread of theirs.
struct Ear(Sender<Wake>);

impl Ear {
    fn hear(&self, wake: Wake) {
        // Nobody is there to take it when the strip ends.
        let _ = self.0.send(wake);
    }
}

impl ActivationHandler for Ear {
    fn request_initial_tree(&mut self) -> Option<TreeUpdate> {
        self.hear(Wake::Reader(true));
        None
    }
}

impl ActionHandler for Ear {
    fn do_action(&mut self, request: ActionRequest) {
        self.hear(Wake::Action(request));
    }
}

impl DeactivationHandler for Ear {
    fn deactivate_accessibility(&mut self) {
        self.hear(Wake::Reader(false));
    }
}
