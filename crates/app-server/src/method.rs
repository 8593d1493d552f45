//! Names of notifications.

/// Defines an enum of the notifications that are understood, and the list of their names, which the checks of the protocol
/// go by.
macro_rules! notifications {
    ($($method:ident = $name:literal,)*) => {
        /// The notifications that mean something here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Method {
            $($method,)*
        }

        /// Their names.
        pub(crate) const METHODS: &[&str] = &[$($name,)*];

        impl Method {
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$method),)*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use notifications;
