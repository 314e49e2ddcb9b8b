//! A weather service with the shape of Open-Meteo's: `GET /v1/forecast?latitude=…&longitude=…&current=…`.
//!
//! The weather of a place is made up from its coordinates, so it is the same in every run, until a test changes it.
//!
//! The API: <https://open-meteo.com/en/docs> (read 2026-11).

use std::{
    f64::consts::PI,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::server::Server;

/// Seconds between two values of the current weather.
const INTERVAL: i64 = 900;

/// Degrees between two points of the grid on which the weather is known; answers name the point, not the question.
const GRID: f64 = 0.125;

/// The variables that can be asked for, with their units.
const VARIABLES: [(&str, &str); 8] = [
    ("temperature_2m", "°C"),
    ("relative_humidity_2m", "%"),
    ("apparent_temperature", "°C"),
    ("is_day", ""),
    ("precipitation", "mm"),
    ("weather_code", "wmo code"),
    ("wind_speed_10m", "km/h"),
    ("wind_direction_10m", "°"),
];

/// Weather that a test wants somewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Now {
    /// Degrees Celsius.
    pub temperature: f64,
    /// What it looks like, WMO code 0 to 99.
    pub weather_code: u8,
}

type Skies = Arc<Mutex<Vec<(f64, f64, Now)>>>;

/// The running service.
#[derive(Debug)]
pub struct Weather {
    /// Its server.
    pub server: Server,
    skies: Skies,
}

impl Weather {
    pub(super) async fn open() -> Result<Self> {
        let skies = Skies::default();
        let routes = Router::new().route("/v1/forecast", get(forecast)).with_state(Arc::clone(&skies));
        Ok(Self { server: Server::open(routes).await?, skies })
    }

    /// Makes weather at a place, or changes it.
    pub fn set(&self, latitude: f64, longitude: f64, now: Now) {
        let mut skies = self.skies.lock().unwrap_or_else(PoisonError::into_inner);
        skies.insert(0, (snap(latitude), snap(longitude), now));
    }
}

#[derive(Debug, Deserialize)]
struct Question {
    latitude: Option<String>,
    longitude: Option<String>,
    #[serde(default)]
    current: String,
    temperature_unit: Option<String>,
}

async fn forecast(State(skies): State<Skies>, Query(question): Query<Question>) -> Response {
    let answer = coordinate(question.latitude.as_deref(), "Latitude", 90)
        .and_then(|latitude| Ok((latitude, coordinate(question.longitude.as_deref(), "Longitude", 180)?)))
        .and_then(|(latitude, longitude)| answer(&skies, latitude, longitude, &question));
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(reason) => (StatusCode::BAD_REQUEST, Json(json!({"error": true, "reason": reason}))).into_response(),
    }
}

fn coordinate(given: Option<&str>, name: &str, limit: u8) -> Result<f64, String> {
    let given = given.ok_or_else(|| format!("Value required for '{}'.", name.to_lowercase()))?;
    let degrees: f64 = given.parse().map_err(|_| format!("{name} is not a number. Given: {given}."))?;
    if degrees.abs() <= f64::from(limit) {
        Ok(snap(degrees))
    } else {
        Err(format!("{name} must be in range of -{limit} to {limit}°. Given: {degrees:.1}."))
    }
}

fn answer(skies: &Skies, latitude: f64, longitude: f64, question: &Question) -> Result<Value, String> {
    let scale = Scale::named(question.temperature_unit.as_deref())?;
    let known = skies.lock().unwrap_or_else(PoisonError::into_inner);
    let set = known.iter().find(|(lat, long, _)| *lat == latitude && *long == longitude);
    let now = set.map_or_else(|| invent(latitude, longitude), |(_, _, now)| *now);
    let quarter = Timestamp::from_second(Timestamp::now().as_second() / INTERVAL * INTERVAL).unwrap_or_default();
    let time = quarter.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M").to_string();
    let mut units = Map::from_iter([("time".to_owned(), json!("iso8601")), ("interval".to_owned(), json!("seconds"))]);
    let mut current = Map::from_iter([("time".to_owned(), json!(time)), ("interval".to_owned(), json!(INTERVAL))]);
    for name in question.current.split(',').filter(|name| !name.is_empty()) {
        let Some((_, unit)) = VARIABLES.iter().find(|(known, _)| *known == name) else {
            return Err(format!("Cannot initialize ForecastVariable from invalid String value {name}."));
        };
        units.insert(name.to_owned(), json!(if *unit == "°C" { scale.unit() } else { unit }));
        current.insert(name.to_owned(), value(name, now, scale));
    }
    let mut answer = json!({
        "latitude": latitude, "longitude": longitude, "generationtime_ms": 0.0367,
        "utc_offset_seconds": 0, "timezone": "GMT", "timezone_abbreviation": "GMT", "elevation": 38.0,
    });
    if current.len() > 2 {
        answer["current_units"] = units.into();
        answer["current"] = current.into();
    }
    Ok(answer)
}

#[derive(Clone, Copy, Debug)]
enum Scale {
    Celsius,
    Fahrenheit,
}

impl Scale {
    fn named(name: Option<&str>) -> Result<Self, String> {
        match name {
            None | Some("celsius") => Ok(Self::Celsius),
            Some("fahrenheit") => Ok(Self::Fahrenheit),
            Some(name) => Err(format!(
                "Cannot initialize TemperatureUnit from invalid String value {name} for key temperature_unit"
            )),
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Celsius => "°C",
            Self::Fahrenheit => "°F",
        }
    }

    fn of(self, celsius: f64) -> Value {
        let degrees = match self {
            Self::Celsius => celsius,
            Self::Fahrenheit => celsius * 1.8 + 32.0,
        };
        json!((degrees * 10.0).round() / 10.0)
    }
}

fn value(name: &str, now: Now, scale: Scale) -> Value {
    let wet = (51..=99).contains(&now.weather_code);
    match name {
        "temperature_2m" => scale.of(now.temperature),
        "apparent_temperature" => scale.of(now.temperature - 1.6),
        "weather_code" => json!(now.weather_code),
        "relative_humidity_2m" => json!(if wet { 91 } else { 62 }),
        "is_day" => json!(1),
        "precipitation" => json!(if wet { 0.8 } else { 0.0 }),
        "wind_speed_10m" => json!(11.5),
        _ => json!(240),
    }
}

/// Warm at the equator, cold at the poles, and a sky that goes by the longitude.
fn invent(latitude: f64, longitude: f64) -> Now {
    let sky = [0, 1, 2, 3, 45, 61, 80, 95];
    let at = (longitude.abs() / GRID) as usize % sky.len();
    Now { temperature: ((latitude * PI / 180.0).cos() * 400.0 - 100.0).round() / 10.0, weather_code: sky[at] }
}

fn snap(degrees: f64) -> f64 {
    (degrees / GRID).round() * GRID
}
