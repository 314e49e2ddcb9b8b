//! Text messages: <https://www.twilio.com/docs/messaging/api/message-resource> (read 2026-11).

use super::TwilioRest;
use super::fields::digits;
use async_trait::async_trait;
use common::ids::MessageId;
use common::ports::telephone::{SentMessage, TextMessage};
use common::ports::{Messages, TelephoneError};
use serde::Deserialize;

#[async_trait]
impl Messages for TwilioRest {
    async fn send(&self, message: &TextMessage) -> Result<SentMessage, TelephoneError> {
        let mut fields =
            vec![("To", message.to.reveal()), ("From", message.from.reveal()), ("Body", message.body.reveal())];
        fields.extend(message.status_url.as_deref().map(|url| ("StatusCallback", url)));
        let created: Created = self.create(&self.at("Messages.json"), &fields).await?;
        let unnamed = |_| TelephoneError::Unknown("its answer names no message".to_owned());
        let message = MessageId::parse(created.sid).map_err(unnamed)?;
        // Twilio says 0 while a messaging service has not cut it yet; a message is at least one.
        let segments = created.num_segments.and_then(|count| u32::try_from(count).ok()).unwrap_or(1).max(1);
        Ok(SentMessage { message, segments })
    }
}

#[derive(Deserialize)]
struct Created {
    sid: String,
    #[serde(default, deserialize_with = "digits")]
    num_segments: Option<u64>,
}
