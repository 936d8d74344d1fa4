import type { UnwindRule } from '../../../../ffi/unwind-table.js';

/**
 * `CFA FP RA` as in `readelf --debug-dump=frames-interp`, for the three registers that matter here. readelf prints every
 * expression as `exp`: known ones have names here (`plt`, `signal`, `deref(…)`), and `expr` is a rule that is not
 * supported: the walk ends there.
 */
export function unwindRuleText(rule: UnwindRule): string {
  if (rule.kind === 'gap') return '- - -';
  return `${cfaText(rule)} ${framePointerText(rule)} ${rule.kind === 'end' ? 'u' : `c-${8 * rule.raWords}`}`;
}

function cfaText({ kind, cfaRegister, cfaOffset, cfaAdd }: UnwindRule): string {
  const place = `${cfaRegister}${signed(cfaOffset)}`;
  switch (kind) {
    case 'plt':
    case 'signal':
      return kind;
    case 'deref':
      return `deref(${place})${signed(cfaAdd)}`;
    case 'unsupported':
      return 'expr';
    case 'cfa':
    case 'clone': // for the parent; the walk of a new thread ends there
    case 'end':
    case 'gap':
      return place;
  }
}

function framePointerText({ fpKind, fpOffset }: UnwindRule): string {
  switch (fpKind) {
    case 'same':
    case 'unknown': // undefined, in DWARF's terms
      return 'u';
    case 'cfa':
      return `c${signed(fpOffset)}`;
    case 'rbp':
      return `deref(rbp${signed(fpOffset)})`;
  }
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`;
}
