//! What the tools of the MCP server do: when the shop is open, when it can deliver, and to book one of those times.
//!
//! No protocol here; `mcp.rs` asks under its lock.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

/// A time at which the shop can deliver.
#[derive(Clone, Debug, Serialize)]
struct Slot {
    slot_id: &'static str,
    date: &'static str,
    from: &'static str,
    to: &'static str,
    left: u32,
}

/// A delivery that was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Booking {
    /// Its number.
    pub booking_id: String,
    /// The time.
    pub slot_id: String,
    /// What is delivered.
    pub order_id: String,
    /// The `Idempotency-Key` it came with.
    #[serde(skip)]
    pub key: Option<String>,
}

/// Slots, bookings, hours.
#[derive(Debug)]
pub(super) struct Shop {
    slots: Vec<Slot>,
    pub(super) bookings: Vec<Booking>,
}

/// Why a call of a tool brought nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    UnknownTool,
    /// What the model is told, so that it can do better.
    Told(String),
}

impl Default for Shop {
    fn default() -> Self {
        let slot = |slot_id, date, from, to, left| Slot { slot_id, date, from, to, left };
        let slots = vec![
            slot("SLOT-1", "2026-11-24", "09:00", "12:00", 3),
            slot("SLOT-2", "2026-11-24", "14:00", "18:00", 1),
            slot("SLOT-3", "2026-11-25", "09:00", "12:00", 5),
        ];
        Self { slots, bookings: Vec::new() }
    }
}

impl Shop {
    /// The tools as `tools/list` shows them.
    pub(super) fn tools() -> [Value; 3] {
        let text = |description: &str| json!({"type": "string", "description": description});
        let tool = |name: &str, description: &str, properties: Value, required: &[&str], read_only: Value| {
            json!({
                "name": name, "description": description, "annotations": read_only,
                "inputSchema": {"type": "object", "properties": properties, "required": required,
                                "additionalProperties": false},
            })
        };
        let reads = json!({"readOnlyHint": true});
        let writes = json!({"readOnlyHint": false, "destructiveHint": false, "idempotentHint": false});
        [
            tool(
                "store_hours",
                "When a store is open.",
                json!({"store": text("downtown or airport")}),
                &["store"],
                reads.clone(),
            ),
            tool(
                "delivery_slots",
                "Times at which a delivery to a zip code is possible.",
                json!({"zip": text("five digits"), "date": text("only this day, 2026-11-24")}),
                &["zip"],
                reads,
            ),
            tool(
                "book_delivery_slot",
                "Books one of the times for an order.",
                json!({"slot_id": text("as delivery_slots names it"), "order_id": text("such as XYZ789")}),
                &["slot_id", "order_id"],
                writes,
            ),
        ]
    }

    pub(super) fn call(&mut self, tool: &str, arguments: &Value, key: Option<&str>) -> Result<Value, Failure> {
        let text = |name: &str| {
            let missing = || Failure::Told(format!("{name} is missing or no text"));
            arguments[name].as_str().ok_or_else(missing)
        };
        match tool {
            "store_hours" => hours(text("store")?),
            "delivery_slots" => self.slots(text("zip")?, arguments["date"].as_str()),
            "book_delivery_slot" => self.book(text("slot_id")?, text("order_id")?, key),
            _ => Err(Failure::UnknownTool),
        }
    }

    /// How often each key has booked.
    pub(super) fn effects_by_key(&self) -> BTreeMap<String, u32> {
        self.bookings.iter().filter_map(|booking| booking.key.clone()).fold(BTreeMap::new(), |mut counts, key| {
            *counts.entry(key).or_default() += 1;
            counts
        })
    }

    fn slots(&self, zip: &str, date: Option<&str>) -> Result<Value, Failure> {
        if zip.len() != 5 || !zip.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Failure::Told("zip must have five digits".to_owned()));
        }
        let free = |slot: &&Slot| slot.left > 0 && date.is_none_or(|date| slot.date == date);
        Ok(json!({"zip": zip, "slots": self.slots.iter().filter(free).collect::<Vec<_>>()}))
    }

    /// The same key gets the same booking; without a key every call books.
    fn book(&mut self, slot_id: &str, order_id: &str, key: Option<&str>) -> Result<Value, Failure> {
        if let Some(booking) = key.and_then(|key| self.bookings.iter().find(|b| b.key.as_deref() == Some(key))) {
            return Ok(json!(booking));
        }
        match order_id {
            "XYZ789" => {}
            "ABC123" => return Err(Failure::Told("order ABC123 is delivered already".to_owned())),
            _ => return Err(Failure::Told("there is no such order".to_owned())),
        }
        let slot = self.slots.iter_mut().find(|slot| slot.slot_id == slot_id && slot.left > 0);
        let Some(slot) = slot else { return Err(Failure::Told("this time cannot be had".to_owned())) };
        slot.left -= 1;
        let booking = Booking {
            booking_id: format!("BK-{:04}", self.bookings.len() + 1),
            slot_id: slot_id.to_owned(),
            order_id: order_id.to_owned(),
            key: key.map(str::to_owned),
        };
        self.bookings.push(booking.clone());
        Ok(json!(booking))
    }
}

fn hours(store: &str) -> Result<Value, Failure> {
    match store {
        "downtown" => Ok(json!({"store": store, "weekdays": "09:00-18:00", "saturday": "10:00-14:00", "sunday": null})),
        "airport" => {
            Ok(json!({"store": store, "weekdays": "06:00-22:00", "saturday": "06:00-22:00", "sunday": "08:00-20:00"}))
        }
        _ => Err(Failure::Told("the stores are downtown and airport".to_owned())),
    }
}
