//! What the server says about a device, in our words.

use pulseaudio::protocol::port_info::PortType;
use pulseaudio::protocol::{
    ChannelMap, Command, GetSinkInfo, GetSourceInfo, Prop, Props, ServerInfo, SinkInfo,
    SinkInfoList, SourceInfo, SourceInfoList,
};

use super::connection::Connection;
use super::refusal::Refusal;
use crate::error::Direction;
use crate::form_factor::FormFactor;

/// The sink that a server makes when it has none, so that programs may play into nothing.
const NO_SINK: &str = "auto_null";

/// A device as its server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described {
    /// The server's number for it, which another device has after a restart.
    pub(super) index: u32,
    /// The server's name for it, which lasts.
    pub(super) name: String,
    /// What it is called, for people.
    pub(super) title: String,
    pub(super) rate: u32,
    pub(super) channels: u8,
    pub(super) channel_map: ChannelMap,
    pub(super) form: FormFactor,
    pub(super) bluetooth: bool,
    /// No microphone, but what is played elsewhere; or no loudspeaker at all.
    pub(super) pretended: bool,
    /// Closed in the system's own settings.
    pub(super) muted: bool,
}

impl Described {
    /// The identifier for the configuration.
    pub(super) fn id(&self) -> String {
        identifier(&self.name)
    }

    fn of_source(info: &SourceInfo) -> Self {
        let port = info.ports.get(info.active_port).map(|port| port.port_type);
        let name = info.name.to_string_lossy().into_owned();
        Self {
            index: info.index,
            title: title(info.description.as_deref(), &name),
            rate: info.sample_spec.sample_rate,
            channels: info.sample_spec.channels,
            channel_map: info.channel_map,
            form: form(&info.props, port),
            bluetooth: is_bluetooth(&info.props, &name),
            pretended: info.monitor_of_sink_index.is_some(),
            muted: info.muted,
            name,
        }
    }

    fn of_sink(info: &SinkInfo) -> Self {
        let port = info.ports.get(info.active_port).map(|port| port.port_type);
        let name = info.name.to_string_lossy().into_owned();
        Self {
            index: info.index,
            title: title(info.description.as_deref(), &name),
            rate: info.sample_spec.sample_rate,
            channels: info.sample_spec.channels,
            channel_map: info.channel_map,
            form: form(&info.props, port),
            bluetooth: is_bluetooth(&info.props, &name),
            pretended: name == NO_SINK,
            muted: info.muted,
            name,
        }
    }
}

/// The identifier of the device that the server calls `name`.
pub(super) fn identifier(name: &str) -> String {
    format!("pulseaudio:{name}")
}

/// Every device of a direction.
pub(super) fn all(
    connection: &mut Connection,
    direction: Direction,
) -> Result<Vec<Described>, Refusal> {
    Ok(match direction {
        Direction::Capture => {
            let sources: SourceInfoList = connection.ask(&Command::GetSourceInfoList)?;
            sources.iter().map(Described::of_source).collect()
        }
        Direction::Playback => {
            let sinks: SinkInfoList = connection.ask(&Command::GetSinkInfoList)?;
            sinks.iter().map(Described::of_sink).collect()
        }
    })
}

/// The command that asks for one device by the server's number.
pub(super) fn question(direction: Direction, index: u32) -> Command {
    match direction {
        Direction::Capture => Command::GetSourceInfo(GetSourceInfo {
            index: Some(index),
            name: None,
        }),
        Direction::Playback => Command::GetSinkInfo(GetSinkInfo {
            index: Some(index),
            name: None,
        }),
    }
}

/// Reads the answer to [`question`].
pub(super) fn answer(
    direction: Direction,
    reply: &super::connection::Reply<'_>,
) -> Result<Described, Refusal> {
    Ok(match direction {
        Direction::Capture => Described::of_source(&reply.read()?),
        Direction::Playback => Described::of_sink(&reply.read()?),
    })
}

/// One device by the server's number.
pub(super) fn one(
    connection: &mut Connection,
    direction: Direction,
    index: u32,
) -> Result<Described, Refusal> {
    connection.answered(&question(direction, index), |reply| {
        answer(direction, &reply)
    })
}

