//! What callers in a queue hear: their place in line, then music, again and again until somebody takes the call or the
//! wait is over.

use crate::GatewayContext;
use crate::asked::{Asked, Leg};
use crate::dossier::Dossier;
use crate::place::music_url;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use call::NextStep;
use common::ids::CallId;
use common::twilio::{Verb, Waiting, document};
use std::sync::{Arc, LazyLock};

/// `POST|GET /twilio/hold/{token}`.
pub async fn hold(State(gateway): State<Arc<GatewayContext>>, Path(token): Path<String>, request: Request) -> Response {
    let asked = match Asked::read(&gateway, "hold", &token, Leg::Own, request).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    let waiting = Waiting::read(&asked.form);
    asked.once(&gateway, "hold", None, answer(&gateway, &asked.call, waiting)).await
}

async fn answer(gateway: &GatewayContext, call: &CallId, waiting: Waiting) -> String {
    let session = gateway.state.session(call).await.ok().flatten();
    let dossier = session.as_ref().and_then(Dossier::of);
    let (Some(NextStep::Queue { queue }), Some(dossier)) = (session.and_then(|session| session.next), dossier) else {
        // The store is away: the caller keeps their place.
        return document(&[Verb::Play { url: music_url(gateway) }]);
    };
    let queue = dossier.agent.queues.get(&queue);
    if queue.is_none_or(|queue| waiting.waited_s >= queue.wait_s) {
        return document(&[Verb::Leave]);
    }
    let text = dossier.agent.phrases().queue_position.replace("{position}", &waiting.position.to_string());
    let music = queue.and_then(|queue| queue.music.clone()).unwrap_or_else(|| music_url(gateway));
    document(&[Verb::Say { text, language: Some(dossier.agent.language.clone()) }, Verb::Play { url: music }])
}

/// `GET /audio/hold.wav`: Patchbay's own music. Not signed: Twilio fetches it as anybody would.
pub async fn music() -> Response {
    static MUSIC: LazyLock<Bytes> = LazyLock::new(compose);
    let headers = [(header::CONTENT_TYPE, "audio/wav"), (header::CACHE_CONTROL, "public, max-age=86400")];
    (headers, MUSIC.clone()).into_response()
}

/// Samples a second: what a telephone carries.
const RATE: u32 = 8_000;

/// Eight soft plucked notes, one a second: nobody's copyright, and small enough to be made instead of shipped.
fn compose() -> Bytes {
    const NOTES: [f32; 8] = [261.63, 329.63, 392.0, 523.25, 440.0, 392.0, 329.63, 293.66];
    let samples = NOTES.iter().flat_map(|&pitch| {
        (0..RATE).map(move |n| {
            let t = n as f32 / RATE as f32;
            let tone =
                (t * pitch * std::f32::consts::TAU).sin() + 0.3 * (t * pitch * 2.0 * std::f32::consts::TAU).sin();
            (tone * (-3.0 * t).exp() * 6_000.0) as i16
        })
    });
    let audio: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let length = audio.len() as u32;
    let mut wav = Vec::with_capacity(44 + audio.len());
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + length).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    for field in [16, 1 | 1 << 16, RATE, RATE * 2, 2 | 16 << 16] {
        wav.extend_from_slice(&u32::to_le_bytes(field));
    }
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&length.to_le_bytes());
    wav.extend_from_slice(&audio);
    Bytes::from(wav)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_music_is_a_wav_file_of_eight_seconds() {
        let wav = compose();
        assert_eq!(wav.len(), 44 + 8 * 2 * RATE as usize);
        assert_eq!((&wav[..4], &wav[8..16], &wav[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
        assert_eq!(u32::from_le_bytes(wav[24..28].try_into().unwrap()), RATE);
        let loudest = wav[44..].chunks(2).map(|s| i16::from_le_bytes([s[0], s[1]]).unsigned_abs()).max();
        assert!((3_000..12_000).contains(&loudest.unwrap()));
    }
}
