//! A session as the host holds it: one handle for the connection, what came through it, and the symbols of that.

use std::sync::Arc;

use super::handles::Handles;
use crate::connection::sampler_connection::SamplerConnection;
use crate::failure::Outcome;
use crate::news::News;
use crate::received::Received;
use crate::symbolize::Symbolizer;
use crate::tasks::Tasks;

pub static SESSIONS: Handles<Session> = Handles::new();

pub struct Session {
    pub connection: Arc<SamplerConnection>,
    pub received: Arc<Received>,
    pub symbolizer: Arc<Symbolizer>,
    pub tasks: Arc<Tasks>,
    pub news: Arc<News>,
}

impl Session {
    /// Listens on `socket_path`; without a path the session only holds objects for symbolization.
    pub fn open(socket_path: Option<&str>) -> Outcome<Arc<Session>> {
        let received = Arc::<Received>::default();
        let news = Arc::new(News::new()?);
        Ok(Arc::new(Session {
            connection: SamplerConnection::open(socket_path, Arc::clone(&received), Arc::clone(&news))?,
            symbolizer: Arc::new(Symbolizer::new(Arc::clone(&received))),
            received,
            tasks: Tasks::new(Arc::clone(&news)),
            news,
        }))
    }

    /// Ends the connection, its thread, and the symbolization that runs ahead.
    pub fn close(&self) {
        self.symbolizer.cache.end();
        self.connection.close();
    }
}
