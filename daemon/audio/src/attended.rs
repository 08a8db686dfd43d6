//! Devices that their voice thread attends to itself.
//!
//! Each thread between a sound system and a voice thread costs two task switches a block, which is more than the block
//! itself costs, and a block of delay. A sound system that is spoken to over a socket needs none: the voice thread waits
//! for that socket together with whatever else it waits for, and answers.

#[cfg(unix)]
use std::os::fd::BorrowedFd;

/// A device's end of the socket, on the voice thread's side.
pub(crate) trait Attended: Send {
    /// Returns what becomes readable when the device has sent something.
    #[cfg(unix)]
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Takes in what the device has sent, without waiting for more. A microphone's sound is in the ring afterwards.
    fn attend(&mut self);

    /// Returns how many of its samples a loudspeaker has to be given; negative while it has more than it needs.
    fn owed(&self) -> i64;

    /// Gives a loudspeaker what lies in the ring.
    fn give(&mut self);
}

/// Methods of an end that may be attended to.
macro_rules! attended_methods {
    ($end:ident) => {
        impl $end {
            /// Returns what this thread has to wait for: whenever it is readable, call [`attend`](Self::attend). `None` for
            /// a device that has a thread of its own and wakes this one.
            #[cfg(unix)]
            #[must_use]
            pub fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
                self.attended.as_ref().map(|device| device.descriptor())
            }

            /// Takes in what the device has sent. Never blocks; does nothing for a device with a thread of its own.
            pub fn attend(&mut self) {
                if let Some(device) = &mut self.attended {
                    device.attend();
                }
            }

            /// Has the voice thread attend to this device.
            #[cfg_attr(
                not(all(target_os = "linux", feature = "pulseaudio")),
                allow(dead_code)
            )]
            pub(crate) fn attended_by(
                mut self,
                device: impl crate::attended::Attended + 'static,
            ) -> Self {
                self.attended = Some(Box::new(device));
                self
            }
        }
    };
}

pub(crate) use attended_methods;
