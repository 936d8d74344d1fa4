import { frameAt, NO_STACK, type Profile, ProfileBuilder, type StackIndex, sampleAt } from './profile.js';

/** Everything under one root frame, including the root. */
export interface ProfilePart {
  root: string;
  profile: Profile;
}

/** One part per name of an outermost frame, in order of appearance; together they are the profile. */
export function splitByRoot(profile: Profile): ProfilePart[] {
  const rootOfStack = rootNames(profile);
  const copies = new Map<string, StackCopy>();
  for (let index = 0; index < profile.samples.length; index++) {
    const sample = sampleAt(profile, index);
    const root = rootOfStack[sample.stack]!;
    const copy = copies.get(root) ?? new StackCopy(profile);
    copies.set(root, copy);
    copy.builder.addSample({ ...sample, stack: copy.stack(sample.stack) });
  }
  return Array.from(copies, ([root, { builder }]) => ({ root, profile: builder.finish() }));
}

/** Parents precede their children in the table. */
function rootNames(profile: Profile): string[] {
  const { parent, frame, length } = profile.stacks;
  const names: string[] = [];
  for (let stack = 0; stack < length; stack++) {
    const above = parent[stack]!;
    names.push(above === NO_STACK ? frameAt(profile, frame[stack]!).name : names[above]!);
  }
  return names;
}

class StackCopy {
  readonly builder: ProfileBuilder;
  readonly #copied = new Map<StackIndex, StackIndex>([[NO_STACK, NO_STACK]]);

  constructor(private readonly profile: Profile) {
    this.builder = new ProfileBuilder(profile);
  }

  /** Not recursive: stacks are up to a thousand frames deep. */
  stack(stack: StackIndex): StackIndex {
    const { parent, frame } = this.profile.stacks;
    const missing: StackIndex[] = [];
    for (let at = stack; !this.#copied.has(at); at = parent[at]!) missing.push(at);
    for (const at of missing.reverse()) {
      const copy = this.builder.addFrame(frameAt(this.profile, frame[at]!));
      this.#copied.set(at, this.builder.addStack(this.#copied.get(parent[at]!)!, copy));
    }
    return this.#copied.get(stack)!;
  }
}
