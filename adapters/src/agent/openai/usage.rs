//! What the server bills, by class. Everything may be missing; what is not said to be audio is counted as text.

use call::Usage;
use serde_json::Value;

/// `response.done.response.usage`.
pub(super) fn of_reply(usage: &Value) -> Usage {
    let (input, output) = (&usage["input_token_details"], &usage["output_token_details"]);
    let audio_in = count(&input["audio_tokens"]);
    let other_in = count(&usage["input_tokens"]).saturating_sub(audio_in + count(&input["image_tokens"]));
    let text_in = count(&input["text_tokens"]).max(other_in);
    let (text_cached, audio_cached) = cached(input, text_in, audio_in);
    let audio_out = count(&output["audio_tokens"]);
    let other_out = count(&usage["output_tokens"]).saturating_sub(audio_out);
    let text_out = count(&output["text_tokens"]).max(other_out);
    Usage { text_in, text_cached, audio_in, audio_cached, text_out, audio_out, ..Usage::default() }
}

/// The usage of a transcription: by token or by time.
pub(super) fn of_transcription(usage: &Value) -> Usage {
    let seconds = usage["seconds"].as_f64().filter(|seconds| (0.0..86_400.0).contains(seconds)).unwrap_or(0.0);
    Usage {
        transcription: count(&usage["total_tokens"]),
        billed_ms: (seconds * 1_000.0).round() as u64,
        ..Usage::default()
    }
}

/// Cached tokens of both classes. Without the classes they are taken for text first, which is the cheaper guess.
fn cached(input: &Value, text_in: u64, audio_in: u64) -> (u64, u64) {
    let (all, by_class) = (count(&input["cached_tokens"]), &input["cached_tokens_details"]);
    if by_class.is_object() {
        return (count(&by_class["text_tokens"]).min(text_in), count(&by_class["audio_tokens"]).min(audio_in));
    }
    let text = all.min(text_in);
    (text, (all - text).min(audio_in))
}

/// More than any answer costs: whatever is larger is a fault, and sums must not overflow.
const MOST: u64 = 1 << 40;

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0).min(MOST)
}
