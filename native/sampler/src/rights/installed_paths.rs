//! Where `setup` puts a copy and the policy beside it, and where that copy looks for its policy.

pub const INSTALL_ROOT: &str = "/usr/local/libexec/profile-bee";
/// Of this version: another one may mean something else by the same words.
pub const INSTALL_DIRECTORY: &str = concat!("/usr/local/libexec/profile-bee/", env!("CARGO_PKG_VERSION"));
pub const PROGRAM_NAME: &str = "bee-sampler";
pub const POLICY_NAME: &str = "policy";
