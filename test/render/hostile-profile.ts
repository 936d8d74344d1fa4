import { NO_STACK, type Profile, ProfileBuilder, UNKNOWN_FRAME } from '../../src/profile/profile.js';
import { assertSound } from '../profile/profile-from-text.js';

/** Names that a hostile symbol table could hold; one stack each, below `main`. */
export const HOSTILE_NAMES: readonly string[] = [
  '<script>alert(1)</script>',
  '</title></g></svg><script>document.title="owned"</script>',
  '"><image href="x" onerror="alert(1)"/>',
  ']]><script>alert(1)</script>',
  'quote \' and " and & and &amp;',
  'controls \0\u0001\t\r\n\u001b[31m\u007f\u0085',
  'reversed \u202egnp.exe\u202c',
  'lone \ud800 surrogates \udc00',
  'noncharacters \ufffe\uffff',
  'lines \u2028\u2029',
];

export function hostileProfile(): Profile {
  const builder = new ProfileBuilder();
  const main = builder.addStack(NO_STACK, builder.addFrame({ ...UNKNOWN_FRAME, name: 'main' }));
  for (const name of HOSTILE_NAMES) {
    const frame = builder.addFrame({
      ...UNKNOWN_FRAME,
      name,
      crate: name,
      crateVersion: name,
      file: name,
      line: 1,
      module: name,
    });
    builder.addSample({ stack: builder.addStack(main, frame), values: [10], pid: 1, tid: 1, comm: name });
  }
  return assertSound(builder.finish());
}
