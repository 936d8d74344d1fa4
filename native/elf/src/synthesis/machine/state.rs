use super::value::Value;

/// Registers by their hardware numbers.
pub(crate) const RAX: usize = 0;
pub(crate) const RCX: usize = 1;
pub(crate) const RDX: usize = 2;
pub(crate) const RBX: usize = 3;
pub(crate) const RSP: usize = 4;
pub(crate) const RBP: usize = 5;
pub(crate) const RSI: usize = 6;
pub(crate) const RDI: usize = 7;
pub(crate) const R11: usize = 11;
const REGISTERS: usize = 16;
/// Those that a function may change without saving them.
const CALLER_SAVED: [usize; 9] = [RAX, RCX, RDX, RSI, RDI, 8, 9, 10, R11];

/// Functions keep rbp and at most a few copies of their stack pointer in memory.
const MAX_SLOTS: usize = 6;
const WORD: i32 = 8;
/// What a signal handler leaves alone below the stack pointer.
const RED_ZONE: i32 = 128;

/// A word on the stack of which something is known. Unused ones have an unknown address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Slot {
    pub address: Value,
    pub value: Value,
}

/// Whether this is still the thread that called the function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Thread {
    #[default]
    Caller,
    /// Behind the system call of clone: in the new thread rax is 0.
    CallerOrNew,
    /// The new one, which has no caller.
    New,
    /// A fiber, whose first function returns here though nobody has called it.
    Fiber,
    /// One of these, and rax no longer says which.
    Unsure,
}

/// What is known before an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct State {
    registers: [Value; REGISTERS],
    /// Sorted by address, the unused ones first, so that equal states are equal.
    slots: [Slot; MAX_SLOTS],
    /// The instruction that floating values count from.
    floating_since: u32,
    pub thread: Thread,
}

impl State {
    /// Nothing is known.
    pub const UNKNOWN: State = State {
        registers: [Value::Unknown; REGISTERS],
        slots: [Slot { address: Value::Unknown, value: Value::Unknown }; MAX_SLOTS],
        floating_since: 0,
        thread: Thread::Caller,
    };

    /// Of a function that was just called.
    pub fn at_entry() -> State {
        let mut state = State::UNKNOWN;
        state.registers[RSP] = Value::Cfa(-WORD);
        state.registers[RBP] = Value::CallerRbp;
        state
    }

    pub fn in_thread(self, thread: Thread) -> State {
        State { thread, ..self }
    }

    pub fn register(&self, register: usize) -> Value {
        self.registers[register]
    }

    pub fn registers(&self) -> impl Iterator<Item = (usize, Value)> + '_ {
        self.registers.iter().copied().enumerate()
    }

    pub fn slots(&self) -> impl DoubleEndedIterator<Item = &Slot> {
        self.slots.iter().filter(|slot| slot.address != Value::Unknown)
    }

    /// `at` is the instruction: a stack pointer set to something unknown is where floating values count from.
    pub fn set_register(&mut self, register: usize, value: Value, at: u32) {
        if register == RAX {
            self.forget_answer_of_clone();
        }
        if register == RSP && !value.is_address() {
            return self.float(RSP, at);
        }
        let is_kept = register == RAX || !matches!(value, Value::Number(_));
        self.registers[register] = if is_kept { value } else { Value::Unknown };
        if register == RSP {
            self.forget_below(RED_ZONE);
        }
    }

    /// The register is from now on what floating values count from.
    pub fn float(&mut self, register: usize, at: u32) {
        let forget = |value: &mut Value| {
            if matches!(value, Value::Floating(_)) {
                *value = Value::Unknown;
            }
        };
        self.registers.iter_mut().for_each(forget);
        self.slots.iter_mut().for_each(|slot| {
            forget(&mut slot.address);
            forget(&mut slot.value);
        });
        self.drop_empty_slots();
        self.floating_since = at;
        self.registers[register] = Value::Floating(0);
    }

    pub fn push(&mut self, value: Value, at: u32) {
        let top = self.registers[RSP].plus(-i64::from(WORD));
        self.set_register(RSP, top, at);
        self.store(top, WORD, value);
    }

    pub fn pop(&mut self, at: u32) -> Value {
        let top = self.registers[RSP];
        let value = self.load(top);
        self.set_register(RSP, top.plus(i64::from(WORD)), at);
        value
    }

    pub fn load(&self, address: Value) -> Value {
        let found = self.slots().find(|slot| slot.address == address);
        found.map_or(Value::Unknown, |slot| slot.value)
    }

    /// Forgets what the written bytes overlap, and remembers a word worth knowing.
    pub fn store(&mut self, address: Value, bytes: i32, value: Value) {
        if !address.is_address() {
            return;
        }
        for slot in &mut self.slots {
            let overlaps = |distance: i32| distance < bytes && -distance < WORD;
            if address.distance_to(slot.address).is_some_and(overlaps) {
                *slot = Slot::default();
            }
        }
        let is_word = bytes == WORD && value != Value::Unknown;
        if let Some(free) = self.slots.iter_mut().find(|slot| is_word && slot.address == Value::Unknown) {
            *free = Slot { address, value };
        }
        self.drop_empty_slots();
    }

    /// A call returned: what it may change is unknown.
    pub fn after_call(&mut self) {
        CALLER_SAVED.iter().for_each(|&register| self.registers[register] = Value::Unknown);
        self.forget_below(0);
        self.forget_answer_of_clone();
    }

    /// The system call's own number decides what comes back.
    pub fn after_system_call(&mut self, is_clone: bool) {
        [RAX, RCX, R11].iter().for_each(|&register| self.registers[register] = Value::Unknown);
        if is_clone && self.thread == Thread::Caller {
            self.thread = Thread::CallerOrNew;
        } else {
            self.forget_answer_of_clone();
        }
    }

    /// What holds whichever of the two is the case.
    pub fn meet(&self, other: &State) -> State {
        let mut met = *self;
        let is_same_place = self.floating_since == other.floating_since;
        let meet = |one: Value, other: Value| match one.meet(other) {
            Value::Floating(_) if !is_same_place => Value::Unknown,
            value => value,
        };
        for (value, &others) in met.registers.iter_mut().zip(&other.registers) {
            *value = meet(*value, others);
        }
        for slot in &mut met.slots {
            slot.value = meet(slot.value, other.load(slot.address));
            slot.address = meet(slot.address, slot.address);
        }
        met.drop_empty_slots();
        if !is_same_place {
            met.floating_since = 0;
        }
        if self.thread != other.thread {
            met.thread = Thread::Unsure;
        }
        met
    }

    fn forget_answer_of_clone(&mut self) {
        if self.thread == Thread::CallerOrNew {
            self.thread = Thread::Unsure;
        }
    }

    /// What lies further below the stack pointer is anybody's.
    fn forget_below(&mut self, bytes: i32) {
        let top = self.registers[RSP];
        for slot in &mut self.slots {
            if top.distance_to(slot.address).is_some_and(|distance| distance < -bytes) {
                *slot = Slot::default();
            }
        }
        self.drop_empty_slots();
    }

    fn drop_empty_slots(&mut self) {
        for slot in &mut self.slots {
            if slot.address == Value::Unknown || slot.value == Value::Unknown {
                *slot = Slot::default();
            }
        }
        self.slots.sort_unstable_by_key(|slot| slot.address);
    }
}
