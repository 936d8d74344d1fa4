//! .debug_frame beside .eh_frame and in its place.
mod elf_image;

use elf_image::{text, Cfi, DebugFrame, Image, TEXT};

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
