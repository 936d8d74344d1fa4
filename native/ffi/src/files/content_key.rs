//! What is known of a file's content, as a text: two files of one key have the same symbols.

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContentKey {
    pub text: String,
    /// Of the file in the symbol cache; none for what has no build id: its symbols are worth no more than this run.
    pub file_name: Option<String>,
}

impl ContentKey {
    /// Of symbols that a later run must find anew.
    pub fn of_this_run(&self) -> ContentKey {
        ContentKey { text: self.text.clone(), file_name: None }
    }
}
