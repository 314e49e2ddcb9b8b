//! The API over HTTP: calls, outbound batches, numbers.
