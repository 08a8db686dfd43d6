//! The icon as the panel sees it: a StatusNotifierItem.

use ksni::menu::{StandardItem, SubMenu};
use ksni::{Category, Handle, Icon, MenuItem, OfflineReason, Status, ToolTip, Tray};
use tokio::sync::watch;

use crate::app;
use crate::click::{Click, Show};
use crate::face;
use crate::hands::Hands;
use crate::icon::{self, files};
use crate::view::{Entry, View};

/// The icon.
pub(super) struct Item {
    view: View,
    hands: Hands,
    /// Whether icons can be named, because they are installed. Panels that find no icon of that name show none.
    named: bool,
    /// Told whether a panel is there.
    host: watch::Sender<bool>,
}

impl face::Tray for Handle<Item> {
    async fn show(&self, view: View) {
        self.update(|item| item.view = view).await;
    }
}

impl Item {
    pub(super) const fn new(
        view: View,
        hands: Hands,
        named: bool,
        host: watch::Sender<bool>,
    ) -> Self {
        Self {
            view,
            hands,
            named,
            host,
        }
    }

    fn click(&self, click: Click) {
        let token = match &click {
            Click::Show(_) => ksni::current_xdg_activation_token(),
            Click::Ask(_)
            | Click::Start
            | Click::Restart
            | Click::ChooseKeys
            | Click::KeysAside(_) => None,
        };
        self.hands.click(click, token);
    }

    fn name(&self) -> String {
        if self.named {
            files::name(self.view.mood, self.view.badge)
        } else {
            String::new()
        }
    }

    fn pixmap(&self) -> Vec<Icon> {
        icon::draw(self.view.mood, self.view.badge)
            .into_iter()
            .map(|picture| Icon {
                width: picture.size.into(),
                height: picture.size.into(),
                data: picture.argb,
            })
            .collect()
    }
}

impl Tray for Item {
    // A click opens the window, whatever the icon shows at that moment. Some panels open the menu instead, which begins
    // with the same.
    const MENU_ON_ACTIVATE: bool = false;

    fn activate(&mut self, _x: i32, _y: i32) {
        self.click(Click::Show(Show::Window));
    }

    fn id(&self) -> String {
        app::ID.into()
    }

    fn title(&self) -> String {
        app::NAME.into()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    /// An invitation asks for attention, and takes no focus.
    fn status(&self) -> Status {
        if self.view.badge {
            Status::NeedsAttention
        } else {
            Status::Active
        }
    }

    fn icon_name(&self) -> String {
        self.name()
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        self.pixmap()
    }

    fn attention_icon_name(&self) -> String {
        self.name()
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        if self.view.badge {
            self.pixmap()
        } else {
            Vec::new()
        }
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: without_markup(&self.view.headline),
            description: without_markup(&self.view.details),
            ..ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.view.menu.iter().cloned().map(menu_item).collect()
    }

    fn watcher_online(&self) {
        self.host.send_replace(true);
    }

    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        self.host.send_replace(false);
        // A panel that starts later, or again, finds the icon.
        true
    }
}

fn menu_item(entry: Entry) -> MenuItem<Item> {
    match entry {
        Entry::Text(label) => StandardItem {
            label: plain(&label),
            enabled: false,
            ..StandardItem::default()
        }
        .into(),
        Entry::Action { label, click } => StandardItem {
            label: plain(&label),
            activate: Box::new(move |item: &mut Item| item.click(click.clone())),
            ..StandardItem::default()
        }
        .into(),
        Entry::List { label, lines } => SubMenu {
            label: plain(&label),
            submenu: lines.into_iter().map(menu_item).collect(),
            ..SubMenu::default()
        }
        .into(),
        Entry::Separator => MenuItem::Separator,
    }
}

/// A label in which underscores do not name access keys.
fn plain(label: &str) -> String {
    label.replace('_', "__")
}

/// A tooltip may contain markup, and some panels load pictures that it names; others show it as it is. Names come from
/// other people, so the characters that begin markup are replaced rather than escaped.
fn without_markup(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›").replace('&', "＆")
}
