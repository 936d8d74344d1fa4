//! The few JSON texts that cross the ABI, written without a serializer.

pub use bee_wire::json::push_string;

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
