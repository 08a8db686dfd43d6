//! The compositor's layers: with them a strip can be above all windows.

use smithay_client_toolkit::reexports::client::globals::registry_queue_init;
use smithay_client_toolkit::reexports::client::{Connection, EventQueue, Proxy};
use smithay_client_toolkit::reexports::protocols_wlr::layer_shell::v1::client::zwlr_layer_shell_v1::ZwlrLayerShellV1;

use super::activation::Nobody;

/// Returns whether the compositor has layers.
pub(crate) fn are_offered() -> bool {
    let Ok(connection) = Connection::connect_to_env() else {
        return false;
    };
    let listed: Result<(_, EventQueue<Nobody>), _> = registry_queue_init(&connection);
    let name = ZwlrLayerShellV1::interface().name;
    listed.is_ok_and(|(globals, _)| {
        let contents = globals.contents();
        contents.with_list(|list| list.iter().any(|one| one.interface == name))
    })
}
