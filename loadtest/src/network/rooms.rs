//! The conferences of an account: who is in which room, and whether the room has begun.
//!
//! `phone/conference.rs` joins and leaves for its call and waits for the room to change. Nothing is mixed here: the
//! calls only learn whom they could hear.
//!
//! When a conference begins and ends: <https://www.twilio.com/docs/voice/twiml/conference> (read 2026-11).

use std::sync::Mutex;

use tokio::sync::watch;

/// How far a room is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RoomState {
    /// Nobody hears anybody: one person is not a conference, nor are two who may not begin it.
    #[default]
    Waiting,
    Started,
    Over,
}

/// What one participant brings into a room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Participant {
    pub(crate) call_sid: String,
    /// The conference may begin when this one is in it.
    pub(crate) starts: bool,
    /// The conference is over when this one leaves.
    pub(crate) ends: bool,
}

/// A place in a room.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) sid: String,
    pub(crate) state: watch::Receiver<RoomState>,
    /// Whether it was this participant who made the conference begin.
    pub(crate) began: bool,
}

#[derive(Debug)]
struct Room {
    name: String,
    sid: String,
    inside: Vec<Participant>,
    ever: Vec<String>,
    state: watch::Sender<RoomState>,
}

impl Room {
    fn is(&self, name: &str) -> bool {
        self.name == name && *self.state.borrow() != RoomState::Over
    }
}

/// The rooms in use. A room that is over keeps its people until each has gone, beside a new one of the same name.
#[derive(Debug, Default)]
pub(crate) struct Rooms(Mutex<Vec<Room>>);

impl Rooms {
    /// Goes in; nothing if the room holds `most` already.
    pub(crate) fn join(&self, name: &str, new_sid: String, who: Participant, most: usize) -> Option<Seat> {
        let mut rooms = self.lock();
        let known = rooms.iter().position(|room| room.is(name));
        let at = known.unwrap_or_else(|| {
            rooms.push(Room {
                name: name.to_owned(),
                sid: new_sid,
                inside: Vec::new(),
                ever: Vec::new(),
                state: watch::Sender::default(),
            });
            rooms.len() - 1
        });
        let room = &mut rooms[at];
        if room.inside.len() >= most {
            return None;
        }
        room.ever.push(who.call_sid.clone());
        room.inside.push(who);
        let began = *room.state.borrow() == RoomState::Waiting
            && room.inside.len() > 1
            && room.inside.iter().any(|one| one.starts);
        if began {
            room.state.send_replace(RoomState::Started);
        }
        Some(Seat { sid: room.sid.clone(), state: room.state.subscribe(), began })
    }

    /// Goes out; tells who else was ever in the room, and whether this ended it.
    pub(crate) fn leave(&self, room_sid: &str, call_sid: &str) -> (Vec<String>, bool) {
        let mut rooms = self.lock();
        let Some(at) = rooms.iter().position(|room| room.sid == room_sid) else { return (Vec::new(), false) };
        let room = &mut rooms[at];
        let ends = room.inside.iter().any(|one| one.call_sid == call_sid && one.ends);
        room.inside.retain(|one| one.call_sid != call_sid);
        let others = room.ever.iter().filter(|one| *one != call_sid).cloned().collect();
        let was_over = *room.state.borrow() == RoomState::Over;
        let over = ends || room.inside.is_empty();
        if over {
            room.state.send_replace(RoomState::Over);
        }
        if room.inside.is_empty() {
            rooms.remove(at);
        }
        (others, over && !was_over)
    }

    /// Who is in a room now, in the order they came.
    pub(crate) fn inside(&self, name: &str) -> Vec<String> {
        let rooms = self.lock();
        let room = rooms.iter().find(|room| room.is(name));
        room.map_or_else(Vec::new, |room| room.inside.iter().map(|one| one.call_sid.clone()).collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Room>> {
        self.0.lock().expect("nobody panics while holding the rooms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(rooms: &Rooms, call: &str, starts: bool, ends: bool) -> Seat {
        rooms.join("r", "CF1".into(), Participant { call_sid: call.into(), starts, ends }, 250).unwrap()
    }

    #[test]
    fn a_conference_begins_with_two_of_whom_one_may_begin_it() {
        let rooms = Rooms::default();
        let first = join(&rooms, "a", false, false);
        assert!(!join(&rooms, "b", false, false).began);
        assert_eq!(*first.state.borrow(), RoomState::Waiting);
        assert!(join(&rooms, "c", true, false).began);
        assert_eq!(*first.state.borrow(), RoomState::Started);
    }

    #[test]
    fn a_conference_is_over_when_the_one_who_ends_it_leaves() {
        let rooms = Rooms::default();
        let first = join(&rooms, "a", true, false);
        join(&rooms, "b", true, true);
        assert_eq!(rooms.leave("CF1", "b"), (vec!["a".to_owned()], true));
        assert_eq!(*first.state.borrow(), RoomState::Over);
        assert_eq!(rooms.leave("CF1", "a"), (vec!["b".to_owned()], false));
        assert!(rooms.inside("r").is_empty());
    }
}
