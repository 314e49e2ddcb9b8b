//! The conversation: items in order, who comes before whom, and what a client may add, cut or take away.
//!
//! Refusals follow OpenAI's Realtime API reference (conversation.item.*, read 2026-11).

use serde_json::{Value, json};

use super::config::Refusal;

/// Longest id a client may give an item.
const ID_MAX: usize = 32;

/// One item and what the wire does not show of it.
#[derive(Debug)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// The item as the wire shows it.
    pub object: Value,
    /// Milliseconds of audio it holds.
    pub audio_ms: u32,
}

impl Item {
    fn is_reply(&self) -> bool {
        self.object["role"] == "assistant" && self.audio_ms > 0
    }
}

/// The items of one session.
#[derive(Debug, Default)]
pub struct Conversation {
    items: Vec<Item>,
}

impl Conversation {
    /// Id of the last item.
    #[must_use]
    pub fn last(&self) -> Option<String> {
        self.items.last().map(|item| item.id.clone())
    }

    /// Whether nothing has been said or restored yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Puts an item of the server's own at the end and says what stands before it.
    pub fn append(&mut self, id: &str, object: Value, audio_ms: u32) -> Option<String> {
        let before = self.last();
        self.items.push(Item { id: id.to_owned(), object, audio_ms });
        before
    }

    /// The item of this id.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.id == id)
    }

    /// Seconds of caller's and agent's audio, in that order.
    #[must_use]
    pub fn audio_seconds(&self) -> (f64, f64) {
        let of = |role: &str| {
            let items = self.items.iter().filter(|item| item.object["role"] == role);
            items.map(|item| f64::from(item.audio_ms) / 1_000.0).sum()
        };
        (of("user"), of("assistant"))
    }

    /// Characters of text in the conversation, for the token count.
    #[must_use]
    pub fn text_chars(&self) -> usize {
        let length = |value: &Value| value.as_str().map_or(0, str::len);
        let of = |item: &Item| match item.object["content"].as_array() {
            Some(parts) => parts.iter().map(|part| length(&part["text"])).sum::<usize>(),
            None => length(&item.object["arguments"]) + length(&item.object["output"]),
        };
        self.items.iter().map(of).sum()
    }

    /// Adds an item of the client's; gives the item as stored and the id before it.
    ///
    /// # Errors
    /// The refusal the protocol gives for this item.
    pub fn create(
        &mut self,
        item: &Value,
        after: &Value,
        fresh_id: String,
    ) -> Result<(Value, Option<String>), Refusal> {
        let id = item["id"].as_str().map_or(fresh_id, str::to_owned);
        self.check(item, &id)?;
        let place = self.place(after)?;
        let mut object = item.clone();
        object["id"] = json!(id);
        object["object"] = json!("realtime.item");
        object["status"] = json!("completed");
        let before = place.checked_sub(1).map(|index| self.items[index].id.clone());
        self.items.insert(place, Item { id, object: object.clone(), audio_ms: 0 });
        Ok((object, before))
    }

    fn check(&self, item: &Value, id: &str) -> Result<(), Refusal> {
        if id.len() > ID_MAX {
            return Err(Refusal::at("string_above_max_length", "Invalid 'item.id': string too long.", "item.id"));
        }
        if self.items.iter().any(|item| item.id == id) {
            let message = format!("Error adding item: an item with id '{id}' already exists.");
            return Err(Refusal::at("item_create_duplicate_id", message, "item.id"));
        }
        match item["type"].as_str() {
            Some("message") => check_content(item),
            Some("function_call") if item["name"].is_string() && item["arguments"].is_string() => Ok(()),
            Some("function_call") => Err(Refusal::missing("item.arguments")),
            Some("function_call_output") => self.check_output(item),
            Some(other) => Err(Refusal::at("invalid_value", format!("Invalid value: '{other}'."), "item.type")),
            None => Err(Refusal::missing("item.type")),
        }
    }

    /// A tool's answer needs its call in the conversation and a string to say.
    fn check_output(&self, item: &Value) -> Result<(), Refusal> {
        if !item["output"].is_string() {
            return Err(Refusal::missing("item.output"));
        }
        let asked =
            |known: &Item| known.object["type"] == "function_call" && known.object["call_id"] == item["call_id"];
        if self.items.iter().any(asked) {
            return Ok(());
        }
        let message = format!("Tool call ID {} not found in conversation.", item["call_id"]);
        Err(Refusal::at("invalid_tool_call_id", message, "item.call_id"))
    }

    fn place(&self, after: &Value) -> Result<usize, Refusal> {
        let Some(after) = after.as_str() else { return Ok(self.items.len()) };
        if after == "root" {
            return Ok(0);
        }
        let found = self.items.iter().position(|item| item.id == after);
        found.map(|index| index + 1).ok_or_else(|| {
            let message = format!("Previous item with id '{after}' not found.");
            Refusal::at("item_create_invalid_previous_item_id", message, "previous_item_id")
        })
    }

    /// Cuts a reply at what was heard and forgets its words.
    ///
    /// # Errors
    /// The refusal for an item that is unknown, no reply, or shorter than that.
    pub fn truncate(&mut self, id: &str, audio_end_ms: i64) -> Result<(), Refusal> {
        let Some(item) = self.items.iter_mut().find(|item| item.id == id) else {
            let message = format!("Error truncating item: the item with id '{id}' does not exist.");
            return Err(Refusal::new("item_truncate_invalid_item_id", message));
        };
        if !item.is_reply() {
            let message = "Only model output audio messages can be truncated";
            return Err(Refusal::at("invalid_value", message, "item_id"));
        }
        if audio_end_ms < 0 || audio_end_ms > i64::from(item.audio_ms) {
            let message = format!("Audio content of {}ms is already shorter than {audio_end_ms}ms", item.audio_ms);
            return Err(Refusal::at("invalid_value", message, "audio_end_ms"));
        }
        item.audio_ms = audio_end_ms as u32;
        if let Some(part) = item.object["content"].get_mut(0) {
            part["transcript"] = Value::Null;
        }
        Ok(())
    }

    /// Takes an item out.
    ///
    /// # Errors
    /// The refusal for an unknown item.
    pub fn delete(&mut self, id: &str) -> Result<(), Refusal> {
        let Some(index) = self.items.iter().position(|item| item.id == id) else {
            let message = format!("Error deleting item: the item with id '{id}' does not exist.");
            return Err(Refusal::new("item_delete_invalid_item_id", message));
        };
        self.items.remove(index);
        Ok(())
    }

    /// Shows an item.
    ///
    /// # Errors
    /// The refusal for an unknown item.
    pub fn retrieve(&self, id: &str) -> Result<Value, Refusal> {
        let found = self.items.iter().find(|item| item.id == id);
        found.map(|item| item.object.clone()).ok_or_else(|| {
            let message = format!("Error retrieving item: the item with id '{id}' does not exist.");
            Refusal::new("item_retrieve_invalid_item_id", message)
        })
    }
}

