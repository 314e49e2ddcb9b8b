//! TOML as JSON: schemas, bodies and samples are written in TOML and used as JSON.

use serde_json::{Map, Number, Value};
use toml::de::DeValue;

/// A value as JSON. Dates become texts; a number JSON does not have (infinity) becomes null.
pub(super) fn of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => {
            number.as_str().parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
        }
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| of(item.get_ref())).collect(),
        DeValue::Table(rows) => Value::Object(
            rows.iter().map(|(key, value)| (key.get_ref().to_string(), of(value.get_ref()))).collect::<Map<_, _>>(),
        ),
    }
}