/// The server's name for the default of a direction, if it has one.
pub(super) fn default_name(server: &ServerInfo, direction: Direction) -> Option<String> {
    let name = match direction {
        Direction::Capture => &server.default_source_name,
        Direction::Playback => &server.default_sink_name,
    };
    name.as_ref()
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.is_empty())
}

fn title(description: Option<&std::ffi::CStr>, name: &str) -> String {
    description.map_or_else(
        || name.to_owned(),
        |description| description.to_string_lossy().into_owned(),
    )
}

fn text(props: &Props, prop: Prop) -> Option<&str> {
    let bytes = props.get(prop)?;
    std::str::from_utf8(bytes.strip_suffix(b"\0").unwrap_or(bytes)).ok()
}

fn is_bluetooth(props: &Props, name: &str) -> bool {
    text(props, Prop::DeviceBus) == Some("bluetooth")
        || text(props, Prop::DeviceApi) == Some("bluez")
        || super::super::device_list::is_bluetooth(name)
}

/// What is plugged in comes before what it is plugged into: a laptop with headphones in its jack is headphones.
fn form(props: &Props, port: Option<PortType>) -> FormFactor {
    match port {
        Some(PortType::Headset) => return FormFactor::Headset,
        Some(PortType::Headphones) => return FormFactor::Headphones,
        Some(PortType::Handset | PortType::Earpiece) => return FormFactor::Handset,
        Some(PortType::Handsfree) => return FormFactor::HandsFree,
        Some(PortType::Hdmi | PortType::Tv) => return FormFactor::Screen,
        _ => {}
    }
    let said = match text(props, Prop::DeviceFormFactor) {
        Some("headset") => FormFactor::Headset,
        Some("headphone") => FormFactor::Headphones,
        Some("handset") => FormFactor::Handset,
        Some("speaker" | "hifi" | "portable" | "car") => FormFactor::Speakers,
        Some("microphone") => FormFactor::Microphone,
        Some("webcam") => FormFactor::Webcam,
        Some("hands-free") => FormFactor::HandsFree,
        Some("tv") => FormFactor::Screen,
        Some("internal" | "computer") => FormFactor::BuiltIn,
        _ => FormFactor::Unknown,
    };
    match (said, port) {
        (FormFactor::Unknown | FormFactor::BuiltIn, Some(PortType::Speaker)) => {
            FormFactor::Speakers
        }
        (said, _) => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn props(pairs: &[(Prop, &std::ffi::CStr)]) -> Props {
        let mut props = Props::new();
        for (prop, value) in pairs {
            props.set(*prop, value);
        }
        props
    }

    #[test]
    fn what_is_plugged_in_comes_before_what_it_is_plugged_into() {
        let laptop = props(&[(Prop::DeviceFormFactor, c"internal")]);
        assert_eq!(form(&laptop, None), FormFactor::BuiltIn);
        assert_eq!(form(&laptop, Some(PortType::Speaker)), FormFactor::Speakers);
        assert_eq!(
            form(&laptop, Some(PortType::Headphones)),
            FormFactor::Headphones
        );
        let headset = props(&[(Prop::DeviceFormFactor, c"headset")]);
        assert_eq!(form(&headset, Some(PortType::Mic)), FormFactor::Headset);
        assert!(form(&headset, None).is_worn());
        assert_eq!(form(&Props::new(), None), FormFactor::Unknown);
    }

    #[test]
    fn bluetooth_is_known_by_bus_by_api_and_by_name() {
        assert!(is_bluetooth(
            &props(&[(Prop::DeviceBus, c"bluetooth")]),
            "x"
        ));
        assert!(is_bluetooth(&props(&[(Prop::DeviceApi, c"bluez")]), "x"));
        assert!(is_bluetooth(
            &Props::new(),
            "bluez_source.00_11_22_33_44_55.handsfree_head_unit"
        ));
        assert!(!is_bluetooth(
            &props(&[(Prop::DeviceBus, c"usb")]),
            "alsa_input.usb-x"
        ));
    }
}
