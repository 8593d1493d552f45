//! Whatever happens in a turn, the events of its response make sense.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::{config, requests::RESPONSES};
use crate::{
    openai::{
        Delivery,
        policy::Trace,
        responses::{Answer, History, ResponsesRequest},
    },
    settings::Unsupported,
    turn::{Completion, Finish, Phase, Reasoning, ToolCall, TurnEvent, Usage},
};

fn event() -> impl Strategy<Value = TurnEvent> {
    prop_oneof![
        1 => (0_usize..4, ".{0,5}").prop_map(|(part, text)| TurnEvent::ReasoningDelta { part, text }),
        1 => prop::collection::vec(".{0,5}", 0..4).prop_map(|summary| {
            TurnEvent::Reasoning(Reasoning { summary, encrypted_content: Some("sealed".to_owned()) })
        }),
        1 => prop::option::of(prop::sample::select(vec![Phase::Commentary, Phase::FinalAnswer]))
            .prop_map(|phase| TurnEvent::Message { phase }),
        4 => prop_oneof![".{0,5}", "[{}\":a1,]{1,5}"].prop_map(TurnEvent::Delta),
        1 => (0..9_u8, "[{}a]{0,4}").prop_map(|(id, arguments)| {
            TurnEvent::ToolCall(ToolCall { id: format!("call_{id}"), name: "f".to_owned(), arguments })
        }),
        1 => Just(TurnEvent::Restarted),
    ]
}

fn finish() -> impl Strategy<Value = Finish> {
    prop::sample::select(vec![Finish::Stop, Finish::ToolCalls, Finish::Length, Finish::ContentFilter])
}

/// The events of one of the recorded requests, answered in this way, as they are sent.
fn told(request: &prop::sample::Index, happenings: Vec<TurnEvent>, finish: Finish) -> Vec<Value> {
    let body = request.get(&RESPONSES).clone();
    let history = History::in_memory(Duration::from_secs(60));
    let parsed = ResponsesRequest::parse(body, &mut Trace::new(Unsupported::Ignore), &history);
    let Ok(ResponsesRequest { turn, response, encrypted, .. }) = parsed else { return Vec::new() };
    let mut answer = Answer::new(response, turn.expectation, encrypted, Delivery::Stream);
    let end = TurnEvent::Completed(Completion { finish, usage: Some(Usage::default()) });
    for happening in happenings.into_iter().chain([end]) {
        match answer.add(happening) {
            Ok(false) => {}
            Ok(true) => break,
            Err(error) => {
                answer.fail(&error);
                break;
            }
        }
    }
    std::iter::from_fn(|| answer.take_event()).map(|event| serde_json::to_value(event).unwrap()).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_events_of_a_response_are_numbered_nested_and_end_once(
        request in any::<prop::sample::Index>(), happenings in prop::collection::vec(event(), 0..12),
        finish in finish()
    ) {
        let told = told(&request, happenings, finish);
        let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
        prop_assert!(told.is_empty() || kinds.starts_with(&["response.created", "response.in_progress"]));
        let (mut added, mut done) = (0_u64, 0_u64);
        for (number, event) in told.iter().enumerate() {
            prop_assert_eq!(&event["sequence_number"], number);
            match kinds[number] {
                "response.output_item.added" => {
                    prop_assert_eq!((&event["output_index"], added), (&done.into(), done), "{:?}", kinds);
                    added += 1;
                }
                "response.output_item.done" => {
                    prop_assert_eq!(&event["output_index"], done);
                    done += 1;
                    prop_assert_eq!(done, added, "{:?}", kinds);
                }
                kind if event.get("output_index").is_some() => {
                    prop_assert_eq!(&event["output_index"], done, "{} in {:?}", kind, kinds);
                    prop_assert!(added == done + 1, "{} in {:?}", kind, kinds);
                }
                _ => {}
            }
        }
        let is_end = |kind: &&&str| {
            matches!(**kind, "response.completed" | "response.incomplete" | "response.failed")
        };
        prop_assert_eq!(kinds.iter().filter(is_end).count(), usize::from(!told.is_empty()));
        if let Some(last) = kinds.last() {
            prop_assert!(is_end(&last), "{:?}", kinds);
            prop_assert!(*last == "response.failed" || added == done, "{:?}", kinds);
        }
    }
}
