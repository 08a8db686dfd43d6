//! The names by which logind is found on the system bus.

/// Its service.
pub(super) const LOGIND: &str = "org.freedesktop.login1";
/// The interface of its manager.
pub(super) const MANAGER: &str = "org.freedesktop.login1.Manager";
/// The object of its manager.
pub(super) const MANAGER_PATH: &str = "/org/freedesktop/login1";
/// The interface of a session.
pub(super) const SESSION: &str = "org.freedesktop.login1.Session";
/// The interface of a user.
pub(super) const USER: &str = "org.freedesktop.login1.User";
/// The interface that tells of properties.
pub(super) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
