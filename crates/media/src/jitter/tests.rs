//! Packets early, late, twice and never.

use super::*;

/// Puts packets whose payload is their number in; pops as often as there are marks in `expected`:
/// a number for a packet, `~` for concealed, `.` for nothing.
fn check(buffer: &mut JitterBuffer<u16>, arrivals: &[u16], expected: &str) {
    for number in arrivals {
        buffer.insert(*number, *number);
    }
    for mark in expected.split_whitespace() {
        let item = match mark {
            "~" => JitterItem::Concealed,
            "." => JitterItem::Empty,
            number => JitterItem::Packet(number.parse().unwrap()),
        };
        assert_eq!(buffer.pop(), item, "at {mark} of {expected}");
    }
}

#[test]
fn it_waits_for_its_depth_and_puts_packets_in_order() {
    let mut buffer = JitterBuffer::new(3);
    check(&mut buffer, &[], ".");
    check(&mut buffer, &[10], ".");
    check(&mut buffer, &[12], "10");
    check(&mut buffer, &[11, 13], "11 12 13");
}

#[test]
fn an_earlier_packet_may_go_in_front_before_playout_begins() {
    let mut buffer = JitterBuffer::new(2);
    check(&mut buffer, &[5, 4], "4 5");
}

#[test]
fn a_lost_packet_is_concealed_and_a_late_one_dropped() {
    let mut buffer = JitterBuffer::new(1);
    check(&mut buffer, &[1, 3, 4], "1 ~ 3");
    check(&mut buffer, &[2, 4], "4");
    let counts = buffer.counts();
    assert_eq!(
        (counts.played, counts.lost, counts.late, counts.duplicate),
        (3, 1, 1, 1)
    );
}

#[test]
fn when_it_runs_dry_it_conceals_for_a_moment_and_fills_up_again() {
    let mut buffer = JitterBuffer::new(2);
    check(&mut buffer, &[1, 2], "1 2 ~ ~ ~ . .");
    check(&mut buffer, &[3], ".");
    check(&mut buffer, &[4], "3 4 ~");
    // What comes within the concealment is still played.
    check(&mut buffer, &[5, 6], "5 6");
    assert_eq!(buffer.counts().lost, 0);
}

#[test]
fn numbers_wrap_around() {
    let mut buffer = JitterBuffer::new(2);
    check(&mut buffer, &[65_534, 0, 65_535, 1], "65534 65535 0 1");
    for number in 2..3_000 {
        check(&mut buffer, &[number], "");
        buffer.pop();
    }
    assert_eq!(buffer.counts().restarts, 0);
}

#[test]
fn a_sender_that_counts_anew_is_followed() {
    let mut buffer = JitterBuffer::new(1);
    check(&mut buffer, &[100], "100");
    check(&mut buffer, &[30_000], "30000");
    check(&mut buffer, &[5], "5");
    check(&mut buffer, &[6 + 32], "38");
    assert_eq!(buffer.counts().restarts, 3);
}

#[test]
fn after_a_long_gap_it_goes_on_close_to_the_newest() {
    let mut buffer = JitterBuffer::new(2);
    check(&mut buffer, &[1, 2], "1 2 ~ ~ ~ .");
    check(&mut buffer, &[20, 21, 22], "21 22");
    assert_eq!((buffer.counts().lost, buffer.counts().skipped), (17, 1));
}

#[test]
fn a_delay_that_is_not_needed_shrinks() {
    let mut buffer = JitterBuffer::new(2);
    check(&mut buffer, &[1, 2, 3, 4, 5, 6], "");
    for number in 7..2_000 {
        buffer.insert(number, number);
        assert!(matches!(buffer.pop(), JitterItem::Packet(_)));
    }
    assert_eq!(buffer.buffered(), 2);
    assert_eq!(buffer.counts().skipped, 4);
}
