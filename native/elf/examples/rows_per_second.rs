//! `rows_per_second ELF…`: rows, rules and the speed of building the table (best of the runs, the file already read).
use std::time::{Duration, Instant};

use bee_elf::{unwind_table, ElfFile, UnwindTable};

const RUNS: usize = 10;

fn main() {
    for path in std::env::args().skip(1) {
        match measure(&path) {
            Ok((table, duration)) => report(&path, &table, duration),
            Err(error) => eprintln!("{path}: {error}"),
        }
    }
}

fn measure(path: &str) -> Result<(UnwindTable, Duration), Box<dyn std::error::Error>> {
    let data = std::fs::read(path)?;
    let mut best = Duration::MAX;
    let mut table = UnwindTable::default();
    for _ in 0..RUNS {
        let start = Instant::now();
        table = unwind_table(&ElfFile::parse(&data)?)?;
        best = best.min(start.elapsed());
    }
    Ok((table, best))
}

fn report(path: &str, table: &UnwindTable, duration: Duration) {
    let (rows, seconds) = (table.rows.len(), duration.as_secs_f64());
    println!(
        "{rows:>8} rows {:>4} rules {:>7.2} ms {:>5.1} M rows/s  {path}",
        table.rules.len(),
        seconds * 1e3,
        rows as f64 / seconds / 1e6,
    );
    println!("         {:?}", table.counts);
}
