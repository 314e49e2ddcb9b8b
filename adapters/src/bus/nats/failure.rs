//! What went wrong at NATS, and what it lets the caller do.

use super::super::{away, refused};
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{CreateStreamError, CreateStreamErrorKind, PublishError, PublishErrorKind};
use async_nats::jetstream::stream::{ConsumerError, ConsumerErrorKind, PurgeError, PurgeErrorKind};
use common::ports::BusError;
use std::error::Error;

/// What the server itself said is a refusal; all else is an outage.
pub(super) fn failed(error: impl Error + 'static) -> BusError {
    match code(&error) {
        None | Some(ErrorCode::CLUSTER_NOT_AVAILABLE) => away(error),
        Some(_) => refused(error),
    }
}

/// What to do about an event that was not stored.
pub(super) enum Remedy {
    /// Make the stream and try again.
    MakeStream,
    /// Make room and try again.
    MakeRoom,
    /// Nothing.
    None(BusError),
}

/// The remedy for a publish that failed.
pub(super) fn remedy(error: PublishError) -> Remedy {
    match error.kind() {
        PublishErrorKind::StreamNotFound => Remedy::MakeStream,
        PublishErrorKind::Other if code(&error) == Some(ErrorCode::STREAM_STORE_FAILED) => Remedy::MakeRoom,
        PublishErrorKind::MaxPayloadExceeded => Remedy::None(refused(error)),
        PublishErrorKind::TimedOut
        | PublishErrorKind::BrokenPipe
        | PublishErrorKind::MaxAckPending
        | PublishErrorKind::WrongLastMessageId
        | PublishErrorKind::WrongLastSequence
        | PublishErrorKind::Other => Remedy::None(failed(error)),
    }
}

/// The server's own code: the client keeps it in the kind of some errors and among the causes of others.
fn code(error: &(dyn Error + 'static)) -> Option<ErrorCode> {
    if let Some(error) = error.downcast_ref::<async_nats::jetstream::Error>() {
        return Some(error.error_code());
    }
    let own = if let Some(error) = error.downcast_ref::<CreateStreamError>() {
        let CreateStreamErrorKind::JetStream(error) = error.kind() else { return cause(error) };
        error
    } else if let Some(error) = error.downcast_ref::<ConsumerError>() {
        let ConsumerErrorKind::JetStream(error) = error.kind() else { return cause(error) };
        error
    } else if let Some(error) = error.downcast_ref::<PurgeError>() {
        let PurgeErrorKind::JetStream(error) = error.kind() else { return cause(error) };
        error
    } else {
        return cause(error);
    };
    Some(own.error_code())
}

fn cause(error: &dyn Error) -> Option<ErrorCode> {
    error.source().and_then(code)
}
