//! .debug_frame beside .eh_frame and in its place.
mod elf_image;

use elf_image::{text, Cfi, DebugFrame, Image, TEXT};
use miniz_oxide::deflate::compress_to_vec_zlib;

const SHF_COMPRESSED: u64 = 0x800;
const ZLIB: u32 = 1;
const ZSTD: u32 = 2;

fn image(eh_frame: Vec<u8>, debug_frame: Vec<u8>) -> Image {
    Image { eh_frame, debug_frame, text_section: Some(".text"), ..Image::default() }
}

#[test]
fn it_is_read_where_there_is_no_eh_frame_in_both_sizes() {
    for is_64_bit in [false, true] {
        let debug_frame = DebugFrame::new(is_64_bit).fde(0x40, 0x20, &[0x41, 0x0e, 16]).fde(0x60, 0x10, &[]);
        let table = image(Vec::new(), debug_frame.bytes).table();
        assert_eq!(text(&table), "40 rsp+8; 41 rsp+16; 60 rsp+8; 70 gap");
        assert_eq!(table.counts.debug_fdes, 2);
    }
}

#[test]
fn eh_frame_goes_first_where_both_speak() {
    let eh_frame = Cfi::new().fde(0x40, 0x20, &[0x41, 0x0e, 48]).bytes;
    let debug_frame = DebugFrame::new(false).fde(0x40, 0x20, &[0x41, 0x0e, 16]).fde(0x50, 0x40, &[0x41, 0x0e, 24]).fde(
        0x90,
        0x10,
        &[0x41, 0x0e, 32],
    );
    let table = image(eh_frame, debug_frame.bytes).table();
    assert_eq!(text(&table), "40 rsp+8; 41 rsp+48; 60 gap; 90 rsp+8; 91 rsp+32; a0 gap");
    assert_eq!(table.counts.debug_fdes, 1);
}

#[test]
fn functions_that_the_linker_removed_are_left_out() {
    let debug_frame = DebugFrame::new(false).fde(-(TEXT as i64), 0x20, &[]).fde(0x40, 0x20, &[]);
    assert_eq!(text(&image(Vec::new(), debug_frame.bytes).table()), "40 rsp+8; 60 gap");
}

#[test]
fn an_fde_without_its_cie_is_left_out() {
    let debug_frame = DebugFrame::new(false).entry(7, &[0; 20]).fde(0x40, 0x20, &[]);
    assert_eq!(text(&image(Vec::new(), debug_frame.bytes).table()), "40 rsp+8; 60 gap");
}

/// A function of 0x20 bytes, compressed; what `change` makes of the content's size stands in the header.
fn compressed(method: u32, change: impl Fn(u64) -> u64) -> Image {
    let content = DebugFrame::new(false).fde(0x40, 0x20, &[0x41, 0x0e, 16]).bytes;
    let mut section = u64::from(method).to_le_bytes().to_vec();
    section.extend(change(content.len() as u64).to_le_bytes());
    section.extend(8u64.to_le_bytes());
    section.extend(compress_to_vec_zlib(&content, 6));
    Image { debug_frame_flags: SHF_COMPRESSED, ..image(Vec::new(), section) }
}

#[test]
fn it_is_read_where_it_is_compressed() {
    assert_eq!(text(&compressed(ZLIB, |size| size).table()), "40 rsp+8; 41 rsp+16; 60 gap");
}

#[test]
fn a_compressed_one_that_lies_about_its_size_or_method_is_left_out() {
    for size in [0, 1, u64::MAX, 1 << 40] {
        assert_eq!(text(&compressed(ZLIB, |_| size).table()), "", "size {size}");
    }
    for change in [-1, 1] {
        assert_eq!(text(&compressed(ZLIB, |size| size.wrapping_add_signed(change)).table()), "", "{change}");
    }
    for method in [0, ZSTD, u32::MAX] {
        assert_eq!(text(&compressed(method, |size| size).table()), "", "method {method}");
    }
    let cut =
        Image { debug_frame: compressed(ZLIB, |size| size).debug_frame[..20].to_vec(), ..compressed(ZLIB, |_| 0) };
    assert_eq!(text(&cut.table()), "");
}

/// `mov $15, %rax; syscall`
const SIGRETURN: [u8; 9] = [0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05];

#[test]
fn a_trampoline_of_signal_handlers_is_known_by_its_code() {
    let mut code = vec![0x90; 0x80];
    code[0x40..0x49].copy_from_slice(&SIGRETURN);
    code[0x60..0x67].copy_from_slice(&SIGRETURN[..7]); // the number alone may be an argument
    let debug_frame = DebugFrame::new(false).fde(0x20, 0x20, &[]).fde(0x40, 0x10, &[]).fde(0x60, 0x10, &[]);
    let table = Image { text: code, ..image(Vec::new(), debug_frame.bytes) }.table();
    assert_eq!(text(&table), "20 rsp+8; 3f signal; 50 gap; 60 rsp+8; 70 gap");
}
