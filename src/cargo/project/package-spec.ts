import type { MetadataPackage } from './metadata.js';

type NamedPackage = Pick<MetadataPackage, 'id' | 'name' | 'version'>;

/**
 * Whether `-p SPEC` matches this package, in the forms of cargo's reference: `name`, `name@1.2`, `name:1.2`, and a URL with
 * or without the kind before it (`path+file:///w/app`), alone or followed by `#1.2`, `#name`, `#name@1.2`.
 */
export function matchesPackageSpec(found: NamedPackage, spec: string): boolean {
  const { url, rest } = splitSpec(spec);
  const ownUrl = splitSpec(found.id).url ?? '';
  if (url !== undefined && url !== ownUrl && url !== ownUrl.replace(/^\w+\+/, '')) return false;
  return rest === undefined || matchesNameAndVersion(found, rest, url !== undefined);
}

function splitSpec(spec: string): { url: string | undefined; rest: string | undefined } {
  if (!spec.includes('://')) return { url: undefined, rest: spec };
  const hash = spec.indexOf('#');
  return hash < 0 ? { url: spec, rest: undefined } : { url: spec.slice(0, hash), rest: spec.slice(hash + 1) };
}

function matchesNameAndVersion(found: NamedPackage, text: string, mayBeVersion: boolean): boolean {
  if (mayBeVersion && /^\d/.test(text)) return matchesVersion(found.version, text);
  const [name, version] = text.split(/[@:]/, 2);
  return name === found.name && (version === undefined || matchesVersion(found.version, version));
}

/** A version may be partial: `1` and `1.2` match `1.2.3`. */
function matchesVersion(version: string, typed: string): boolean {
  return version === typed || version.startsWith(`${typed}.`);
}
