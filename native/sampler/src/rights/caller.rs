//! Who asks, as the kernel tells it, and the connection to it. The sampler may have been started by root, by sudo or
//! through file capabilities, with any path on its command line; nothing that the starter could invent is believed.
//!
//! The socket must lie in a directory of mode 0700. Its owner is the caller, if the process that listens runs as the
//! same user (SO_PEERCRED), and if that is who started us: the real uid, or who sudo says has called it. The
//! connection itself is made with the owner's rights and no others, so that a link in the place of the socket leads
//! nowhere where the caller could not go alone.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::rights::capabilities::{with_effective, NONE};

const ROOT: u32 = 0;
/// For the moment of the connection, where the caller's group is not known yet.
const NO_GROUP: u32 = 65534;
/// The kernel's NGROUPS_MAX.
const MAX_GROUPS: usize = 65536;

#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    pub uid: u32,
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// Who called sudo, by its own words. They count only for a process of root's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SudoCaller {
    uid: u32,
    gid: u32,
}

impl SudoCaller {
    pub fn of_environment() -> Option<SudoCaller> {
        let number = |name| std::env::var(name).ok()?.parse().ok();
        Some(SudoCaller { uid: number("SUDO_UID")?, gid: number("SUDO_GID")? })
    }
}

impl Caller {
    /// Whose process we go on as. A client that sudo made root becomes who called it, and so do we: what we keep is
    /// enough, and the client's folder will be theirs.
    pub fn to_become(&self, sudo: Option<SudoCaller>) -> Caller {
        match sudo {
            Some(SudoCaller { uid, gid }) if self.is_root() => Caller { uid, gid, groups: vec![gid] },
            _ => self.clone(),
        }
    }

    pub fn is_root(&self) -> bool {
        self.uid == ROOT
    }
}

/// Connects to the socket; the caller is whoever listens there.
pub fn connect_to_caller(socket: &Path, sudo: Option<SudoCaller>) -> Outcome<(UnixStream, Caller)> {
    let directory = open_directory(socket)?;
    let owner = check_directory(&directory, socket)?;
    check_starter(owner, sudo)?;
    let stream = connect(&directory, socket, owner)
        .map_err(|error| Failure::from_io("client", "connect-to-client", &error).about(socket.display().to_string()))?;
    let caller = peer_of(&stream).map_err(|error| Failure::from_io("client", "identify-caller", &error))?;
    if caller.uid != owner {
        let message = format!("user {} listens in a directory of user {owner}", caller.uid);
        return Err(refusal(socket, &message));
    }
    Ok((stream, caller))
}

fn refusal(socket: &Path, why: &str) -> Failure {
    Failure::refused("client", "connect-to-client", why).about(socket.display().to_string())
}

/// Only a place: nothing is read, and a link in place of the directory is refused.
fn open_directory(socket: &Path) -> Outcome<File> {
    let parent = socket.parent().filter(|parent| parent.is_absolute());
    let parent = parent.ok_or_else(|| refusal(socket, "the path is not absolute"))?;
    let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let opened = File::options().read(true).custom_flags(flags).open(parent);
    opened.map_err(|error| Failure::from_io("client", "connect-to-client", &error).about(parent.display().to_string()))
}

/// The owner of a directory that nobody else may enter.
fn check_directory(directory: &File, socket: &Path) -> Outcome<u32> {
    let metadata = directory.metadata().map_err(|error| Failure::from_io("client", "connect-to-client", &error))?;
    match metadata.mode() & 0o077 {
        0 => Ok(metadata.uid()),
        _ => Err(refusal(socket, "others may enter its directory (mode 0700 is needed)")),
    }
}

/// Whoever may start us as root may have us serve themselves, or root, and nobody else.
fn check_starter(owner: u32, sudo: Option<SudoCaller>) -> Outcome<()> {
    // SAFETY: cannot fail.
    let real_uid = unsafe { libc::getuid() };
    let is_fit = match (real_uid, sudo) {
        (ROOT, Some(sudo)) => owner == sudo.uid || owner == ROOT,
        (ROOT, None) => true,
        (real_uid, _) => owner == real_uid,
    };
    if is_fit {
        return Ok(());
    }
    let starter = sudo.map_or(real_uid, |sudo| sudo.uid);
    Err(Failure::refused("client", "check-starter", format!("started by user {starter}, for a socket of user {owner}")))
}

fn connect(directory: &File, socket: &Path, owner: u32) -> io::Result<UnixStream> {
    let name = socket.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let place = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name);
    with_rights_of(owner, || {
        if !std::fs::symlink_metadata(&place)?.file_type().is_socket() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a socket"));
        }
        UnixStream::connect(&place)
    })
}

