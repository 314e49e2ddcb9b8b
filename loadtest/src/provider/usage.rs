//! Tokens of a response, by the rules a bill follows: the whole conversation again as input, audio by its seconds.
//!
//! Caller's audio costs 10 tokens a second, the agent's 20 (OpenAI's managing-costs guide, read 2026-11). Text is taken
//! at four characters a token. What the response before had as input comes from the cache, in steps of 64.

use serde_json::{Value, json};

/// Tokens for a second of the caller's audio.
const CALLER_PER_SECOND: f64 = 10.0;
/// Tokens for a second of the agent's audio.
const AGENT_PER_SECOND: f64 = 20.0;
/// Characters of text in a token.
const CHARS_PER_TOKEN: usize = 4;
/// The cache holds whole blocks of this many tokens.
const CACHE_BLOCK: u64 = 64;

/// What stands in the context when a response is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// Characters of instructions, tools and text items.
    pub chars: usize,
    /// Seconds of the caller's audio.
    pub caller_seconds: f64,
    /// Seconds of the agent's audio.
    pub agent_seconds: f64,
}

/// Input tokens by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input {
    text: u64,
    audio: u64,
}

impl Context {
    fn input(&self) -> Input {
        let audio = self.caller_seconds * CALLER_PER_SECOND + self.agent_seconds * AGENT_PER_SECOND;
        Input { text: self.chars.div_ceil(CHARS_PER_TOKEN) as u64, audio: audio.round() as u64 }
    }
}

/// What a response generated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Output {
    /// Characters of its words and arguments.
    pub chars: usize,
    /// Seconds of its audio, heard or not.
    pub seconds: f64,
}

/// The `usage` object of a response, and its input for the next one's cache.
#[must_use]
pub fn response(context: Context, output: Output, cache: Input) -> (Value, Input) {
    let input = context.input();
    let cached = |now: u64, before: u64| now.min(before) / CACHE_BLOCK * CACHE_BLOCK;
    let (text_cached, audio_cached) = (cached(input.text, cache.text), cached(input.audio, cache.audio));
    let text_out = output.chars.div_ceil(CHARS_PER_TOKEN) as u64;
    let audio_out = (output.seconds * AGENT_PER_SECOND).round() as u64;
    let (total_in, total_out) = (input.text + input.audio, text_out + audio_out);
    let usage = json!({
        "total_tokens": total_in + total_out, "input_tokens": total_in, "output_tokens": total_out,
        "input_token_details": {
            "text_tokens": input.text, "audio_tokens": input.audio, "image_tokens": 0,
            "cached_tokens": text_cached + audio_cached,
            "cached_tokens_details": {"text_tokens": text_cached, "audio_tokens": audio_cached, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": text_out, "audio_tokens": audio_out},
    });
    (usage, input)
}

/// The `usage` object of a response that failed.
#[must_use]
pub fn nothing() -> Value {
    json!({
        "total_tokens": 0, "input_tokens": 0, "output_tokens": 0,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 0},
        "output_token_details": {"text_tokens": 0, "audio_tokens": 0},
    })
}

/// The `usage` object of a transcription.
#[must_use]
pub fn transcription(seconds: f64, words: &str) -> Value {
    let (audio, text) = ((seconds * CALLER_PER_SECOND).round() as u64, words.len().div_ceil(CHARS_PER_TOKEN) as u64);
    json!({
        "type": "tokens", "total_tokens": audio + text, "input_tokens": audio, "output_tokens": text,
        "input_token_details": {"text_tokens": 0, "audio_tokens": audio},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_is_billed_by_the_second_and_the_past_from_the_cache() {
        let context = Context { chars: 400, caller_seconds: 20.0, agent_seconds: 10.0 };
        let output = Output { chars: 40, seconds: 2.5 };
        let (first, input) = response(context, output, Input::default());
        assert_eq!((&first["input_tokens"], &first["output_tokens"]), (&json!(500), &json!(60)));
        assert_eq!(first["input_token_details"]["cached_tokens"], 0);
        let (second, _) = response(context, output, input);
        assert_eq!(second["input_token_details"]["cached_tokens_details"]["text_tokens"], 64);
        assert_eq!(second["input_token_details"]["cached_tokens_details"]["audio_tokens"], 384);
    }
}
