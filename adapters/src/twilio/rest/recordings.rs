//! Recordings that Twilio makes: <https://www.twilio.com/docs/voice/api/recording> (read 2026-11).
//!
//! Their sound is fetched by `media`.

use super::TwilioRest;
use super::failure::already_over;
use async_trait::async_trait;
use bytes::Bytes;
use common::ids::{CallId, RecordingId};
use common::ports::telephone::RecordingOrder;
use common::ports::{Recordings, TelephoneError};
use serde::Deserialize;

#[async_trait]
impl Recordings for TwilioRest {
    async fn start(&self, call: &CallId, status_url: &str) -> Result<RecordingId, TelephoneError> {
        let fields = [
            ("RecordingChannels", "dual"),
            ("RecordingTrack", "both"),
            ("RecordingStatusCallback", status_url),
            ("RecordingStatusCallbackMethod", "POST"),
            // A list with spaces, unlike the events of a call.
            ("RecordingStatusCallbackEvent", "in-progress completed absent"),
        ];
        let address = self.at(&format!("Calls/{call}/Recordings.json"));
        let created: Created = self.create(&address, &fields).await.map_err(already_over)?;
        RecordingId::parse(created.sid).map_err(|_| TelephoneError::Unknown("its answer names no recording".to_owned()))
    }

    async fn order(&self, call: &CallId, order: RecordingOrder) -> Result<(), TelephoneError> {
        let fields: &[(&str, &str)] = match order {
            // Silence keeps both sides in time with the call.
            RecordingOrder::Pause => &[("Status", "paused"), ("PauseBehavior", "silence")],
            RecordingOrder::Resume => &[("Status", "in-progress")],
            RecordingOrder::Stop => &[("Status", "stopped")],
        };
        let address = self.at(&format!("Calls/{call}/Recordings/Twilio.CURRENT.json"));
        self.set(&address, fields).await.map_err(already_over)
    }

    async fn fetch(&self, recording: &RecordingId) -> Result<Option<Bytes>, TelephoneError> {
        self.sound(self.at_with(&format!("Recordings/{recording}.wav"), &[("RequestedChannels", "2")])?).await
    }

    async fn delete(&self, recording: &RecordingId) -> Result<(), TelephoneError> {
        TwilioRest::delete(self, &self.at(&format!("Recordings/{recording}.json"))).await
    }
}

#[derive(Deserialize)]
struct Created {
    sid: String,
}
