//! The account's numbers: <https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource> (read 2026-11).

use super::fields::text;
use super::{TwilioRest, away};
use async_trait::async_trait;
use common::ports::telephone::{NumberSetup, OwnNumber};
use common::ports::{Numbers, TelephoneError};
use common::private::PhoneNumber;
use reqwest::Url;
use serde::Deserialize;

/// Numbers asked for at once: Twilio's own limit.
const PAGE: &str = "1000";
/// Pages of numbers that are read. Beyond, the account is larger than anything these commands are for.
const PAGES: usize = 100;

#[async_trait]
impl Numbers for TwilioRest {
    async fn list(&self) -> Result<Vec<OwnNumber>, TelephoneError> {
        let first = self.at_with("IncomingPhoneNumbers.json", &[("PageSize", PAGE)])?;
        let mut numbers: Vec<OwnNumber> =
            TwilioRest::list::<Number>(self, first, PAGES).await?.into_iter().map(OwnNumber::from).collect();
        numbers.sort_by(|one, other| one.number.cmp(&other.number));
        Ok(numbers)
    }

    async fn set(&self, sid: &str, setup: &NumberSetup) -> Result<(), TelephoneError> {
        TwilioRest::set(self, self.number(sid)?.as_str(), &fields(setup)).await
    }
}

impl TwilioRest {
    /// The address of a number. Its sid is a text from outside: it stays one part of the path.
    fn number(&self, sid: &str) -> Result<Url, TelephoneError> {
        let unmade = || away("the number's address cannot be made");
        let mut address = Url::parse(&self.at("IncomingPhoneNumbers")).map_err(|_| unmade())?;
        address.path_segments_mut().map_err(|()| unmade())?.push(&format!("{sid}.json"));
        Ok(address)
    }
}

/// An empty address unsets; the method of what is unset stays as it is.
fn fields(setup: &NumberSetup) -> Vec<(&'static str, &str)> {
    let mut fields = Vec::new();
    for (names, url, method) in [
        (("VoiceUrl", "VoiceMethod"), &setup.voice_url, &setup.voice_method),
        (("VoiceFallbackUrl", "VoiceFallbackMethod"), &setup.fallback_url, &setup.fallback_method),
        (("StatusCallback", "StatusCallbackMethod"), &setup.status_url, &setup.status_method),
    ] {
        fields.push((names.0, url.as_str()));
        if !url.is_empty() && !method.is_empty() {
            fields.push((names.1, method.as_str()));
        }
    }
    fields
}

/// A number as Twilio describes it. Whatever is unset is null or empty.
#[derive(Deserialize)]
struct Number {
    sid: String,
    phone_number: String,
    #[serde(default, deserialize_with = "text")]
    friendly_name: String,
    #[serde(default, deserialize_with = "text")]
    voice_url: String,
    #[serde(default, deserialize_with = "text")]
    voice_method: String,
    #[serde(default, deserialize_with = "text")]
    voice_fallback_url: String,
    #[serde(default, deserialize_with = "text")]
    voice_fallback_method: String,
    #[serde(default, deserialize_with = "text")]
    status_callback: String,
    #[serde(default, deserialize_with = "text")]
    status_callback_method: String,
    #[serde(default, deserialize_with = "text")]
    trunk_sid: String,
    #[serde(default, deserialize_with = "text")]
    voice_application_sid: String,
}

impl Number {
    /// The voice address is ignored where one of these is set; a trunk is stronger.
    fn overridden_by(&self) -> String {
        match (self.trunk_sid.as_str(), self.voice_application_sid.as_str()) {
            ("", "") => String::new(),
            ("", application) => format!("application {application}"),
            (trunk, _) => format!("trunk {trunk}"),
        }
    }
}

impl From<Number> for OwnNumber {
    fn from(number: Number) -> Self {
        Self {
            overridden_by: number.overridden_by(),
            sid: number.sid,
            number: PhoneNumber::new(&number.phone_number),
            name: number.friendly_name,
            setup: NumberSetup {
                voice_url: number.voice_url,
                voice_method: number.voice_method,
                fallback_url: number.voice_fallback_url,
                fallback_method: number.voice_fallback_method,
                status_url: number.status_callback,
                status_method: number.status_callback_method,
            },
        }
    }
}
