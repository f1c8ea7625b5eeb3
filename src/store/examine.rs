//! Looks at the file's surroundings, changing nothing: who may read it, on what kind of disk it is, how much room is
//! left. That its structure is sound is checked each time it is opened.

use std::path::Path;

use super::Store;
use crate::model::finding::{Finding, Health};

/// Less free room than this: somebody should know.
const LITTLE: u64 = 500 << 20;
/// Less than this: the next request may not find room to be written.
const NEARLY_NONE: u64 = 50 << 20;

/// File systems of other machines, by the magic number that `statfs` tells (Linux, statfs(2)): NFS, SMB, CIFS, SMB2,
/// 9P, AFS, Ceph.
#[cfg(target_os = "linux")]
const OF_THE_NETWORK: [u64; 7] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997, 0x5346_414f, 0x00c3_6400];

impl Store {
    /// Whether the file is safe where it is.
    pub fn examine(&self) -> Vec<Finding> {
        examine(&self.path)
    }
}

#[cfg(unix)]
fn examine(path: &Path) -> Vec<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map(|about| about.permissions().mode() & 0o777);
    let room = rustix::fs::statvfs(path).map(|about| about.f_bavail.saturating_mul(about.f_frsize));
    let mut found = Vec::new();
    found.extend(mode.ok().map(|mode| readers(path, mode)));
    found.extend(room.ok().map(|free| self::room(path, free)));
    #[cfg(target_os = "linux")]
    found.extend(rustix::fs::statfs(path).ok().map(|about| disk(path, about.f_type.cast_unsigned())));
    found
}

#[cfg(not(unix))]
fn examine(_: &Path) -> Vec<Finding> {
    Vec::new()
}

fn readers(path: &Path, mode: u32) -> Finding {
    let of_others = mode & 0o077;
    if of_others == 0 {
        return finding("who may read it", Health::Ok, format!("{} is its owner's alone", path.display()), None);
    }
    let seen = format!("{} can be read by others (mode {mode:o})", path.display());
    let mend = format!("chmod 600 {0} {0}-wal {0}-shm", path.display());
    finding("who may read it", Health::Warning, seen, Some(mend))
}

fn room(path: &Path, free: u64) -> Finding {
    let seen = format!("{} MiB are free", free >> 20);
    let mend = || Some(format!("make room where {} is, or move it: `url` in [store]", path.display()));
    match free {
        free if free < NEARLY_NONE => finding("room", Health::Failed, seen, mend()),
        free if free < LITTLE => finding("room", Health::Warning, seen, mend()),
        _ => finding("room", Health::Ok, seen, None),
    }
}

#[cfg(target_os = "linux")]
fn disk(path: &Path, kind: u64) -> Finding {
    if !OF_THE_NETWORK.contains(&(kind & 0xffff_ffff)) {
        return finding("disk", Health::Ok, "it is a local disk".to_owned(), None);
    }
    let seen = format!("{} is on a network file system, where SQLite's locks do not hold", path.display());
    finding("disk", Health::Failed, seen, Some("move it to a local disk: `url` in [store]".to_owned()))
}

fn finding(subject: &str, health: Health, seen: String, mend: Option<String>) -> Finding {
    Finding { place: "the store".to_owned(), subject: subject.to_owned(), health, seen, mend }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_safe_where_it_is_is_said_with_what_mends_it() {
        let path = Path::new("/srv/genkan.db");
        let found = [
            readers(path, 0o600),
            readers(path, 0o640),
            room(path, 1 << 40),
            room(path, 100 << 20),
            room(path, 1 << 20),
        ];
        let health: Vec<Health> = found.iter().map(|finding| finding.health).collect();
        assert_eq!(health, [Health::Ok, Health::Warning, Health::Ok, Health::Warning, Health::Failed]);
        assert!(found[1].mend.as_ref().is_some_and(|mend| mend.starts_with("chmod 600 /srv/genkan.db")), "{found:?}");
        assert!(found.iter().all(|finding| finding.mend.is_some() == (finding.health != Health::Ok)), "{found:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_network_file_system_is_no_place_for_it() {
        let health = |kind| disk(Path::new("/srv/genkan.db"), kind).health;
        assert_eq!(health(0xef53), Health::Ok, "ext4");
        assert_eq!(health(0x6969), Health::Failed, "NFS");
        assert_eq!(health(0xffff_ffff_ff53_4d42), Health::Failed, "CIFS, as a 32-bit system says it");
    }
}
