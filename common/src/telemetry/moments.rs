//! Occurrences that are logged and counted together, so that the two never disagree. One function an occurrence.

/// A task panicked; its call or duty ended with it.
pub fn task_panicked(task: &'static str) {
    metrics::counter!("patchbay_task_panics_total", "task" => task).increment(1);
    tracing::error!(task, "a task panicked");
}
