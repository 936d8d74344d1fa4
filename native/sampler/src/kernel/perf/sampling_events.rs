//! The perf events at whose ticks the BPF program samples: one for each CPU.

use std::io;

use crate::failure::{Failure, Outcome};
use crate::kernel::perf::perf_events::{online_cpus, open_sampling_event, EventRing, RECORD_THROTTLE};
use crate::kernel::settings::Settings;

pub struct SamplingEvents {
    pub rings: Vec<EventRing>,
}

impl SamplingEvents {
    /// Disabled.
    pub fn open(settings: &Settings) -> Outcome<SamplingEvents> {
        let failure = |error: &io::Error| {
            let code = match error.raw_os_error() {
                Some(libc::ENOENT | libc::EOPNOTSUPP | libc::EINVAL) => "event-unsupported",
                _ => "perf-event",
            };
            Failure::from_io(code, "open-sampling-event", error).about(settings.event.to_string())
        };
        let cpus = online_cpus().map_err(|error| failure(&error))?;
        let event =
            |cpu| open_sampling_event(cpu, settings.event, settings.frequency_hz).map_err(|error| failure(&error));
        let rings = cpus.into_iter().map(|cpu| EventRing::map(event(cpu)?, 1));
        Ok(SamplingEvents { rings: rings.collect::<Outcome<_>>()? })
    }

    pub fn set_enabled(&self, is_on: bool) -> Outcome<()> {
        let switched = self.rings.iter().try_for_each(|event| event.set_enabled(is_on));
        switched.map_err(|error| Failure::from_io("perf-event", "switch-perf-events", &error))
    }

    /// How often the kernel paused an event that took too much time. No samples come through these rings.
    pub fn throttled(&mut self) -> u64 {
        let mut count = 0;
        for event in &mut self.rings {
            event.drain(|kind, _, _| count += u64::from(kind == RECORD_THROTTLE));
        }
        count
    }
}
