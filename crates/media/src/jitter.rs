//! Puts packets of 20 ms back in order and evens out when they come. It does not decode, and
//! knows no timestamps: one [`JitterBuffer::pop`] each 20 ms is the clock.

use crate::Packet;

/// Packets that it can hold (640 ms).
const CAPACITY: usize = 32;

/// A packet as far behind as this is not late: the sender counts anew.
const RESTART_DISTANCE: i64 = 1_000;

/// Pops over which the buffer must have been fuller than wanted before one packet is skipped.
const SHRINK_POPS: u32 = 250;

/// A packet further than this beyond the wanted depth means that those before it are not worth
/// waiting for: playout goes on close to the newest.
const BACKLOG_MAX: usize = 10;

/// Pops in a row without a packet for which speech is concealed.
const CONCEALED_MAX: u32 = 3;

/// What to play for the next 20 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JitterItem<P> {
    /// A packet to decode.
    Packet(P),
    /// A packet is lost or late: conceal it.
    Concealed,
    /// There is nothing: play silence.
    Empty,
}

/// What became of the packets, since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JitterCounts {
    /// Given out.
    pub played: u64,
    /// Never came in time; concealed while later ones were there.
    pub lost: u64,
    /// Came after their time, and were dropped.
    pub late: u64,
    /// Came twice; the second was dropped.
    pub duplicate: u64,
    /// Dropped to bring the delay back down.
    pub skipped: u64,
    /// Times that the sender counted anew or jumped further than the buffer holds.
    pub restarts: u64,
}

/// A buffer for one stream of packets numbered as in RTP (RFC 3550, section 5.1).
#[derive(Debug, Clone)]
pub struct JitterBuffer<P = Packet> {
    depth: usize,
    slots: Vec<Option<P>>,
    /// The extended number of the packet to play next, once one has come.
    next: Option<i64>,
    /// One past the newest that came.
    newest_end: i64,
    is_playing: bool,
    dry_pops: u32,
    fill_min: usize,
    pops: u32,
    counts: JitterCounts,
}

impl<P: Copy> JitterBuffer<P> {
    /// A buffer that waits for `depth` packets (1 to 16) before it gives the first.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Self {
            depth: depth.clamp(1, CAPACITY / 2),
            slots: vec![None; CAPACITY],
            next: None,
            newest_end: 0,
            is_playing: false,
            dry_pops: 0,
            fill_min: usize::MAX,
            pops: 0,
            counts: JitterCounts::default(),
        }
    }

    /// Takes a packet that came in.
    pub fn insert(&mut self, sequence: u16, packet: P) {
        let Some(next) = self.next else {
            return self.restart(sequence, packet);
        };
        // The distance from the next packet, which the 16 bits give as long as it is short.
        let distance = i64::from(sequence.wrapping_sub(next as u16) as i16);
        if distance >= CAPACITY as i64 || distance < -RESTART_DISTANCE {
            self.counts.restarts += 1;
            return self.restart(sequence, packet);
        }
        let number = next + distance;
        if distance < 0 {
            // Before playout begins, an earlier packet than the first may still go in front.
            let can_go_in_front = !self.is_playing && self.newest_end - number <= CAPACITY as i64;
            if !can_go_in_front || self.counts.played > 0 {
                self.counts.late += 1;
                return;
            }
            self.next = Some(number);
        }
        let slot = &mut self.slots[number.rem_euclid(CAPACITY as i64) as usize];
        if slot.is_some() {
            self.counts.duplicate += 1;
        } else {
            *slot = Some(packet);
            self.newest_end = self.newest_end.max(number + 1);
        }
    }

    /// What to play for the next 20 ms.
    pub fn pop(&mut self) -> JitterItem<P> {
        let Some(next) = self.next else {
            return JitterItem::Empty;
        };
        let fill = self.buffered();
        if !self.is_playing {
            if fill < self.depth {
                return self.dry();
            }
            self.is_playing = true;
            self.dry_pops = 0;
        }
        if fill == 0 {
            self.is_playing = false;
            return self.dry();
        }
        if fill > self.depth + BACKLOG_MAX {
            self.skip(fill - self.depth);
        } else {
            self.shrink(fill);
        }
        let next = self.next.unwrap_or(next);
        self.next = Some(next + 1);
        match self.slots[next.rem_euclid(CAPACITY as i64) as usize].take() {
            Some(packet) => {
                self.counts.played += 1;
                JitterItem::Packet(packet)
            }
            None => {
                self.counts.lost += 1;
                JitterItem::Concealed
            }
        }
    }

    /// Packets between the next to play and the newest, gaps included.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.next
            .map_or(0, |next| (self.newest_end - next).max(0) as usize)
    }

    /// What became of the packets.
    #[must_use]
    pub const fn counts(&self) -> JitterCounts {
        self.counts
    }

    /// No packet came in time: concealed for a moment, then silence until the buffer has filled.
    fn dry(&mut self) -> JitterItem<P> {
        self.dry_pops = self.dry_pops.saturating_add(1);
        let is_short = self.counts.played > 0 && self.dry_pops <= CONCEALED_MAX;
        if is_short {
            JitterItem::Concealed
        } else {
            JitterItem::Empty
        }
    }

    /// Skips one packet where all of the last while more lay here than wanted.
    fn shrink(&mut self, fill: usize) {
        self.fill_min = self.fill_min.min(fill);
        self.pops += 1;
        if self.pops < SHRINK_POPS {
            return;
        }
        if self.fill_min > self.depth + 1 {
            self.skip(1);
        }
        (self.pops, self.fill_min) = (0, usize::MAX);
    }

    /// Goes on `count` packets later.
    fn skip(&mut self, count: usize) {
        let Some(next) = self.next else { return };
        for number in next..next + count as i64 {
            match self.slots[number.rem_euclid(CAPACITY as i64) as usize].take() {
                Some(_) => self.counts.skipped += 1,
                None => self.counts.lost += 1,
            }
        }
        self.next = Some(next + count as i64);
    }

    fn restart(&mut self, sequence: u16, packet: P) {
        self.slots.fill(None);
        let number = i64::from(sequence);
        self.slots[number.rem_euclid(CAPACITY as i64) as usize] = Some(packet);
        self.next = Some(number);
        self.newest_end = number + 1;
        self.is_playing = false;
        (self.pops, self.fill_min) = (0, usize::MAX);
    }
}

#[cfg(test)]
mod tests;
