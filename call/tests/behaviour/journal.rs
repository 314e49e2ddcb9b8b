//! Tool calls are written down before they run, so that nothing is done twice without knowing.

use crate::script::{Script, answered, answers, asks_for, begun, done, ready, started, stopped, talking};
use call::{Call, Conversation, Fact, Kept, Limits, Resumed, Spoken, ToolAnswer, ToolCallId, ToolOutcome, ToolStage};

fn stages(script: &Script) -> Vec<(&str, u32, &ToolStage)> {
    let tools = &script.call.conversation().tools;
    tools.iter().map(|entry| (entry.call.0.as_str(), entry.after, &entry.stage)).collect()
}

#[test]
fn a_tool_is_in_the_journal_before_it_runs_and_its_output_when_it_has_answered() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2000, asks_for("look_up", "t1"));
    script.check("2000 checkpoint\n 2000 run tool look_up t1");
    assert_eq!(stages(&script), [("t1", 1, &ToolStage::Started)]);
    script.at(2100, answers("t1"));
    let output = Spoken::new("{\"ok\":true}");
    assert_eq!(stages(&script), [("t1", 1, &ToolStage::Done { output })]);
}

#[test]
fn nobody_knows_how_a_tool_ended_that_was_too_slow_until_it_says_so() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2000, asks_for("look_up", "t1")).at(2100, done(2)).until(10_000).skip();
    assert_eq!(stages(&script), [("t1", 1, &ToolStage::Unknown)]);
    script.at(12_000, answers("t1")).check("12000 checkpoint");
    assert!(matches!(stages(&script)[..], [("t1", 1, ToolStage::Done { .. })]));
    script.at(13_000, answers("t1")).check("");
    assert_eq!(script.call.ignored(), 1);
}

#[test]
fn nobody_knows_how_a_tool_ended_that_ran_when_the_call_did() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2000, asks_for("look_up", "t1")).at(2100, stopped());
    assert_eq!(stages(&script), [("t1", 1, &ToolStage::Unknown)]);
}

#[test]
fn a_call_taken_over_runs_nothing_again() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2000, asks_for("look_up", "t1")).at(2000, asks_for("look_up", "t2"));
    script.at(2100, answers("t2"));
    let stored: Conversation = script.call.conversation().clone();
    let mut script = Script::of(Call::resume(Limits::default(), stored, Resumed::Yes));
    assert!(matches!(stages(&script)[..], [("t1", 1, ToolStage::Unknown), ("t2", 1, ToolStage::Done { .. })]));
    script.at(0, ready()).at(0, started()).at(100, begun(1)).skip();
    script.at(200, asks_for("look_up", "t1")).at(200, asks_for("look_up", "t2")).check("");
}

#[test]
fn what_is_too_long_to_keep_is_told_to_the_agent_all_the_same() {
    let mut script = talking(Limits::default());
    let long = format!("\"{}\"", "x".repeat(10_000));
    let answer = ToolAnswer::new(ToolCallId("t1".to_owned()), Spoken::new(&long));
    script.at(2000, begun(2)).at(2000, asks_for("look_up", "t1")).skip();
    script.at(2100, answered(answer)).check(&format!(
        "2100 checkpoint
         2100 agent: output t1 {long}
         2100 tool look_up Answered in 100"
    ));
    let output = Spoken::new("{\"error\":\"too_long_to_keep\"}");
    assert_eq!(stages(&script), [("t1", 1, &ToolStage::Done { output })]);
}

#[test]
fn the_journal_keeps_the_last_calls_only() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2));
    for n in 0..100 {
        let call = format!("t{n}");
        script.at(2000, asks_for("look_up", &call)).at(2000, answers(&call));
    }
    let tools = &script.call.conversation().tools;
    assert_eq!(tools.len(), Conversation::MOST_TOOLS);
    assert_eq!(tools[0].call.0, "t36");
}

#[test]
fn a_call_refused_because_too_many_run_is_not_in_the_journal() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2));
    for n in 0..20 {
        script.at(2000, asks_for("look_up", &format!("t{n}")));
    }
    assert_eq!(script.call.conversation().tools.len(), 16);
}

fn ticket() -> ToolAnswer {
    let fact = Fact::Refused { what: "transfer_call".to_owned(), why: "not_listed".to_owned() };
    ToolAnswer {
        outcome: ToolOutcome::Failed,
        error: Some("upstream".to_owned()),
        kept: Some(Kept { arguments: Spoken::new("{}"), output: Spoken::new("{}") }),
        facts: vec![fact],
        ..ToolAnswer::new(ToolCallId("t1".to_owned()), Spoken::new("{\"error\":\"upstream\"}"))
    }
}

#[test]
fn the_record_learns_what_a_tool_did_and_how_it_ended() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2000, asks_for("create_ticket", "t1")).skip();
    script.at(2100, answered(ticket())).check(
        "2100 checkpoint
         2100 agent: output t1 {\"error\":\"upstream\"}
         2100 fact Refused { what: \"transfer_call\", why: \"not_listed\" }
         2100 tool create_ticket Failed in 100, upstream, kept",
    );
}

#[test]
fn what_a_tool_did_is_recorded_though_nobody_waits_for_it_any_more() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2000, asks_for("create_ticket", "t1")).until(10_000).skip();
    script.at(10_100, answered(ticket())).at(10_200, answered(ticket())).check(
        "10100 checkpoint
         10100 fact Refused { what: \"transfer_call\", why: \"not_listed\" }",
    );
}
