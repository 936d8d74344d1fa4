//! What a client that was killed leaves: the folder of its sockets.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// How a client names its folders.
const FOLDER_PREFIX: &[u8] = b"bee-";

/// Removes the sockets beside `socket`, itself included, a link to the gate, and their folder when nothing else is in
/// it. Only what the client names is touched, with the rights that are left; what cannot be removed stays.
pub fn remove(socket: &Path) {
    let Some(folder) = socket.parent() else { return };
    let name = folder.file_name().map(|name| name.as_encoded_bytes());
    if !name.is_some_and(|name| name.starts_with(FOLDER_PREFIX)) {
        return;
    }
    for path in [socket.to_path_buf(), folder.join("gate"), folder.join("bee-gate")] {
        let kind = fs::symlink_metadata(&path).map(|found| found.file_type());
        if kind.is_ok_and(|kind| kind.is_socket() || kind.is_symlink()) {
            let _ = fs::remove_file(path);
        }
    }
    let _ = fs::remove_dir(folder);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn sockets_go_and_everything_else_stays() {
        let folder = std::env::temp_dir().join(format!("bee-left-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let sockets = ["sampler", "gate"].map(|name| folder.join(name));
        let _listeners = sockets.each_ref().map(|path| UnixListener::bind(path).unwrap());
        fs::write(folder.join("file"), "").unwrap();
        remove(&folder.join("file"));
        assert!(folder.join("file").exists());
        remove(&sockets[0]);
        assert!(sockets.iter().all(|path| !path.exists()) && folder.join("file").exists());
        fs::remove_file(folder.join("file")).unwrap();
        remove(&sockets[0]);
        assert!(!folder.exists());
    }
}
