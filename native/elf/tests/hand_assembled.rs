//! Tables of call frame information written byte by byte.
mod elf_image;

use bee_elf::{unwind_table, ElfFile, BX_SAME, BX_UNKNOWN, UNWIND_END};
use elf_image::{text, Cfi, Image, INITIAL, TEXT, TEXT_BYTES};

fn rows(cfi: Cfi) -> String {
    text(&Image::with_cfi(cfi).table())
}

/// One function of 32 bytes.
fn function(instructions: &[u8]) -> String {
    rows(Cfi::new().fde(0, 0x20, instructions))
}

#[test]
fn frame_pointer_prologue_and_epilogue() {
    let instructions = [
        0x41, 0x0e, 16, 0x86, 2, // push rbp
        0x43, 0x0d, 6, // mov rsp, rbp
        0x50, 0x0c, 7, 8, 0xc6, // leave
    ];
    let expected = "0 rsp+8; 1 rsp+16 c-16; 4 rbp+16 c-16; 14 rsp+8; 20 gap";
    assert_eq!(function(&instructions), expected);
}

#[test]
fn every_kind_of_advance() {
    let target = (TEXT + 0x18).to_le_bytes();
    let mut instructions = vec![
        0x02, 2, 0x0e, 16, // advance_loc1
        0x03, 2, 0, 0x0e, 24, // advance_loc2
        0x04, 2, 0, 0, 0, 0x0e, 32, // advance_loc4
        0x1d, 2, 0, 0, 0, 0, 0, 0, 0, 0x0e, 40, // MIPS_advance_loc8
    ];
    instructions.push(0x01); // set_loc
    instructions.extend(target);
    instructions.extend([0x0e, 48]);
    let mut fde = 0x100u64.to_le_bytes().to_vec();
    fde.splice(0..8, TEXT.to_le_bytes());
    fde.extend(0x20u64.to_le_bytes());
    fde.extend(instructions);
    let cfi = Cfi::with_cie(b"\0", &[], &INITIAL);
    let back = (cfi.bytes.len() as u32 + 4).to_le_bytes();
    let expected = "0 rsp+8; 2 rsp+16; 4 rsp+24; 6 rsp+32; 8 rsp+40; 18 rsp+48; 20 gap";
    assert_eq!(rows(cfi.entry(&[&back[..], &fde].concat())), expected);
}

#[test]
fn remembered_states_nest() {
    let instructions = [0x0a, 0x41, 0x0e, 16, 0x86, 2, 0x0a, 0x41, 0x0e, 24, 0x41, 0x0b, 0x41, 0x0b];
    let expected = "0 rsp+8; 1 rsp+16 c-16; 2 rsp+24 c-16; 3 rsp+16 c-16; 4 rsp+8; 20 gap";
    assert_eq!(function(&instructions), expected);
    assert_eq!(function(&[0x41, 0x0b]), "0 rsp+8; 1 unsupported; 20 gap");
}

#[test]
fn signed_and_extended_forms() {
    let instructions = [
        0x41, 0x13, 0x7e, // def_cfa_offset_sf -2 * -8
        0x41, 0x12, 6, 0x7d, // def_cfa_sf rbp, -3 * -8
        0x41, 0x11, 6, 2, // offset_extended_sf rbp, 2 * -8
        0x41, 0x05, 6, 3, // offset_extended rbp
        0x41, 0x2f, 6, 4, // GNU_negative_offset_extended rbp
        0x41, 0x06, 6, // restore_extended rbp
        0x41, 0x2e, 32, 0x2d, 0x00, // GNU_args_size, GNU_window_save, nop: no change
    ];
    let expected = "0 rsp+8; 1 rsp+16; 2 rbp+24; 3 rbp+24 c-16; 4 rbp+24 c-24; 5 rbp+24 c+32; \
                    6 rbp+24; 20 gap";
    assert_eq!(function(&instructions), expected);
}

#[test]
fn expressions_of_compilers_and_linkers() {
    let realigned = [0x41, 0x0f, 3, 0x76, 0x78, 6, 0x10, 6, 2, 0x76, 0];
    assert_eq!(function(&realigned), "0 rsp+8; 1 deref(rbp-8)+0 *rbp+0; 20 gap");
    let switched = [0x0f, 6, 0x77, 0xa0, 1, 6, 0x23, 8];
    assert_eq!(function(&switched), "0 deref(rsp+160)+8; 20 gap");
    let plt = [0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22];
    assert_eq!(function(&plt), "0 plt11; 20 gap");
}

