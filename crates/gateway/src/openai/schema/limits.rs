//! How much schema is taken from a caller. Everything behind this door may walk a schema recursively.

use std::io;

use serde_json::Value;

use super::error::SchemaError;

/// Nested objects and lists of the schema's own JSON. An object within an object takes two of these levels.
const MAX_DEPTH: usize = 64;
/// Bytes of the schema as compact JSON.
const MAX_BYTES: usize = 1 << 20;

pub(super) fn check(schema: &Value) -> Result<(), SchemaError> {
    if Size::of(schema).levels > MAX_DEPTH {
        return Err(SchemaError::TooDeep { limit: MAX_DEPTH });
    }
    // The only thing that can go wrong in writing a value to a sink is that the sink is full.
    serde_json::to_writer(Sink { room: MAX_BYTES }, schema)
        .map_err(|_| SchemaError::TooLarge { limit: MAX_BYTES })
}

/// How large a JSON value is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// How many lists and objects stand within each other.
    pub(super) levels: usize,
    /// How many values there are, lists and objects included.
    pub(super) values: usize,
}

impl Size {
    pub(super) fn of(value: &Value) -> Self {
        let mut size = Self { levels: 0, values: 0 };
        let mut open = vec![(value, 1)];
        while let Some((value, level)) = open.pop() {
            size.values += 1;
            match value {
                Value::Array(elements) => open.extend(elements.iter().map(|element| (element, level + 1))),
                Value::Object(members) => open.extend(members.values().map(|member| (member, level + 1))),
                _ => continue,
            }
            size.levels = size.levels.max(level);
        }
        size
    }
}

/// Takes bytes until it is full.
struct Sink {
    room: usize,
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.room.checked_sub(bytes.len()) {
            Some(room) => {
                self.room = room;
                Ok(bytes.len())
            }
            None => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
