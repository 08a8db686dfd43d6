//! The name by which the desktop knows Sotto.

/// The id of the `.desktop` file, the autostart entry, the windows, the D-Bus name and the AppStream component.
///
/// Portals and panels tell programs apart by it, so that all of these must be the same. The project has no domain: `.alt`
/// is set aside for names that are none (RFC 9476), so that this one claims nobody's.
pub const APP_ID: &str = "alt.sotto.Sotto";
