//! How many requests run the model now.

use tokio::sync::watch;

/// The count, and whoever watches it. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(watch::Sender<usize>);

/// One request that runs; dropping it ends it.
#[derive(Debug)]
pub(super) struct Run(watch::Sender<usize>);

impl Running {
    pub(super) fn begin(&self) -> Run {
        self.0.send_modify(|count| *count += 1);
        Run(self.0.clone())
    }

    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.0.subscribe()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
