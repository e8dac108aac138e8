//! How much memory a thread asked for: the allocator of the tests.
#![allow(unsafe_code, reason = "an allocator cannot be written without; it is in no build but those for tests")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn add(bytes: isize) {
    // A thread that is ending has no counters any more.
    let _ = HELD.try_with(|held| {
        let now = held.get().saturating_add(bytes);
        held.set(now);
        let _ = MOST.try_with(|most| most.set(most.get().max(now)));
    });
}

fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

// SAFETY: everything is passed on to the system's allocator as it is; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(signed(layout.size()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(signed(layout.size()));
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may exist for a moment.
        add(signed(size));
        add(-signed(layout.size()));
        unsafe { System.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        add(-signed(layout.size()));
        unsafe { System.dealloc(place, layout) }
    }
}

/// The most bytes that the work held at one time on this thread, beyond what was held before.
pub(super) fn most_held<R>(work: impl FnOnce() -> R) -> (usize, R) {
    let before = HELD.get();
    MOST.set(before);
    let result = work();
    (usize::try_from(MOST.get() - before).unwrap_or(0), result)
}

/// Asserts that the work on an input held no more than so many bytes for each of the input's, and a constant.
pub(super) fn within<R>(input: &[u8], multiple: usize, constant: usize, work: impl FnOnce() -> R) -> R {
    let (most, result) = most_held(work);
    let allowed = input.len() * multiple + constant;
    assert!(most <= allowed, "{most} bytes of memory for {} of input, {allowed} are allowed", input.len());
    result
}