#[test]
fn an_expression_keeps_register_and_offset_for_later() {
    let instructions = [
        0x0e, 24, 0x41, 0x0f, 6, 0x77, 0xa0, 1, 6, 0x23, 8, // deref(rsp+160)+8
        0x41, 0x0d, 6, // def_cfa_register: with the offset from before
        0x41, 0x0f, 3, 0x76, 0x78, 6, 0x0e, 32, // an offset alone leaves the expression in force
        0x41, 0x0d, 7,
    ];
    let expected = "0 rsp+24; 1 deref(rsp+160)+8; 2 rbp+24; 3 deref(rbp-8)+0; 4 rsp+32; 20 gap";
    assert_eq!(function(&instructions), expected);
}

#[test]
fn the_last_frame_and_unknown_values() {
    assert_eq!(function(&[0x07, 16, 0x42, 0x07, 6]), "0 end; 20 gap");
    assert_eq!(function(&[0x86, 2, 0x41, 0x08, 6]), "0 rsp+8 c-16; 1 rsp+8; 20 gap");
}

#[test]
fn what_cannot_be_said_is_counted_by_cause() {
    let instructions = [
        0x0c, 17, 0, // CFA = xmm0
        0x41, 0x0f, 2, 0x30, 0x30, // CFA = expression of constants
        0x41, 0x0c, 7, 8, 0x11, 16, 0x7f, // ra at CFA+8
        0x41, 0x90, 1, 0x09, 6, 3, // rbp in rbx
        0x41, 0xc6, 0x16, 7, 1, 0x77, // rsp by val_expression
        0x41, 0x08, 7, // good again
        0x41, 0x3f, // no such instruction
    ];
    let table = Image::with_cfi(Cfi::new().fde(0, 0x20, &instructions)).table();
    // Neighbours of different causes are one row: the cause of the first counts.
    assert_eq!(text(&table), "0 unsupported; 5 rsp+8; 6 unsupported; 20 gap");
    assert_eq!(table.counts.unsupported_cfa_register, 1);
    assert_eq!(table.counts.unsupported_malformed, 1);
    for (instructions, cause) in
        [(&instructions[3 + 1..8], 0), (&instructions[9..15], 1), (&[0x09, 6, 3][..], 2), (&[0x16, 7, 1, 0x77], 3)]
    {
        let counts = Image::with_cfi(Cfi::new().fde(0, 8, instructions)).table().counts;
        let causes = [
            counts.unsupported_cfa_expression,
            counts.unsupported_return_address,
            counts.unsupported_frame_pointer,
            counts.unsupported_stack_pointer,
        ];
        assert_eq!((causes[cause], counts.unsupported_rows), (1, 1), "{instructions:x?}");
    }
}

#[test]
fn signal_frames_begin_before_their_first_instruction() {
    let cfi = || Cfi::with_cie(b"zRS\0", &[0x1b], &INITIAL).fde(0x10, 9, &[0x0f, 1, 0x50]);
    assert_eq!(rows(cfi()), "10 rax+0 interrupted; 19 gap", "coroutines' frames have rules of their own");
    let mut image = Image::with_cfi(cfi());
    image.text = vec![0x90; 0x20];
    image.text[0x10..0x19].copy_from_slice(&[0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05]);
    assert_eq!(text(&image.table()), "f signal; 19 gap");
}

#[test]
fn equal_neighbours_merge_and_gaps_do_not() {
    let cfi = Cfi::new().fde(0x20, 0x10, &[]).fde(0, 0x10, &[]).fde(0x10, 0x10, &[0x44, 0x0e, 16, 0x44, 0x0e, 8]).fde(
        0x31,
        0x10,
        &[],
    );
    assert_eq!(rows(cfi), "0 rsp+8; 14 rsp+16; 18 rsp+8; 30 gap; 31 rsp+8; 41 gap");
}

