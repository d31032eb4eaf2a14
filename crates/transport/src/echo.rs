//! An echo in the place of a session: each frame that a leg brings goes straight back. For testing
//! a line, and for measuring what the wire alone costs.

use offhook_contract::{Leg, LegEvent, OutboundFrame, TurnId};

/// Sends back what comes until the far end hangs up. Nothing is paced: the caller's own pace is kept.
pub async fn echo(mut leg: Leg) {
    loop {
        tokio::select! {
            biased;
            frame = leg.audio_in.recv() => {
                let Some(frame) = frame else { return };
                let sent = OutboundFrame { generation: 0, turn: TurnId::default(), frame };
                if leg.audio_out.send(sent).await.is_err() {
                    return;
                }
            }
            event = leg.events.recv() => {
                if matches!(event, None | Some(LegEvent::HungUp)) {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use offhook_contract::{LegDescription, leg};
    use offhook_media::{Frame, SampleRate};

    use super::*;

    #[tokio::test]
    async fn what_comes_goes_back_until_the_caller_hangs_up() {
        let (near, mut far) = leg(LegDescription {
            transport: "test".into(),
            rate: SampleRate::HZ_8000,
            lead: Duration::ZERO,
        });
        let echoing = tokio::spawn(echo(near));
        for value in 1..4 {
            let frame = Frame::padded(SampleRate::HZ_8000, &[value; 160]);
            far.audio_in.send(frame).await.unwrap();
            assert_eq!(far.audio_out.recv().await.unwrap().frame, frame);
        }
        far.events.send(LegEvent::HungUp).await.unwrap();
        echoing.await.unwrap();
        assert!(far.audio_out.recv().await.is_none());
    }
}
