//! Keeps objects of one kind where they can be deleted without moving the others.

use serde::{Deserialize, Serialize};

/// A place on a shelf, typed by what stands there.
pub(crate) trait Place: Copy {
    fn at(place: usize) -> Self;
    fn place(self) -> usize;
}

/// An object with an id and a place of its own.
pub(crate) trait Kept {
    type Ix: Place;

    fn id(&self) -> &str;
}

/// Objects of one kind, in the order they were made.
///
/// A deleted object is found and listed no more, but its place stays, so that what once named it (an old incident, a log
/// entry) can still say what it was called.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Shelf<T> {
    slots: Vec<Slot<T>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Slot<T> {
    deleted: bool,
    object: T,
}

impl<T> Default for Shelf<T> {
    fn default() -> Shelf<T> {
        Shelf { slots: Vec::new() }
    }
}

impl<T: Kept> Shelf<T> {
    pub(crate) fn add(&mut self, object: T) -> T::Ix {
        self.slots.push(Slot { deleted: false, object });
        T::Ix::at(self.slots.len() - 1)
    }

    pub(crate) fn delete(&mut self, ix: T::Ix) {
        self.slots[ix.place()].deleted = true;
    }

    /// Tells whether the object was not deleted.
    pub(crate) fn holds(&self, ix: T::Ix) -> bool {
        self.slots.get(ix.place()).is_some_and(|slot| !slot.deleted)
    }

    /// Finds an object that was not deleted, by its id.
    pub(crate) fn find(&self, id: &str) -> Option<T::Ix> {
        self.find_by(|object| object.id() == id)
    }

    /// Finds the first object that was not deleted and matches.
    pub(crate) fn find_by(&self, matches: impl Fn(&T) -> bool) -> Option<T::Ix> {
        self.iter().find(|(_, object)| matches(object)).map(|(ix, _)| ix)
    }

    /// Lists what was not deleted, in the order it was made.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (T::Ix, &T)> + Clone {
        let kept = self.slots.iter().enumerate().filter(|(_, slot)| !slot.deleted);
        kept.map(|(place, slot)| (T::Ix::at(place), &slot.object))
    }

    /// Counts what was not deleted.
    pub(crate) fn len(&self) -> usize {
        self.slots.iter().filter(|slot| !slot.deleted).count()
    }
}

impl<T: Kept> FromIterator<T> for Shelf<T> {
    fn from_iter<I: IntoIterator<Item = T>>(objects: I) -> Shelf<T> {
        Shelf { slots: objects.into_iter().map(|object| Slot { deleted: false, object }).collect() }
    }
}

impl<T: Kept> std::ops::Index<T::Ix> for Shelf<T> {
    type Output = T;

    /// Returns the object at a place, even when it was deleted.
    fn index(&self, ix: T::Ix) -> &T {
        &self.slots[ix.place()].object
    }
}

impl<T: Kept> std::ops::IndexMut<T::Ix> for Shelf<T> {
    fn index_mut(&mut self, ix: T::Ix) -> &mut T {
        &mut self.slots[ix.place()].object
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pagerduty::model::{Priority, PriorityIx};

    fn priority(id: &str) -> Priority {
        Priority { id: id.to_owned(), name: id.to_owned(), description: String::new(), color: String::new() }
    }

    #[test]
    fn a_deleted_object_keeps_its_place_but_is_found_no_more() {
        let mut shelf: Shelf<Priority> = [priority("a"), priority("b")].into_iter().collect();
        let gone = shelf.find("a").expect("there");
        shelf.delete(gone);
        assert_eq!(shelf.find("a"), None);
        assert_eq!(shelf[gone].id, "a");
        assert_eq!(shelf.add(priority("c")), PriorityIx(2));
        assert_eq!(shelf.iter().map(|(_, one)| one.id.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!((shelf.len(), shelf.holds(gone)), (2, false));
    }
}
