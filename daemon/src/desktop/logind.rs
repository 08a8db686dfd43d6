//! The names by which logind is found on the system bus.

/// Its service.
pub(super) const LOGIND: &str = "org.freedesktop.login1";
/// The interface of its manager.
pub(super) const MANAGER: &str = "org.freedesktop.login1.Manager";
/// The object of its manager.
pub(super) const MANAGER_PATH: &str = "/org/freedesktop/login1";
