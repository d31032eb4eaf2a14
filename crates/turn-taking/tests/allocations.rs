//! Proof that a call in full swing touches the allocator only where somebody is given words: the
//! text of a reply to be made, and of what was heard.

#![expect(
    unsafe_code,
    reason = "a global allocator that counts can only be written with it"
)]

#[path = "calls/long_call.rs"]
mod long_call;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use offhook_turn_taking::{Command, Fact, TurnManager};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting what each thread asks for.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn only_words_that_are_handed_on_are_allocated() {
    let facts = long_call::facts(60);
    let mut manager = TurnManager::new(long_call::policy()).unwrap();
    let warm = facts.len() / 2;
    let (mut free, mut orders) = (0, 0);
    for (number, (at, fact)) in facts.iter().enumerate() {
        let before = ALLOCATIONS.get();
        manager.handle(fact, *at);
        let allocations = ALLOCATIONS.get() - before;
        let mut hands_words_on = matches!(fact, Fact::ReplyCancelled { .. });
        while let Some(decision) = manager.poll() {
            orders += 1;
            hands_words_on |= matches!(
                decision.command,
                Command::StartReply { .. }
                    | Command::PrimeReply { .. }
                    | Command::CancelReply { .. }
                    | Command::ResumePlayout { .. }
            );
        }
        if number < warm || hands_words_on {
            continue;
        }
        free += 1;
        assert_eq!(allocations, 0, "fact {number} at {at}: {fact:?}");
    }
    assert!(
        free > 10_000 && orders > 500,
        "{free} facts, {orders} orders"
    );
}
