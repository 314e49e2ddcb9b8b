//! The sound of a recording. Twilio may keep it elsewhere and answer with an address; accounts that store recordings in
//! a bucket of their own get one of that bucket.

use super::exchange::{Effect, accepted, body, repeated, sent};
use super::failure::Failure;
use super::{TwilioRest, away};
use bytes::Bytes;
use common::ports::TelephoneError;
use reqwest::Url;
use reqwest::header::LOCATION;

/// The longest recording: two channels for two hours and twenty minutes. Higher takes more memory for each that is
/// fetched, lower leaves long calls at Twilio.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// Addresses after the first.
const REDIRECTS: usize = 3;

/// What an address gives.
enum Found {
    Sound(Bytes),
    Elsewhere(Url),
}

impl TwilioRest {
    /// The sound at this address of our account; `None` when Twilio does not have it.
    pub(super) async fn sound(&self, address: Url) -> Result<Option<Bytes>, TelephoneError> {
        let mut address = address;
        for _ in 0..=REDIRECTS {
            match repeated(Effect::Reads, || self.look_for_sound(&address)).await {
                Ok(Found::Sound(sound)) => return Ok(Some(sound)),
                Ok(Found::Elsewhere(next)) => address = next,
                Err(TelephoneError::Refused { status: 404 | 410, .. }) if self.is_ours(&address) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Err(away("the sound is always somewhere else"))
    }

    async fn look_for_sound(&self, address: &Url) -> Result<Found, Failure> {
        let request = self.http.get(address.clone()).timeout(self.patience.sound);
        // A storage host has no business with our credentials; its address carries its own.
        let request = if self.is_ours(address) { self.login(request) } else { request };
        let answer = sent(request).await?;
        if answer.status().is_redirection() {
            let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            return self.elsewhere(address, location.unwrap_or_default()).map(Found::Elsewhere);
        }
        let sound = body(accepted(answer).await?, MOST_BYTES).await?;
        if sound.starts_with(b"RIFF") {
            Ok(Found::Sound(sound))
        } else {
            Err(Failure::Broken("its answer is no sound"))
        }
    }

    /// Nothing is fetched in the open, unless all of it is: with a simulated network.
    fn elsewhere(&self, from: &Url, location: &str) -> Result<Url, Failure> {
        let is_safe = |next: &Url| next.scheme() == "https" || next.scheme() == self.base.scheme();
        let next = from.join(location).ok().filter(is_safe);
        next.ok_or(Failure::Broken("it sends us to an address that is not safe"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::config::Twilio;
    use common::private::SecretString;

    #[test]
    fn sound_is_fetched_in_the_open_only_where_all_else_is() {
        for (base, next, wanted) in [
            ("https://api.twilio.com", "https://bucket.example/r.wav", Some("https://bucket.example/r.wav")),
            ("https://api.twilio.com", "/r.wav", Some("https://api.twilio.com/r.wav")),
            ("https://api.twilio.com", "http://bucket.example/r.wav", None),
            ("https://api.twilio.com", "file:///etc/passwd", None),
            ("http://127.0.0.1:1", "http://127.0.0.1:2/r.wav", Some("http://127.0.0.1:2/r.wav")),
            ("http://127.0.0.1:1", "ftp://127.0.0.1:2/r.wav", None),
        ] {
            let rest = rest(base);
            let found = rest.elsewhere(&rest.base, next).ok();
            assert_eq!(found.as_ref().map(Url::as_str), wanted, "{base} to {next}");
        }
    }

    fn rest(base: &str) -> TwilioRest {
        // Fails when another test of this process was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Twilio {
            account_sid: "AC1".into(),
            auth_token: SecretString::from(String::new()),
            old_auth_token: None,
            api_key: None,
            api_secret: None,
            api_base_url: Some(base.into()),
        };
        TwilioRest::new(&config).expect("built").expect("there is an address")
    }
}