#[test]
fn overlaps_go_to_the_later_start_and_duplicates_to_the_first() {
    let outer = Cfi::new().fde(0, 0x40, &[0x41, 0x0e, 16]);
    let cfi = outer.fde(0x10, 0x10, &[0x0e, 24]).fde(0x10, 0x20, &[0x0e, 32]).fde(0x80, 0, &[]);
    let table = Image::with_cfi(cfi).table();
    assert_eq!(text(&table), "0 rsp+8; 1 rsp+16; 10 rsp+24; 20 gap");
    assert_eq!((table.counts.fdes, table.counts.unused_fdes), (4, 2));
}

#[test]
fn rows_stay_inside_executable_segments() {
    let end = TEXT_BYTES as i64;
    let cfi =
        Cfi::new().fde(-0x1000, 0x10, &[]).fde(end - 4, 0x10, &[0x42, 0x0e, 16, 0x44, 0x0e, 24]).fde(end, 0x10, &[]);
    let table = Image::with_cfi(cfi).table();
    assert_eq!(text(&table), "3fc rsp+8; 3fe rsp+16");
    assert_eq!(table.counts.unused_fdes, 2);
}

#[test]
fn augmentations() {
    let personality = [0x9b, 1, 2, 3, 4, 0x1b, 0x1b];
    for (letters, data) in
        [(&b"zR\0"[..], &[0x1b][..]), (b"zPLR\0", &personality), (b"zRB\0", &[0x1b]), (b"zR!\0", &[0x1b, 1, 2, 3])]
    {
        let cfi = Cfi::with_cie(letters, data, &INITIAL).fde(0, 0x20, &[]);
        assert_eq!(rows(cfi), "0 rsp+8; 20 gap", "{letters:?}");
    }
    let unknown = Image::with_cfi(Cfi::with_cie(b"!\0", &[], &INITIAL).fde(0, 0x20, &[])).table();
    assert_eq!((text(&unknown).as_str(), unknown.counts.skipped_fdes), ("", 1));
}

#[test]
fn only_sections_say_that_a_terminator_is_not_the_end() {
    let cfi = || Cfi::new().fde(0, 0x20, &[]).raw(&[0; 4]).fde(0x20, 0x20, &[0x0e, 16]);
    assert_eq!(rows(cfi()), "0 rsp+8; 20 gap");
    let mut image = Image::with_cfi(cfi());
    image.text_section = Some(".text");
    assert_eq!(text(&image.table()), "0 rsp+8; 20 rsp+16; 40 gap");
}

#[test]
fn an_fde_without_its_cie_is_skipped() {
    let cfi = Cfi::new().fde(0, 0x20, &[]).entry(&[2, 0, 0, 0, 0, 0, 0, 0]);
    let table = Image::with_cfi(cfi.fde(0x20, 8, &[])).table();
    assert_eq!(text(&table), "0 rsp+8; 28 gap");
    assert_eq!((table.counts.fdes, table.counts.skipped_fdes), (3, 1));
}

#[test]
fn an_entry_point_without_cfi_ends_the_stack() {
    let image = |entry, symbols: &[(u64, u64)]| Image {
        entry: TEXT + entry,
        symbols: symbols.to_vec(),
        text_section: Some(".text"),
        ..Image::with_cfi(Cfi::new().fde(0x20, 0x10, &[]))
    };
    let by_symbol = image(0, &[(TEXT + 8, 4), (TEXT, 0x16)]).table();
    assert_eq!(text(&by_symbol), "0 end; 16 gap; 20 rsp+8; 30 gap");
    assert_eq!(by_symbol.rules[0].kind, UNWIND_END);
    assert_eq!(text(&image(0, &[]).table()), "0 end; 20 rsp+8; 30 gap");
    assert_eq!(text(&image(0x40, &[]).table()), "20 rsp+8; 30 gap; 40 end; 80 gap");
    assert_eq!(text(&image(0x24, &[]).table()), "20 rsp+8; 30 gap");
}

#[test]
fn a_plt_without_cfi_is_read_from_its_instructions() {
    let header = [0xff, 0x35, 0, 0, 0, 0, 0xff, 0x25, 0, 0, 0, 0, 0x0f, 0x1f, 0x40, 0];
    let slot = [0xff, 0x25, 0, 0, 0, 0, 0x68, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0];
    let mut image = Image {
        text: [header, slot, slot].concat(),
        text_section: Some(".plt"),
        ..Image::with_cfi(Cfi::new().fde(0x40, 0x10, &[]))
    };
    let expected = "0 rsp+16; 6 rsp+24; 10 plt11; 30 gap; 40 rsp+8; 50 gap";
    assert_eq!(text(&image.table()), expected);
    image.eh_frame = Cfi::new().fde(0, 0x30, &[0x0e, 16]).bytes;
    assert_eq!(text(&image.table()), "0 rsp+16; 30 gap");
}

