//! Turning the epoch: all that was counted up to a moment goes to the client, and counting begins anew. The client then
//! has a whole profile up to that moment, the kernel has room for other stacks, and numbers of files that nobody maps any
//! more are free for others (tables/object_need.rs).

use std::collections::HashSet;

use crate::failure::Outcome;
use crate::kernel::clock::monotonic_ns;
use crate::serve::capture::Capture;

/// Of the stacks that the kernel can count, in quarters: the epoch turns by itself before a stack finds no room.
const FULL_QUARTERS: u32 = 3;

impl Capture {
    /// Begins the next epoch and sends all of the one before: its stacks, their counts, and totals that agree with them
    /// (fired = delivered + lost). Samples that fire meanwhile belong to the next epoch, and are held back.
    pub fn turn_epoch(&mut self) -> Outcome<()> {
        let has_many_objects = self.has_many_objects();
        if has_many_objects {
            self.collect()?;
            self.processes.forget_unmapped(&mut self.engine)?;
        }
        let before_ns = monotonic_ns();
        let unused = self.unused_objects();
        self.engine.begin_epoch()?;
        self.collect()?;
        self.send_closed_epoch()?;
        self.let_go(&unused, before_ns);
        if has_many_objects {
            self.objects.note_left(self.processes.objects.in_use(), monotonic_ns());
        }
        Ok(())
    }

    /// A stack that finds no room among those that are counted would be sent with each of its samples, and a file
    /// without a number has no frames.
    pub(super) fn turn_full_epoch(&mut self) -> Outcome<()> {
        let is_full = self.stacks.count_of_epoch() >= self.engine.max_stacks() / 4 * FULL_QUARTERS;
        match is_full || (self.has_many_objects() && self.objects.has_rested(monotonic_ns())) {
            true => self.turn_epoch(),
            false => Ok(()),
        }
    }

    fn send_closed_epoch(&mut self) -> Outcome<()> {
        let closed = self.engine.take_closed_repetitions()?;
        self.client.send_counts(&self.checkpoints.close(&closed))?;
        let totals = self.totals(&self.engine.closed_counters());
        self.client.send_totals(&totals)?;
        self.stacks.begin_epoch(self.engine.epoch_bit());
        Ok(())
    }

    fn has_many_objects(&self) -> bool {
        self.objects.are_many(self.processes.objects.in_use())
    }

    fn unused_objects(&self) -> HashSet<u32> {
        let idle_ns = self.objects.kept_idle_ns(self.processes.objects.in_use());
        self.processes.unused_objects(&self.engine, idle_ns)
    }

