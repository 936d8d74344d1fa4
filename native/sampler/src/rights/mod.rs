//! Who asks and what they may have; what `setup` installs as root.
//! Takes: the socket, our own credentials, the policy. Gives: a caller, an access that answers for each process, and a
//! sampler without the rights that it does not need. May use: nothing of the other rooms.

pub mod access;
pub mod bounds;
pub mod caller;
pub mod capabilities;
pub mod install_folders;
pub mod install_place;
pub mod installation;
pub mod installed_paths;
pub mod obstacle;
pub mod pidfd;
pub mod policy;
pub mod privileges;
pub mod setup_lock;