#[test]
fn init_and_fini_are_read_from_their_instructions() {
    let code = [0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83, 0xec, 8, 0xe8, 0, 0, 0, 0, 0x48, 0x83, 0xc4, 8, 0xc3];
    for name in [".init", ".fini"] {
        let mut image =
            Image { text: code.to_vec(), text_section: Some(name), ..Image::with_cfi(Cfi::new().fde(0x20, 0x10, &[])) };
        assert_eq!(text(&image.table()), "0 rsp+8; 8 rsp+16; 11 rsp+8; 12 gap; 20 rsp+8; 30 gap");
        image.text[8] = 0xcc;
        assert_eq!(text(&image.table()), "0 rsp+8; 8 rsp+16; 9 gap; 20 rsp+8; 30 gap", "as any other code");
        image.text[8] = 0xe8;
        image.eh_frame = Cfi::new().fde(4, 4, &[]).bytes;
        assert_eq!(text(&image.table()), "0 rsp+8; 4 rsp+8; 8 gap");
    }
}

/// An FDE of 8 bytes, `syscall` right behind it (or at another offset), and the next FDE at `next`.
fn clone_at(offset: usize, instructions: &[u8], next: i64) -> String {
    let cfi = Cfi::new().fde(0, 8, instructions).fde(next, 8, &[0x07, 16]);
    let mut image = Image::with_cfi(cfi);
    image.text = vec![0x90; offset];
    image.text.extend([0x0f, 0x05]);
    text(&image.table())
}

#[test]
fn a_system_call_behind_an_fde_is_clones() {
    assert_eq!(clone_at(8, &[], 0x12), "0 rsp+8; 8 clone+8; 12 end; 1a gap");
    assert_eq!(
        clone_at(8, &[0x41, 0x0e, 24, 0x86, 2], 0x12),
        "0 rsp+8; 1 rsp+24 c-16; 8 clone+24 c-16; 12 end; 1a gap"
    );
    assert_eq!(clone_at(8, &[], 0x28), "0 rsp+8; 8 clone+8; 28 end; 30 gap");
    assert_eq!(clone_at(8, &[], 0x29), "0 rsp+8; 8 clone+8; 28 gap; 29 end; 31 gap");
}

#[test]
fn other_system_calls_are_not_clones() {
    assert_eq!(clone_at(9, &[], 0x12), "0 rsp+8; 8 gap; 9 rsp+8; 12 end; 1a gap", "behind padding a function begins");
    assert_eq!(clone_at(8, &[], 8), "0 rsp+8; 8 end; 10 gap");
    assert_eq!(clone_at(8, &[0x0d, 6], 0x12), "0 rbp+8; 8 gap; 12 end; 1a gap");
    assert_eq!(clone_at(8, &[0x07, 16], 0x12), "0 end; 8 gap; 12 end; 1a gap");
    assert_eq!(clone_at(0x10, &[], 0x40), "0 rsp+8; 8 gap; 10 rsp+8; 40 end; 48 gap");
}

#[test]
fn a_clone_at_the_end_of_its_segment_stays_inside() {
    let end = TEXT_BYTES as i64;
    let at = |start| {
        let mut image = Image::with_cfi(Cfi::new().fde(start, 8, &[]));
        image.text = vec![0x90; start as usize + 8];
        image.text.extend([0x0f, 0x05]);
        text(&image.table())
    };
    assert_eq!(at(end - 16), "3f0 rsp+8; 3f8 clone+8");
    assert_eq!(at(end - 0x29), "3d7 rsp+8; 3df clone+8; 3ff gap");
}

#[test]
fn no_cfi_is_an_empty_table() {
    let table = Image::default().table();
    assert_eq!((table.rows.len(), table.counts.fdes), (0, 0));
}