    /// Of what was unused before the epoch turned.
    fn let_go(&mut self, unused: &HashSet<u32>, before_ns: u64) {
        if !unused.is_empty() {
            self.processes.let_go(&mut self.engine, unused, before_ns);
            self.stacks.check.forget_code();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::engine::tests::{access_of_root, burn_cpu, engine_with, SETTINGS};
    use crate::kernel::record::{read_from, StackHead};
    use crate::kernel::settings::Settings;
    use crate::kernel::target::Target;
    use crate::serve::client::Client;
    use crate::serve::requests::AddRequest;
    use crate::spaces::processes::Processes;
    use bee_wire::protocol::*;
    use bee_wire::{Record, KERNEL_OBJECT};
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::process::{Child, Command};
    use std::rc::Rc;
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::thread::{self, JoinHandle};

    type Heard = JoinHandle<Vec<u8>>;

    /// News is of all processes: one test at a time, or a storm of forks takes the room of another's.
    static ALONE: Mutex<()> = Mutex::new(());

    fn begin_capture() -> Option<(Capture, Heard, MutexGuard<'static, ()>)> {
        let access = access_of_root()?;
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut client, sampler) = UnixStream::pair().unwrap();
        let heard = thread::spawn(move || {
            let mut bytes = Vec::new();
            client.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let settings = Settings { frequency_hz: 9_997, ring_bytes: 8 << 20, ..SETTINGS };
        Some((Capture::start(Client::new(sampler), &settings, access, None).unwrap(), heard, alone))
    }

    fn observe(capture: &mut Capture, root: u32, pid: u32) {
        let target = Some(Target::of(root, pid));
        capture.add(&AddRequest { id: root, target, paths: Vec::new() }).unwrap();
    }

    fn end_capture(mut capture: Capture) {
        capture.engine.set_sampling(false).unwrap();
        capture.turn_epoch().unwrap();
    }

    /// What arrived between two TOTALS, and how much has fired and was lost by then.
    #[derive(Default, Debug, Clone, Copy, PartialEq)]
    struct Tick {
        delivered: u64,
        fired: u64,
        lost: u64,
    }

    fn messages(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
        let mut messages = Vec::new();
        while let Some((header, rest)) = bytes.split_at_checked(8) {
            let length = u32::from_le_bytes(header[..4].try_into().unwrap()) as usize;
            let (payload, rest) = rest.split_at(length);
            messages.push((u16::from_le_bytes(header[4..6].try_into().unwrap()), payload));
            bytes = rest;
        }
        messages
    }

    fn ticks_of(bytes: &[u8]) -> Vec<Tick> {
        let mut ticks = vec![Tick::default()];
        for (kind, payload) in messages(bytes) {
            let tick = ticks.last_mut().unwrap();
            match kind {
                MESSAGE_STACKS => tick.delivered += stacks_in(payload),
                MESSAGE_COUNTS => tick.delivered += payload.chunks_exact(24).map(|it| word(&it[16..])).sum::<u64>(),
                MESSAGE_TOTALS => {
                    let totals = Totals::read(payload).unwrap();
                    (tick.fired, tick.lost) = (totals.fired, totals.lost.iter().map(|loss| loss.samples).sum());
                    ticks.push(Tick::default());
                }
                _ => {}
            }
        }
        ticks.pop();
        ticks
    }

    fn word(bytes: &[u8]) -> u64 {
        u64::from_le_bytes(bytes[..8].try_into().unwrap())
    }

    fn stacks_in(mut records: &[u8]) -> u64 {
        let mut stacks = 0;
        while let Some(head) = read_from::<StackHead>(records) {
            let frames = usize::from(head.user_frames) + usize::from(head.kernel_frames);
            records = &records[size_of::<StackHead>() + 8 * frames..];
            stacks += head.count;
        }
        stacks
    }

    /// At each TOTALS, not at the last alone.
    fn assert_whole(ticks: &[Tick]) {
        let mut delivered = 0;
        for (index, tick) in ticks.iter().enumerate() {
            delivered += tick.delivered;
            assert_eq!(tick.fired, delivered + tick.lost, "tick {index} of {}: {tick:?}", ticks.len());
        }
        assert!(delivered > 100, "{delivered} delivered");
    }

    fn shell(script: &str) -> Child {
        Command::new("sh").args(["-c", script]).spawn().unwrap()
    }

    #[test]
    fn no_sample_is_lost_or_counted_twice_when_the_epoch_turns() {
        const TURNS: usize = 200;
        let Some((mut capture, heard, _alone)) = begin_capture() else { return };
        let mut shells = ["while :; do :; done", "while :; do (:); done"].map(shell);
        for (number, shell) in shells.iter().enumerate() {
            observe(&mut capture, number as u32 + 1, shell.id());
        }
        for turn in 0..TURNS {
            capture.turn_epoch().unwrap();
            if turn % 3 == 0 {
                capture.collect().unwrap();
            }
        }
        end_capture(capture);
        shells.iter_mut().for_each(|shell| shell.kill().and_then(|()| shell.wait()).map(drop).unwrap());
        let ticks = ticks_of(&heard.join().unwrap());
        assert_eq!(ticks.len(), TURNS + 1);
        assert_whole(&ticks);
    }

    /// Stacks that differ.
    fn burn_at(depth: u32) {
        match depth {
            0 => burn_cpu(1),
            _ => burn_at(std::hint::black_box(depth - 1)),
        }
        std::hint::black_box(depth);
    }

    #[test]
    fn the_epoch_turns_before_a_stack_finds_no_room() {
        const STACKS: u32 = 64;
        let Some((mut capture, heard, _alone)) = begin_capture() else { return };
        let access = access_of_root().unwrap();
        capture.engine = engine_with(&[("counts", STACKS)], |_| {}).unwrap().0;
        capture.processes = Processes::new(&mut capture.engine, Rc::new(access));
        observe(&mut capture, 1, std::process::id());
        for depth in 1..8 * STACKS {
            burn_at(depth);
            capture.collect().unwrap();
            capture.turn_full_epoch().unwrap();
            assert!(capture.stacks.count_of_epoch() < STACKS);
        }
        end_capture(capture);
        let ticks = ticks_of(&heard.join().unwrap());
        assert!(ticks.len() > 4, "{} turns for {} stacks and more", ticks.len(), 7 * STACKS);
        assert_whole(&ticks);
    }

    fn object_numbers(heard: &[u8]) -> Vec<u32> {
        let objects = messages(heard).into_iter().filter(|(kind, _)| *kind == MESSAGE_OBJECT);
        let numbers = objects.map(|(_, payload)| Object::read(payload).unwrap().number);
        numbers.filter(|number| *number != KERNEL_OBJECT).collect()
    }

    #[test]
    fn numbers_of_files_that_nobody_maps_are_given_to_others() {
        const PROGRAMS: usize = 50;
        const ROUNDS: usize = 4;
        let Some((mut capture, heard, _alone)) = begin_capture() else { return };
        capture.objects.idle_ns = 0;
        let folder = std::env::temp_dir().join(format!("bee-programs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut shell = Command::new("sh").stdin(std::process::Stdio::piped()).spawn().unwrap();
        observe(&mut capture, 1, shell.id());
        let mut say = |text: String| std::io::Write::write_all(shell.stdin.as_mut().unwrap(), text.as_bytes()).unwrap();
        for round in 0..ROUNDS {
            let done = folder.join(format!("done-{round}"));
            for number in round * PROGRAMS..(round + 1) * PROGRAMS {
                let program = folder.join(number.to_string()).display().to_string();
                // Not by us: a shell that another test forks would have it open to be written, and nobody could run it.
                say(format!("cp /bin/sleep {program}; echo {number} >> {program}; {program} 1 &\n"));
            }
            say(format!("wait; touch {}\n", done.display()));
            while !done.exists() {
                thread::sleep(std::time::Duration::from_millis(5));
                capture.collect().unwrap();
            }
            capture.collect().unwrap();
            capture.turn_epoch().unwrap();
        }
        drop(shell.stdin.take());
        shell.wait().unwrap();
        end_capture(capture);
        std::fs::remove_dir_all(folder).unwrap();
        let numbers = object_numbers(&heard.join().unwrap());
        let most = *numbers.iter().max().unwrap() as usize;
        // Where the machine is busy, news of a program's end may come after the turn.
        assert!(numbers.len() > most + PROGRAMS, "{most} numbers for {} files", numbers.len());
    }
}
