import { realpathSync } from 'node:fs';
import { posix } from 'node:path';

/** A package from `cargo metadata`; `directory` contains its Cargo.toml. */
export interface PackageRoot {
  name: string;
  version: string;
  directory: string;
  isWorkspaceMember: boolean;
  /** The crates of its library, binaries, tests, …, if known; a remapped path does not reveal the package. */
  crateNames?: readonly string[];
}

/** Packages by the directory that contains a file (the deepest wins) and by name. */
export class PackageIndex {
  readonly isEmpty: boolean;
  readonly #byDirectory = new Map<string, PackageRoot>();
  readonly #byCrateName = new Map<string, PackageRoot>();

  constructor(packages: readonly PackageRoot[]) {
    this.isEmpty = packages.length === 0;
    for (const root of packages) {
      this.#byDirectory.set(posix.normalize(root.directory).replace(/\/$/, ''), root);
      this.#byDirectory.set(realDirectory(root.directory), root);
      const crateName = root.name.replaceAll('-', '_');
      if (root.isWorkspaceMember || !this.#byCrateName.has(crateName)) this.#byCrateName.set(crateName, root);
    }
    for (const root of packages) this.#addCrates(root);
  }

  /** Called after all packages are added, so that a package keeps its name even if some test shares it. */
  #addCrates(root: PackageRoot): void {
    for (const name of root.crateNames ?? []) {
      const crateName = name.replaceAll('-', '_');
      if (!this.#byCrateName.has(crateName)) this.#byCrateName.set(crateName, root);
    }
  }

  byFile(file: string): PackageRoot | undefined {
    for (let directory = posix.dirname(file); ; directory = posix.dirname(directory)) {
      const found = this.#byDirectory.get(directory);
      if (found !== undefined) return found;
      if (directory === posix.dirname(directory)) return undefined;
    }
  }

  /** By package or crate name; `-` and `_` are equal. */
  byName(name: string): PackageRoot | undefined {
    return this.#byCrateName.get(name.replaceAll('-', '_'));
  }
}

/** rustc records the working directory with symbolic links resolved, cargo records the path that the user took. */
function realDirectory(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}
