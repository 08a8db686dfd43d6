//! What all calls of libopus share: making its states, and reading its answers.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr::NonNull;

use opusic_sys as sys;

use super::CodecError;
use crate::FrameLength;

/// What `create` made, which writes the reason to the place that it is given if that is nothing.
pub(super) fn created<T>(
    create: impl FnOnce(*mut c_int) -> *mut T,
) -> Result<NonNull<T>, CodecError> {
    let mut error = sys::OPUS_OK;
    NonNull::new(create(&raw mut error)).ok_or_else(|| CodecError::Setup {
        reason: describe(error),
    })
}

pub(super) fn checked_setup(code: c_int) -> Result<(), CodecError> {
    if code == sys::OPUS_OK {
        Ok(())
    } else {
        Err(CodecError::Setup {
            reason: describe(code),
        })
    }
}

pub(super) fn checked_length(samples: c_int, bytes: usize) -> Result<FrameLength, CodecError> {
    match usize::try_from(samples) {
        Ok(count) => FrameLength::of(count).ok_or(CodecError::Duration { samples: count }),
        Err(_) => Err(CodecError::Frame {
            bytes,
            reason: describe(samples),
        }),
    }
}

/// libopus's words for an error code.
pub(super) fn describe(code: c_int) -> &'static str {
    // SAFETY: `opus_strerror` returns a static, NUL-terminated string for every code.
    let text = unsafe { std::ffi::CStr::from_ptr(sys::opus_strerror(code)) };
    text.to_str().unwrap_or("unknown error")
}
