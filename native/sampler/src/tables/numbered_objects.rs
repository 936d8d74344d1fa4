//! Objects by number. A frame has 14 bits for the number, which a long capture would use up: those of files that nobody
//! maps any more are given to others. The id of an object is its number and, above it, how often that number has been
//! given away, so that no id is ever another object's (after 262,144 files with one number, which begins anew then).

use std::collections::VecDeque;

use crate::kernel::record::{number_of, MAX_OBJECTS};
use crate::tables::object::Object;

#[derive(Default)]
pub struct NumberedObjects {
    /// By number, from 1 on.
    slots: Vec<Option<Object>>,
    /// Ids of those that come next, the longest free number first.
    free: VecDeque<u32>,
    /// Of which the client has not been told.
    new: VecDeque<u32>,
}

impl NumberedObjects {
    /// Of the next object. None when all numbers are in use.
    pub fn next_id(&self) -> Option<u32> {
        let unused = self.slots.len() as u32 + 1;
        self.free.front().copied().or_else(|| (unused < MAX_OBJECTS).then_some(unused))
    }

    /// An object with the next id.
    pub fn insert(&mut self, object: Object) {
        let id = object.id;
        if self.free.front() == Some(&id) {
            self.free.pop_front();
        } else {
            self.slots.push(None);
        }
        self.new.push_back(id);
        self.slots[number_of(id) as usize - 1] = Some(object);
    }

    /// Its number is free from here on.
    pub fn remove(&mut self, id: u32) -> Option<Object> {
        let removed = self.slot_mut(id)?.take_if(|object| object.id == id)?;
        self.free.push_back(id.wrapping_add(MAX_OBJECTS));
        Some(removed)
    }

    pub fn get(&self, id: u32) -> Option<&Object> {
        self.with_number(number_of(id)).filter(|object| object.id == id)
    }

    pub fn get_mut(&mut self, id: u32) -> Option<&mut Object> {
        self.slot_mut(id)?.as_mut().filter(|object| object.id == id)
    }

    /// The one that frames with the number mean now.
    pub fn with_number(&self, number: u32) -> Option<&Object> {
        self.slots.get(number.checked_sub(1)? as usize)?.as_ref()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.slots.iter().flatten()
    }

    /// At most `limit` of them, from a number on and then from the first.
    pub fn some_from(&self, number: usize, limit: usize) -> impl Iterator<Item = &Object> {
        let (before, from) = self.slots.split_at(number.min(self.slots.len()));
        from.iter().chain(before).take(limit).flatten()
    }

    /// How many numbers were ever in use.
    pub fn numbers(&self) -> usize {
        self.slots.len()
    }

    /// How many are in use now.
    pub fn in_use(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The next of which the client is to be told.
    pub fn take_new(&mut self) -> Option<u32> {
        self.new.pop_front()
    }

    fn slot_mut(&mut self, id: u32) -> Option<&mut Option<Object>> {
        self.slots.get_mut(number_of(id).checked_sub(1)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(objects: &mut NumberedObjects) -> Option<u32> {
        let id = objects.next_id()?;
        objects.insert(Object::new(id, Vec::new()));
        Some(id)
    }

    #[test]
    fn a_number_that_is_free_is_given_again_and_its_id_never() {
        let mut objects = NumberedObjects::default();
        let ids: Vec<u32> = (0..3).map(|_| add(&mut objects).unwrap()).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert!(objects.remove(2).is_some() && objects.remove(2).is_none());
        let again = add(&mut objects).unwrap();
        assert_eq!(number_of(again), 2);
        assert!(again != 2 && objects.get(2).is_none() && objects.get(again).is_some());
        assert_eq!(objects.with_number(2).map(|object| object.id), Some(again));
        assert_eq!(add(&mut objects), Some(4));
        let told: Vec<u32> = std::iter::from_fn(|| objects.take_new()).collect();
        assert_eq!(told, [1, 2, 3, again, 4]);
    }

    #[test]
    fn there_are_as_many_as_a_frame_can_tell_apart() {
        let mut objects = NumberedObjects::default();
        while add(&mut objects).is_some() {}
        assert_eq!(objects.in_use(), MAX_OBJECTS as usize - 1);
        objects.remove(7);
        assert!(add(&mut objects).is_some() && objects.next_id().is_none());
    }
}