/// Root steps aside for `action`: user, group and supplementary groups. Others only lay down their capabilities.
fn with_rights_of<T>(owner: u32, action: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    // SAFETY: these calls take numbers and an empty list; single-threaded.
    unsafe {
        if libc::geteuid() != ROOT || owner == ROOT {
            return with_effective(NONE, action);
        }
        check(libc::setgroups(0, std::ptr::null()))?;
        check(libc::setegid(NO_GROUP))?;
        check(libc::seteuid(owner))?;
        let result = action();
        check(libc::seteuid(ROOT))?;
        check(libc::setegid(ROOT))?;
        result
    }
}

/// Credentials of the listening process when it began to listen.
fn peer_of(stream: &UnixStream) -> io::Result<Caller> {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    let out = (&raw mut peer).cast();
    // SAFETY: SO_PEERCRED writes at most one ucred.
    check(unsafe { libc::getsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, out, &mut length) })?;
    Ok(Caller { uid: peer.uid, gid: peer.gid, groups: peer_groups(stream)? })
}

fn peer_groups(stream: &UnixStream) -> io::Result<Vec<u32>> {
    let mut groups = vec![0u32; MAX_GROUPS];
    let mut length = (groups.len() * size_of::<u32>()) as libc::socklen_t;
    let out = groups.as_mut_ptr().cast();
    // SAFETY: at most `length` bytes are written, and it says how many were.
    check(unsafe { libc::getsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERGROUPS, out, &mut length) })?;
    groups.truncate(length as usize / size_of::<u32>());
    Ok(groups)
}

fn check(result: libc::c_int) -> io::Result<()> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{symlink, PermissionsExt};
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str, mode: u32) -> Place {
            let path = std::env::temp_dir().join(format!("bee-caller-{}-{name}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir(&path).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            Place(path)
        }

        fn connect(&self) -> Outcome<Caller> {
            connect_to_caller(&self.0.join("sampler"), None).map(|(_, caller)| caller)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn own_uid() -> u32 {
        // SAFETY: cannot fail.
        unsafe { libc::geteuid() }
    }

    #[test]
    fn the_caller_is_who_listens_in_a_directory_of_their_own() {
        let place = Place::new("own", 0o700);
        let _listener = UnixListener::bind(place.0.join("sampler")).unwrap();
        assert_eq!(place.connect().unwrap().uid, own_uid());
    }

    #[test]
    fn a_directory_that_others_may_enter_is_refused() {
        for mode in [0o701, 0o710, 0o777, 0o1777] {
            let place = Place::new("open", mode);
            let _listener = UnixListener::bind(place.0.join("sampler")).unwrap();
            assert_eq!(place.connect().unwrap_err().errno(), Some(libc::EPERM), "{mode:o}");
        }
    }

    #[test]
    fn links_are_refused_in_place_of_the_socket_and_of_the_directory() {
        let (place, other) = (Place::new("link", 0o700), Place::new("linked", 0o700));
        let _listener = UnixListener::bind(other.0.join("sampler")).unwrap();
        symlink(other.0.join("sampler"), place.0.join("sampler")).unwrap();
        assert!(place.connect().unwrap_err().to_string().contains("not a socket"));
        std::fs::remove_file(place.0.join("sampler")).unwrap();
        symlink(&other.0, place.0.join("directory")).unwrap();
        assert!(connect_to_caller(&place.0.join("directory/sampler"), None).is_err());
        assert!(connect_to_caller(Path::new("sampler"), None).is_err());
    }

    #[test]
    fn sudo_serves_who_called_it() {
        let sudo = Some(SudoCaller { uid: 1000, gid: 1000 });
        assert!(check_starter(own_uid(), None).is_ok());
        if own_uid() == ROOT {
            assert!(check_starter(1000, sudo).is_ok());
            assert!(check_starter(ROOT, sudo).is_ok());
            assert_eq!(check_starter(1001, sudo).unwrap_err().errno(), Some(libc::EPERM));
        } else {
            assert_eq!(check_starter(own_uid() + 1, sudo).unwrap_err().errno(), Some(libc::EPERM));
        }
    }

    #[test]
    fn root_by_sudo_goes_on_as_who_called_it_and_nobody_else_does() {
        let sudo = Some(SudoCaller { uid: 1000, gid: 100 });
        let root = Caller { uid: 0, gid: 0, groups: vec![0] };
        assert_eq!(root.to_become(sudo), Caller { uid: 1000, gid: 100, groups: vec![100] });
        assert_eq!(root.to_become(None), root);
        let user = Caller { uid: 1001, gid: 1001, groups: vec![] };
        assert_eq!(user.to_become(sudo), user);
    }

    #[test]
    fn the_callers_groups_are_those_of_its_process() {
        let place = Place::new("groups", 0o700);
        let _listener = UnixListener::bind(place.0.join("sampler")).unwrap();
        // SAFETY: asks for the number alone, then for as many.
        let own = unsafe {
            let mut own = vec![0u32; libc::getgroups(0, std::ptr::null_mut()) as usize];
            libc::getgroups(own.len() as i32, own.as_mut_ptr());
            own
        };
        assert_eq!(place.connect().unwrap().groups, own);
    }
}
