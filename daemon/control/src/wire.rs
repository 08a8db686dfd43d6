//! Lines and the JSON-RPC 2.0 objects on them.

mod lines;
mod queue;

pub(crate) use lines::{Line, LineReader};
pub(crate) use queue::{Item, Queue};

use crate::error::{ControlError, ErrorCode};
use crate::event::Event;
use crate::method::Request;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// The longest request, in bytes, without its line feed.
pub const MAX_REQUEST_LINE: usize = 64 * 1024;
/// The longest reply or event that a client accepts: a lobby of 4,096 colleagues and 64 full meetings fit.
pub const MAX_REPLY_LINE: usize = 16 * 1024 * 1024;
/// The longest text that may identify a request.
const MAX_ID: usize = 64;

/// What a line from a client asks, before the method is carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// What the reply must carry; `None` for a notification, which gets no reply.
    pub id: Option<Value>,
    /// The request, or why it is none.
    pub request: Result<Request, ControlError>,
}

/// Reads one line from a client. Never fails: what cannot be read is an [`Envelope`] with the error to send.
#[must_use]
pub fn parse_request(line: &[u8]) -> Envelope {
    let refuse = |id, code, message: String| Envelope {
        // JSON-RPC answers what it cannot read with a null id.
        id: Some(id),
        request: Err(ControlError::new(code, message)),
    };
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(error) => {
            let message = format!("the request is not JSON: {error}");
            return refuse(Value::Null, ErrorCode::Parse, message);
        }
    };
    let Value::Object(mut object) = value else {
        let message = "a request is one JSON object; batches are not supported".to_owned();
        return refuse(Value::Null, ErrorCode::InvalidRequest, message);
    };
    let id = object.remove("id");
    let well_formed = match &id {
        None | Some(Value::Null | Value::Number(_)) => true,
        Some(Value::String(text)) => text.len() <= MAX_ID,
        Some(_) => false,
    };
    if !well_formed {
        let message = format!("id must be a number or a text of at most {MAX_ID} bytes");
        return refuse(Value::Null, ErrorCode::InvalidRequest, message);
    }
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        let message = "the request lacks \"jsonrpc\":\"2.0\"".to_owned();
        return refuse(
            id.unwrap_or(Value::Null),
            ErrorCode::InvalidRequest,
            message,
        );
    }
    let params = object.remove("params");
    match object.get("method").and_then(Value::as_str) {
        Some(method) => Envelope {
            id,
            request: Request::parse(method, params),
        },
        None => refuse(
            id.unwrap_or(Value::Null),
            ErrorCode::InvalidRequest,
            "the request lacks \"method\"".to_owned(),
        ),
    }
}

/// A request as a line, without its line feed.
pub(crate) fn request_line<P: Serialize>(
    id: u64,
    method: &str,
    params: &P,
) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Wire<'a, P> {
        jsonrpc: &'static str,
        id: u64,
        method: &'a str,
        params: &'a P,
    }
    serde_json::to_string(&Wire {
        jsonrpc: "2.0",
        id,
        method,
        params,
    })
}

/// A response as a line, without its line feed.
pub(crate) fn response_line(id: &Value, result: &Result<Box<RawValue>, ControlError>) -> String {
    #[derive(Serialize)]
    struct Wire<'a> {
        jsonrpc: &'static str,
        id: &'a Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a ControlError>,
    }
    let wire = Wire {
        jsonrpc: "2.0",
        id,
        result: result.as_deref().ok(),
        error: result.as_ref().err(),
    };
    // The types of this crate always serialise.
    serde_json::to_string(&wire).unwrap_or_default()
}

/// What a line from the daemon is.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// The answer to a request; the id is `None` where the daemon could not read the request.
    Response {
        id: Option<u64>,
        result: Result<Box<RawValue>, ControlError>,
    },
    /// A change.
    Event(Box<Event>),
    /// Something that this version does not know.
    Other,
}

/// Reads one line from the daemon.
pub(crate) fn parse_incoming(line: &[u8]) -> serde_json::Result<Incoming> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(default)]
        id: Option<u64>,
        #[serde(default)]
        method: Option<String>,
        #[serde(default)]
        params: Option<Box<RawValue>>,
        #[serde(default)]
        result: Option<Box<RawValue>>,
        #[serde(default)]
        error: Option<ControlError>,
    }
    let wire: Wire = serde_json::from_slice(line)?;
    Ok(match wire {
        Wire {
            id,
            error: Some(error),
            ..
        } => Incoming::Response {
            id,
            result: Err(error),
        },
        Wire {
            id,
            result: Some(result),
            ..
        } => Incoming::Response {
            id,
            result: Ok(result),
        },
        Wire {
            method: Some(method),
            params: Some(params),
            ..
        } if method == "event" => Incoming::Event(serde_json::from_str(params.get())?),
        _ => Incoming::Other,
    })
}
