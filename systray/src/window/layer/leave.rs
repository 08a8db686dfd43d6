//! The compositor's leave for the window that follows the strip: the user has clicked here, and the keyboard is to be
//! there (`xdg_activation_v1`).

use smithay_client_toolkit::reexports::client::protocol::wl_seat::WlSeat;
use smithay_client_toolkit::reexports::client::protocol::wl_surface::WlSurface;
use smithay_client_toolkit::reexports::client::{Connection, Dispatch, QueueHandle};
use smithay_client_toolkit::reexports::protocols::xdg::activation::v1::client::xdg_activation_token_v1::{
    self, XdgActivationTokenV1,
};
use smithay_client_toolkit::reexports::protocols::xdg::activation::v1::client::xdg_activation_v1::XdgActivationV1;
use sotto_control::APP_ID;

/// Asks for it, on the strength of a click on this surface. A compositor that does not answer at once gives none.
pub(super) fn ask(
    connection: &Connection,
    activation: &XdgActivationV1,
    surface: &WlSurface,
    click: Option<(&WlSeat, u32)>,
) -> Option<String> {
    let mut queue = connection.new_event_queue();
    let request = activation.get_activation_token(&queue.handle(), ());
    if let Some((seat, serial)) = click {
        request.set_serial(serial, seat);
    }
    request.set_app_id(APP_ID.to_owned());
    request.set_surface(surface);
    request.commit();
    let mut answer = Answer(None);
    if let Err(error) = queue.roundtrip(&mut answer) {
        tracing::debug!(%error, "no leave for the window");
    }
    request.destroy();
    answer.0
}

struct Answer(Option<String>);

impl Dispatch<XdgActivationTokenV1, ()> for Answer {
    fn event(
        answer: &mut Self,
        _: &XdgActivationTokenV1,
        event: xdg_activation_token_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_activation_token_v1::Event::Done { token } = event {
            answer.0 = Some(token);
        }
    }
}