#[test]
fn stripped_section_headers_change_nothing() {
    let mut data = std::fs::read("/lib/x86_64-linux-gnu/libc.so.6").unwrap();
    let whole = unwind_table(&ElfFile::parse(&data).unwrap()).unwrap();
    data[0x28..0x30].fill(0);
    let stripped = ElfFile::parse(&data).unwrap();
    assert!(!stripped.has_section(".text"));
    let stripped = unwind_table(&stripped).unwrap();
    assert!(whole.rows.len() > 10_000);
    assert!(whole.rows == stripped.rows && whole.rules == stripped.rules);
}

/// Saves rbx, then has its CFA in it.
const CFA_IN_RBX: [u8; 7] = [0x41, 0x0e, 16, 0x83, 2, 0x41, 0x0d];

#[test]
fn rbx_is_followed_where_a_cfa_lies_in_it() {
    let saves_alone = [0x41, 0x0e, 16, 0x83, 2];
    let followed = Cfi::new().fde(0, 0x20, &saves_alone).fde(0x20, 0x20, &[&CFA_IN_RBX[..], &[3]].concat());
    let table = Image::with_cfi(followed).table();
    assert_eq!(text(&table), "0 rsp+8; 1 rsp+16; 20 rsp+8; 21 rsp+16; 22 rbx+16; 40 gap");
    let bx: Vec<u8> = table.rows.iter().map(|row| table.rules[row.rule as usize].bx).collect();
    assert_eq!(bx, [BX_SAME, 2, BX_SAME, 2, 2, BX_UNKNOWN]);
    let left_out = Image::with_cfi(Cfi::new().fde(0, 0x20, &saves_alone)).table();
    assert!(left_out.rules.iter().all(|rule| rule.bx == BX_UNKNOWN));
}

#[test]
fn a_return_address_further_below_the_cfa() {
    let instructions = [0x0e, 24, 0x90, 3, 0x41, 0x90, 1, 0x41, 0x0e, 16, 0x90, 3];
    assert_eq!(function(&instructions), "0 rsp+24 ra-24; 1 rsp+24; 2 unsupported; 20 gap", "none lies below rsp");
}

#[test]
fn a_cfa_in_r10_or_r11() {
    let table = Image::with_cfi(Cfi::new().fde(0, 0x20, &[0x44, 0x0c, 10, 0, 0x44, 0x0c, 11, 16])).table();
    assert_eq!(text(&table), "0 rsp+8; 4 r10+0; 8 r11+16; 20 gap");
}

/// `xor %ebp, %ebp; pop %rdi; call *%r9; mov %eax, %edi; xor %eax, %eax; mov $60, %al; syscall; hlt; ret`
const THREAD: [u8; 18] =
    [0x31, 0xed, 0x5f, 0x41, 0xff, 0xd1, 0x89, 0xc7, 0x31, 0xc0, 0xb0, 60, 0x0f, 0x05, 0xf4, 0xc3, 0x90, 0x90];

#[test]
fn a_freed_return_address_before_the_exit_of_a_thread_is_its_end() {
    let mut image = Image::with_cfi(Cfi::new().fde(0, 16, &[0x43, 0x0e, 0]));
    image.text = THREAD.to_vec();
    let table = image.table();
    assert_eq!(text(&table), "0 rsp+8; 3 end; e unsupported; 10 gap");
    assert_eq!((table.counts.end_rows, table.counts.unsupported_rows), (1, 1));
    image.text[11] = 39; // getpid
    assert_eq!(text(&image.table()), "0 rsp+8; 3 unsupported; 10 gap");
    image.text[6] = 0xc3;
    assert_eq!(text(&image.table()), "0 rsp+8; 3 unsupported; 10 gap");
}

#[test]
fn contexts_return_to_the_first_byte_of_their_root() {
    let code = [0x48, 0x89, 0xdc, 0x48, 0x8b, 0x3c, 0x24, 0x48, 0x85, 0xff, 0x74, 8];
    let mut image = Image::with_cfi(Cfi::new().fde(0, 8, &[]).fde(0x10, 26, &[]));
    image.text = [&[0x90; 0x10][..], &code].concat();
    assert_eq!(text(&image.table()), "0 rsp+8; 8 gap; f end; 2a gap");
    image.text[0x10] = 0x4c;
    assert_eq!(text(&image.table()), "0 rsp+8; 8 gap; 10 rsp+8; 2a gap");
}
