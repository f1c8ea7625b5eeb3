//! No image of this process's memory is written to a disk: no core dumps, and nobody but root attaches to it.

/// Forbids them for this process and the children that it starts. Returns in words what this system did not allow.
pub(super) fn forbid() -> Vec<String> {
    let mut failed = Vec::new();
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
            failed.push(format!("the size of core dumps was not set to 0: {error}"));
        }
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            failed.push(format!("the process was not made undumpable: {error}"));
        }
    }
    failed
}