fn check_content(item: &Value) -> Result<(), Refusal> {
    let Some(parts) = item["content"].as_array() else {
        return Err(Refusal::missing("item.content"));
    };
    let text_only = item["role"] == "assistant";
    for (index, part) in parts.iter().enumerate() {
        let needs = match part["type"].as_str() {
            Some("input_audio") if !text_only => "audio",
            Some("input_image") if !text_only => "image_url",
            // Recorded agent audio cannot be given back: the protocol asks for its text instead.
            _ => "text",
        };
        if !part[needs].is_string() || (text_only && part["type"] != "output_text") {
            return Err(Refusal::missing(&format!("item.content[{index}].{needs}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(role: &str, kind: &str) -> Value {
        json!({"type": "message", "role": role, "content": [{"type": kind, "text": "hello", "audio": "AA=="}]})
    }

    fn create(conversation: &mut Conversation, item: &Value) -> Result<(Value, Option<String>), Refusal> {
        conversation.create(item, &Value::Null, "item_fresh".into())
    }

    #[test]
    fn history_is_restored_in_the_order_it_names() {
        let mut conversation = Conversation::default();
        let mut user = text("user", "input_text");
        user["id"] = json!("second");
        create(&mut conversation, &user).unwrap();
        let (_, before) = conversation.create(&text("system", "input_text"), &json!("root"), "first".into()).unwrap();
        assert_eq!(before, None);
        assert_eq!(conversation.last().as_deref(), Some("second"));
    }

    #[test]
    fn recorded_agent_audio_is_refused_as_history() {
        let refusal = create(&mut Conversation::default(), &text("assistant", "output_audio")).unwrap_err();
        assert_eq!(refusal.param.as_deref(), Some("item.content[0].text"));
    }

    #[test]
    fn an_id_above_32_characters_is_refused() {
        let mut item = text("user", "input_text");
        item["id"] = json!("x".repeat(33));
        assert_eq!(create(&mut Conversation::default(), &item).unwrap_err().code, "string_above_max_length");
    }

    #[test]
    fn an_answer_without_its_call_is_refused() {
        let answer = json!({"type": "function_call_output", "call_id": "call_1", "output": "{}"});
        let mut conversation = Conversation::default();
        assert_eq!(create(&mut conversation, &answer).unwrap_err().code, "invalid_tool_call_id");
        let call = json!({"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"});
        conversation.create(&call, &Value::Null, "item_call".into()).unwrap();
        assert!(create(&mut conversation, &answer).is_ok());
    }

    #[test]
    fn a_reply_is_cut_at_most_at_its_own_length() {
        let mut conversation = Conversation::default();
        let reply = json!({"role": "assistant", "content": [{"type": "output_audio", "transcript": "hello"}]});
        conversation.append("item_1", reply, 700);
        assert_eq!(conversation.truncate("item_1", 701).unwrap_err().param.as_deref(), Some("audio_end_ms"));
        conversation.truncate("item_1", 700).unwrap();
        assert_eq!(conversation.retrieve("item_1").unwrap()["content"][0]["transcript"], Value::Null);
        assert!(conversation.truncate("item_2", 0).is_err());
    }
}
