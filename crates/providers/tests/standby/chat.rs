//! Chat models that fail before their first text, in the middle of a reply, or not at all.

use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{
    ChatCall, ChatEvent, ChatMessage, ChatModel, ChatOptions, ChatRequest, ProviderError, Role,
    ThinkingOptions,
};
use offhook_providers::standby::{StandbyChat, StandbyLimits};
use tokio::time::{Instant, advance, sleep};

use super::model::{Model, Step};
use super::{down, wrong_key};

const WHOLE: &str = "We open at eight. On Sunday we are closed.";

struct Reply {
    text: String,
    first_after: Option<Duration>,
    /// The longest time without text after the first.
    gap: Duration,
    after: Duration,
    end: ChatEvent,
}

impl Reply {
    fn problem(&self) -> &ProviderError {
        match &self.end {
            ChatEvent::Failed(problem) => problem,
            other => panic!("{other:?} {}", self.text),
        }
    }

    fn is_finished(&self) -> bool {
        matches!(self.end, ChatEvent::Finished { .. })
    }
}

fn standby(models: &[&Model]) -> StandbyChat {
    let limits = StandbyLimits::default();
    limited(models, limits)
}

fn limited(models: &[&Model], limits: StandbyLimits) -> StandbyChat {
    let models = models
        .iter()
        .map(|it| Arc::new((*it).clone()) as Arc<dyn ChatModel>);
    StandbyChat::new(models.collect(), limits)
}

fn request() -> ChatRequest {
    ChatRequest {
        messages: Arc::new([
            ChatMessage::new(Role::System, "Be brief."),
            ChatMessage::new(Role::Caller, "When are you open?"),
        ]),
        options: ChatOptions {
            thinking: ThinkingOptions::LEAST,
            temperature: None,
            tokens_max: 100,
        },
    }
}

async fn opened(chat: &StandbyChat) -> Box<dyn ChatCall> {
    chat.open(request().messages).await.unwrap()
}

async fn reply(chat: &StandbyChat) -> Reply {
    let call = opened(chat).await;
    let start = Instant::now();
    let mut events = call.reply(request());
    let mut reply = Reply {
        text: String::new(),
        first_after: None,
        gap: Duration::ZERO,
        after: Duration::ZERO,
        end: ChatEvent::Failed(wrong_key()),
    };
    let mut last = start;
    loop {
        match events.recv().await.unwrap() {
            ChatEvent::Text(text) => {
                reply.text.push_str(&text);
                match reply.first_after {
                    Some(_) => reply.gap = reply.gap.max(last.elapsed()),
                    None => reply.first_after = Some(start.elapsed()),
                }
                last = Instant::now();
            }
            end => {
                reply.end = end;
                reply.after = start.elapsed();
                assert!(events.recv().await.is_none());
                return reply;
            }
        }
    }
}

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[tokio::test(start_paused = true)]
async fn the_first_writes_alone_where_nothing_is_wrong() {
    let (first, second) = (Model::saying(WHOLE), Model::saying("Other."));
    let reply = reply(&standby(&[&first, &second])).await;
    assert_eq!(reply.text, WHOLE);
    assert!(reply.is_finished());
    assert_eq!(reply.first_after, Some(ms(100)));
    assert_eq!((first.asked().len(), second.asked().len()), (1, 0));
}

