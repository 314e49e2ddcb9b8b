//! The sound of a recording. Twilio may keep it elsewhere and answer with an address; accounts that store recordings in
//! a bucket of their own get one of that bucket.

use super::exchange::{Effect, accepted, body, repeated, sent};
use super::failure::Failure;
use super::{TwilioRest, away};
use bytes::Bytes;
use common::ports::TelephoneError;
use reqwest::header::LOCATION;
use reqwest::{Response, Url};

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
            return self.elsewhere(address, &answer).map(Found::Elsewhere);
        }
        let sound = body(accepted(answer).await?, MOST_BYTES).await?;
        if sound.starts_with(b"RIFF") { Ok(Found::Sound(sound)) } else { Err(Failure::Broken("its answer is no sound")) }
    }

    /// Nothing is fetched in the open, unless all of it is: with a simulated network.
    fn elsewhere(&self, from: &Url, answer: &Response) -> Result<Url, Failure> {
        let next = answer.headers().get(LOCATION).and_then(|location| from.join(location.to_str().ok()?).ok());
        let is_safe = |next: &Url| next.scheme() == "https" || next.scheme() == self.base.scheme();
        next.filter(is_safe).ok_or(Failure::Broken("it sends us to an address that is not safe"))
    }
}
