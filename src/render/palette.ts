import { type Frame, ORIGINS, type Origin } from '../profile/profile.js';

/** Shades per origin, so that adjacent crates (dependency, std) or functions (the rest) can be distinguished. */
const SHADES = 5;
const MIDDLE = 2;

interface Hue {
  readonly letter: string;
  readonly hue: number;
  readonly saturation: number;
  readonly lightness: number;
  /** Degrees between two shades. */
  readonly hueStep: number;
}

// Differ in hue and lightness, so that colour-blind readers can distinguish them; dark text is legible on all.
const HUES: Readonly<Record<Origin, Hue>> = {
  workspace: { letter: 'w', hue: 41, saturation: 94, lightness: 61, hueStep: 2.5 },
  dependency: { letter: 'd', hue: 212, saturation: 72, lightness: 73, hueStep: 7 },
  std: { letter: 's', hue: 152, saturation: 38, lightness: 68, hueStep: 6 },
  kernel: { letter: 'k', hue: 354, saturation: 68, lightness: 74, hueStep: 4 },
  native: { letter: 'n', hue: 272, saturation: 46, lightness: 77, hueStep: 5 },
  unknown: { letter: 'u', hue: 220, saturation: 8, lightness: 78, hueStep: 0 },
};

/** The CSS class of a frame's rectangle: origin letter, shade digit, `i` if inlined. */
export function shadeClass(frame: Frame): string {
  const isByCrate = frame.origin === 'dependency' || frame.origin === 'std';
  const shade = hashText(isByCrate && frame.crate !== '' ? frame.crate : frame.name) % SHADES;
  return `${HUES[frame.origin].letter}${shade}${frame.isInlined ? 'i' : ''}`;
}

/** The class of an origin in a legend. */
export function legendClass(origin: Origin): string {
  return `${HUES[origin].letter}${MIDDLE}`;
}

/** One `fill` rule per class of `shadeClass`. */
export function paletteCss(theme: 'light' | 'dark'): string {
  return ORIGINS.flatMap((origin) =>
    Array.from({ length: SHADES }, (_, shade) => shadeRules(HUES[origin], shade - MIDDLE, theme)),
  ).join('');
}

function shadeRules(
  { letter, hue, saturation, lightness, hueStep }: Hue,
  offset: number,
  theme: 'light' | 'dark',
): string {
  const isDark = theme === 'dark';
  const shadeHue = hue + offset * hueStep;
  const shadeSaturation = isDark ? saturation * 0.72 : saturation;
  const shadeLightness = (isDark ? lightness * 0.83 : lightness) + offset * 1.8;
  const fill = (inlinedBy: number) =>
    hexFromHsl(shadeHue, shadeSaturation * (1 - inlinedBy / 60), shadeLightness + inlinedBy);
  const name = `.${letter}${offset + MIDDLE}`;
  return `${name}{fill:${fill(0)}}${name}i{fill:${fill(isDark ? 7 : 8)}}`;
}

/** CSS `hsl()` as hex: renderers other than browsers do not support `hsl()`. Degrees, percent, percent. */
function hexFromHsl(hue: number, saturation: number, lightness: number): string {
  const chroma = (saturation / 100) * Math.min(lightness / 100, 1 - lightness / 100);
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    const value = lightness / 100 - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * value)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}

/** FNV-1a, 32 bit: the same name gets the same colour in every flamegraph. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