/// F4: refused, out of order, unreachable.
#[tokio::test(start_paused = true)]
async fn one_that_fails_at_once_is_replaced_at_once() {
    for problem in [down(), wrong_key()] {
        let first = Model::playing(&[&[Step::Wait(30), Step::Fail(problem.clone())]]);
        let second = Model::saying(WHOLE);
        let answer = reply(&standby(&[&first, &second])).await;
        assert_eq!((answer.text.as_str(), answer.is_finished()), (WHOLE, true));
        assert_eq!(answer.first_after, Some(ms(130)));
        assert_eq!(second.asked()[0].messages, request().messages);
        let closed = Model::closed(problem);
        let answer = reply(&standby(&[&closed, &second])).await;
        assert_eq!(answer.text, WHOLE);
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_asked_once_more_within_300_ms_and_what_stays_is_not() {
    let again = Model::playing(&[&[Step::Fail(down())], &[Step::Say(WHOLE), Step::Finish]]);
    let answer = reply(&standby(&[&again])).await;
    assert_eq!(answer.text, WHOLE);
    assert!(answer.first_after.unwrap() <= ms(300));
    let twice = Model::playing(&[&[Step::Fail(down())]]);
    let answer = reply(&standby(&[&twice])).await;
    assert_eq!((answer.problem(), twice.asked().len()), (&down(), 2));
    let refused = Model::playing(&[&[Step::Fail(wrong_key())]]);
    let answer = reply(&standby(&[&refused])).await;
    assert_eq!((answer.problem(), refused.asked().len()), (&wrong_key(), 1));
    assert_eq!(answer.after, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn where_all_fail_the_call_knows_soon() {
    let models = [
        Model::playing(&[&[Step::Fail(down())]]),
        Model::closed(wrong_key()),
    ];
    let answer = reply(&standby(&[&models[0], &models[1]])).await;
    assert_eq!(answer.problem(), &down());
    assert!(answer.after <= ms(300));
    let none = reply(&standby(&[])).await;
    assert!(matches!(none.problem(), ProviderError::Unavailable { .. }));
    // F5: all hang.
    let hangs = [&[Step::Hang][..]];
    let models = [Model::playing(&hangs), Model::playing(&hangs)];
    let answer = reply(&standby(&[&models[0], &models[1]])).await;
    assert!(matches!(answer.problem(), ProviderError::TimedOut { .. }));
    assert!(answer.after <= ms(4_500), "{:?}", answer.after);
    let alone = reply(&standby(&[&models[0]])).await;
    assert_eq!(alone.after, ms(4_500));
}

/// F5: it hangs before the first text, or gives none that can be spoken.
#[tokio::test(start_paused = true)]
async fn one_that_says_nothing_useful_is_not_waited_for() {
    let scripts: [&[Step]; 4] = [
        &[Step::Hang],
        &[Step::Say(" "), Step::Say("\n — "), Step::Hang],
        &[Step::Wait(50), Step::Finish],
        &[Step::Wait(50), Step::Say("..."), Step::Finish],
    ];
    for script in scripts {
        let (first, second) = (Model::playing(&[script]), Model::saying(WHOLE));
        let answer = reply(&standby(&[&first, &second])).await;
        assert_eq!((answer.text.as_str(), answer.is_finished()), (WHOLE, true));
        assert!(answer.first_after.unwrap() <= ms(2_100), "{script:?}");
    }
    // Without a second request beside the first, the first has all of its time.
    let limits = StandbyLimits {
        hedge_after_max: None,
        first_text_of_any: ms(8_000),
        ..StandbyLimits::default()
    };
    let (first, second) = (Model::playing(&[&[Step::Hang]]), Model::saying(WHOLE));
    let answer = reply(&limited(&[&first, &second], limits)).await;
    assert_eq!(answer.first_after, Some(ms(4_100)));
    assert_eq!(first.cancelled(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_two_that_are_asked_the_quicker_one_writes_and_the_other_is_cancelled() {
    let slow = Model::playing(&[&[Step::Wait(2_500), Step::Say(WHOLE), Step::Finish]]);
    let second = Model::playing(&[&[Step::Wait(1_000), Step::Say("Second."), Step::Finish]]);
    let answer = reply(&standby(&[&slow, &second])).await;
    assert_eq!(answer.text, WHOLE);
    sleep(ms(1)).await;
    assert_eq!((second.asked().len(), second.cancelled()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn once_it_is_known_how_slow_a_model_can_be_the_next_is_asked_after_that() {
    let mut scripts: Vec<&[Step]> = vec![&[Step::Wait(400), Step::Say("Yes."), Step::Finish]; 25];
    scripts.push(&[Step::Hang]);
    let (first, second) = (Model::playing(&scripts), Model::saying(WHOLE));
    let chat = standby(&[&first, &second]);
    for _ in 0..25 {
        assert_eq!(reply(&chat).await.text, "Yes.");
    }
    assert_eq!(second.asked().len(), 0);
    assert_eq!(reply(&chat).await.first_after, Some(ms(600)));
}

/// F5, F6: the stream breaks, stands still or ends without an end, at each place of a reply.
#[tokio::test(start_paused = true)]
async fn a_reply_that_breaks_off_is_ended_by_the_next_and_nothing_is_said_twice() {
    let begun = [
        "We ",
        "We open ",
        "We open at eight.",
        "We open at eight. On Sun",
        "We open at eight. On Sunday we are ",
    ];
    let others = ["", "We open at eight. On Sunday we are closed."];
    for text in begun {
        for (kind, end) in [Step::Fail(down()), Step::Hang, Step::Wait(0)]
            .into_iter()
            .enumerate()
        {
            let first = Model::playing(&[&[Step::Say(text), end]]);
            // It begins where it was asked to, or says all of it again.
            let sentence = match text.len() {
                0..10 => WHOLE,
                10..18 => "On Sunday we are closed.",
                _ => "On Sunday we are closed.",
            };
            for said in [sentence, others[1]] {
                let second = Model::saying(said);
                let answer = reply(&standby(&[&first, &second])).await;
                assert_eq!(answer.text, WHOLE, "{text:?} {kind} {said:?}");
                assert!(answer.is_finished());
                assert!(answer.gap <= ms(3_600), "{:?}", answer.gap);
                let asked = second.asked();
                assert_eq!(asked[0].messages.len(), 4);
                assert_eq!(asked[0].messages[2].text, text.trim());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_drips_is_left() {
    let drip = [
        Step::Say("We "),
        Step::Wait(3_000),
        Step::Say("open "),
        Step::Wait(3_000),
    ];
    let (first, second) = (Model::playing(&[&drip]), Model::saying(WHOLE));
    let answer = reply(&standby(&[&first, &second])).await;
    assert_eq!(answer.text, WHOLE);
    assert!(answer.gap <= ms(3_300), "{:?}", answer.gap);
}

#[tokio::test(start_paused = true)]
async fn a_whole_sentence_that_nothing_follows_is_all() {
    let first = Model::playing(&[&[Step::Say("We open at eight."), Step::Fail(down())]]);
    let second = Model::playing(&[&[Step::Finish]]);
    let answer = reply(&standby(&[&first, &second])).await;
    assert_eq!(
        (answer.text.as_str(), answer.is_finished()),
        ("We open at eight.", true)
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_keeps_failing_costs_later_calls_nothing_and_is_used_again_once_it_can_be() {
    let bad: &[Step] = &[Step::Wait(800), Step::Fail(down())];
    let good: &[Step] = &[Step::Wait(100), Step::Say("First."), Step::Finish];
    let first = Model::playing(&[bad, bad, bad, bad, good]);
    let second = Model::saying("Second.");
    let chat = standby(&[&first, &second]);
    for _ in 0..3 {
        assert_eq!(reply(&chat).await.first_after, Some(ms(900)));
    }
    for _ in 0..3 {
        let answer = reply(&chat).await;
        assert_eq!(
            (answer.text.as_str(), answer.first_after),
            ("Second.", Some(ms(100)))
        );
    }
    assert_eq!(first.asked().len(), 3);
    // It is tried behind the call's back, fails again, is left alone for longer, and recovers.
    for (pause, tries) in [(5_000, 4), (5_000, 4), (6_000, 5)] {
        advance(ms(pause)).await;
        let answer = reply(&chat).await;
        assert_eq!(
            (answer.text.as_str(), answer.first_after),
            ("Second.", Some(ms(100)))
        );
        sleep(ms(1_000)).await;
        assert_eq!(first.asked_at().len(), tries);
    }
    assert_eq!(reply(&chat).await.text, "First.");
}

/// F7: the caller barged in.
#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_wants_is_cancelled_wherever_it_is() {
    let (first, second) = (
        Model::playing(&[&[Step::Hang]]),
        Model::playing(&[&[Step::Hang]]),
    );
    let call = opened(&standby(&[&first, &second])).await;
    for wait in [0, 2_500] {
        let events = call.reply(request());
        sleep(ms(wait + 1)).await;
        drop(events);
        sleep(ms(1)).await;
    }
    assert_eq!((first.cancelled(), second.cancelled()), (2, 1));
}
