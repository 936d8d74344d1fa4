//! A session as the host holds it: one handle for the connection, what came through it, and the symbols of that.

use std::sync::{Arc, Mutex, PoisonError};

use super::handles::Handles;
use crate::connection::sampler_connection::SamplerConnection;
use crate::failure::{Failure, Outcome};
use crate::received::Received;
use crate::symbolize::Symbolizer;

pub static SESSIONS: Handles<Session> = Handles::new();

pub struct Session {
    pub connection: Arc<SamplerConnection>,
    pub received: Arc<Received>,
    pub symbolizer: Arc<Symbolizer>,
    error: Mutex<String>,
}

impl Session {
    /// Listens on `socket_path`; without a path the session only holds objects for symbolization.
    pub fn open(socket_path: Option<&str>) -> Outcome<Arc<Session>> {
        let received = Arc::<Received>::default();
        Ok(Arc::new(Session {
            connection: SamplerConnection::open(socket_path, Arc::clone(&received))?,
            symbolizer: Arc::new(Symbolizer::new(Arc::clone(&received))),
            received,
            error: Mutex::default(),
        }))
    }

    /// Ends the connection, its thread, and the symbolization that runs ahead.
    pub fn close(&self) {
        self.symbolizer.cache.end();
        self.connection.close();
    }

    pub fn error(&self) -> String {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_error(&self, failure: &Failure) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&failure.message);
    }
}

/// Runs `call` and keeps its error in the session, where a caller on another thread finds it.
pub fn with_session<T>(handle: u64, call: impl FnOnce(&Arc<Session>) -> Outcome<T>) -> Outcome<T> {
    let session = SESSIONS.get(handle)?;
    call(&session).inspect_err(|failure| session.set_error(failure))
}
