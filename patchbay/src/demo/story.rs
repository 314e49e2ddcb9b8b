//! The demo's call: what the caller says and when.

use loadtest::phone::{CallPlan, Clip, Step};

/// Printed before the call.
pub(crate) const INTRODUCTION: &str = "\
A caller rings the Demo Hotel. Both speak real speech over the real wire: a signed webhook, TwiML, a media stream.
The caller interrupts the first answer and later falls silent; the agent asks and, at last, hangs up.";

/// The number of the demo's agent (`agents/demo`).
const CALLED: &str = "+15005550001";

/// A question, an interruption, a silence, a goodbye.
pub(crate) fn plan() -> CallPlan {
    let breakfast =
        Clip::new("What time is breakfast?", include_bytes!("../../../loadtest/voices/caller/en_breakfast.ulaw"));
    let friday =
        Clip::new("Do you have a room for Friday?", include_bytes!("../../../loadtest/voices/caller/en_friday.ulaw"));
    let goodbye = Clip::new("That is all. Goodbye.", include_bytes!("../../../loadtest/voices/caller/en_bye.ulaw"));
    let steps = vec![
        Step::Listen { quiet_ms: 600 },
        Step::Say(breakfast),
        Step::AwaitAgent,
        Step::Interrupt { after_ms: 2_500, clip: friday },
        Step::Listen { quiet_ms: 600 },
        // Nothing is said now: after six seconds the agent asks.
        Step::AwaitAgent,
        Step::Listen { quiet_ms: 600 },
        Step::Say(goodbye),
        Step::AwaitEnd,
    ];
    CallPlan::new(1, CALLED, steps)
}
