//! The server's devices.

use pulseaudio::protocol::{Command, ServerInfo};

use super::connection::Connection;
use super::form::{Described, all, default_name};
use super::refusal::Refusal;
use crate::device_list::{DeviceInfo, MOST_DEVICES, Named, choose};
use crate::error::{DeviceError, Direction};
use crate::spec::DeviceSpec;

/// Every device of the server, microphones first.
pub(crate) fn list() -> Result<Vec<DeviceInfo>, DeviceError> {
    let refused = |refusal: Refusal| refusal.about(Direction::Capture, "");
    let mut connection = Connection::open().map_err(refused)?;
    let server: ServerInfo = connection.ask(&Command::GetServerInfo).map_err(refused)?;
    let mut found = Vec::new();
    for direction in [Direction::Capture, Direction::Playback] {
        let default = default_name(&server, direction);
        let devices = all(&mut connection, direction).map_err(refused)?;
        found.extend(
            devices
                .into_iter()
                .take(MOST_DEVICES)
                .map(|device| DeviceInfo {
                    id: device.id(),
                    direction,
                    is_default: default.as_deref() == Some(&*device.name),
                    is_monitor: device.pretended,
                    form: device.form,
                    bluetooth: device.bluetooth,
                    muted: device.muted,
                    name: device.title,
                }),
        );
    }
    Ok(found)
}

/// The device that is meant.
pub(super) fn find(
    connection: &mut Connection,
    direction: Direction,
    spec: &DeviceSpec,
) -> Result<Described, DeviceError> {
    let refused = |refusal: Refusal| refusal.about(direction, "");
    let mut devices = all(connection, direction).map_err(refused)?;
    devices.truncate(MOST_DEVICES);
    let index = match spec {
        DeviceSpec::Named(name) => {
            let known: Vec<Named> = devices
                .iter()
                .map(|device| Named {
                    id: device.id(),
                    title: device.title.clone(),
                    monitor: device.pretended,
                })
                .collect();
            choose(&known, direction, name)?
        }
        _ => {
            let server: ServerInfo = connection.ask(&Command::GetServerInfo).map_err(refused)?;
            let default = default_name(&server, direction);
            let device = devices
                .iter()
                .position(|device| Some(&device.name) == default.as_ref());
            let Some(index) = device.filter(|index| !devices[*index].pretended) else {
                return Err(DeviceError::NoDefault(direction));
            };
            if direction == Direction::Capture && devices[index].bluetooth {
                return Err(DeviceError::BluetoothMicrophone {
                    name: devices[index].title.clone(),
                    id: devices[index].id(),
                });
            }
            index
        }
    };
    Ok(devices.swap_remove(index))
}
