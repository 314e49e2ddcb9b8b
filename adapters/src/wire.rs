//! What the codecs share: reading plain JSON without building a tree, base64 as text, and G.711 mu-law.
//!
//! Nothing here knows a provider or a telephone network.

pub(crate) mod audio;
pub(crate) mod json;
pub(crate) mod mulaw;
