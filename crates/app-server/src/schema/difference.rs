//! One thing in which two Codexes differ.

use std::fmt;

/// Something that the gateway relies on, and that the installed Codex does otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub method: String,
    pub part: Part,
    pub change: Change,
}

/// Which part of a method's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is sent with a request.
    Params,
    /// What Codex answers to it.
    Response,
    /// What Codex tells by itself.
    Notification,
    /// What is answered to a request of Codex's.
    Answer,
}

/// What happened to a field, which is named by its path, such as `data[].model`; the whole message has an empty path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The method, or this part of it, is not there at all.
    Missing,
    Gone {
        field: String,
    },
    /// It must be sent now, and is not.
    Required {
        field: String,
    },
    /// It need not come any more.
    Optional {
        field: String,
    },
    Type {
        field: String,
        built: String,
        installed: String,
    },
    /// A value that was one of a fixed set is in it no more.
    Value {
        field: String,
        value: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, part, change } = self;
        let of = match part {
            Part::Params => " of its params",
            Part::Response => " of its result",
            Part::Notification => "",
            Part::Answer => " of the answer to it",
        };
        match change {
            Change::Missing if *part == Part::Params => write!(f, "`{method}` is unknown"),
            Change::Missing if *part == Part::Notification => write!(f, "`{method}` never comes"),
            Change::Missing => write!(f, "`{method}` has no known result"),
            Change::Gone { field } => write!(f, "`{method}`: `{field}`{of} is gone"),
            Change::Required { field } => write!(f, "`{method}`: `{field}`{of} is required, and not sent"),
            Change::Optional { field } => write!(f, "`{method}`: `{field}`{of} may be missing"),
            Change::Type { field, built, installed } => {
                write!(f, "`{method}`: `{field}`{of} is {installed} instead of {built}")
            }
            Change::Value { field, value } => write!(f, "`{method}`: `{field}`{of} can't be {value}"),
        }
    }
}
