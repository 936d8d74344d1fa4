import type { Caption } from '../../src/render/caption.js';
import type { FlamegraphLayout } from '../../src/render/flamegraph-layout.js';
import { renderSvg } from '../../src/render/svg.js';

/** The whole file. */
export function svgText(layout: FlamegraphLayout, caption: Caption): string {
  return [...renderSvg(layout, caption)].join('');
}
