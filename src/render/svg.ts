import { formatAmount, formatPercent, formatQuantity, formatValue } from '../account/format-count.js';
import type { Caption } from './caption.js';
import { displayPath } from './display-path.js';
import { fitLabel } from './fit-label.js';
import {
  type FlamegraphLayout,
  type FlamegraphNode,
  type HiddenFrames,
  layoutFlamegraph,
} from './flamegraph-layout.js';
import { shadeClass } from './palette.js';
import type { Picture } from './picture.js';
import { MARGIN_PX, renderHeader } from './svg-header.js';
import { svgScript } from './svg-script.js';
import { LABEL_COLUMN_PX, svgCss } from './svg-style.js';
import { escapeXml } from './visible-text.js';

const ROW_PX = 17;
/** One pixel of background between rows. */
const BOX_PX = ROW_PX - 1;
const TEXT_INSET_PX = 4;

/** The flamegraph as a picture. */
export const SVG = {
  name: 'svg',
  endings: ['.svg'],
  describe: 'a flamegraph',
  flag: 'svg',
  draw(profile, caption) {
    const layout = layoutFlamegraph(profile);
    const { framesShown, framesHidden } = layout;
    return { pieces: renderSvg(layout, caption), framesShown, framesHidden };
  },
} as const satisfies Picture;

/**
 * A self-contained flamegraph in pieces, readable without scripts; with scripts a click zooms, and it can be searched. `g.frame`
 * elements are exactly the frames of the profile. The same layout and caption give the same bytes.
 */
export function* renderSvg(layout: FlamegraphLayout, caption: Caption): Generator<string> {
  const header = renderHeader(layout, caption);
  const heightPx = header.heightPx + (layout.rows + 1) * ROW_PX + MARGIN_PX;
  const canvas = { layout, place: placing(layout, header.heightPx), sourceRoot: caption.sourceRoot };
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield `<svg xmlns="http://www.w3.org/2000/svg" width="${layout.widthPx}" height="${heightPx}" viewBox="0 0 ${layout.widthPx} ${heightPx}">\n`;
  yield `<title>${escapeXml(caption.title)}</title>\n`;
  yield `<style><![CDATA[${svgCss()}]]></style>\n`;
  yield HATCH;
  yield renderRoot(canvas);
  yield renderHidden(layout.hiddenAtRoot, layout.totalCount, 0, canvas);
  for (const node of layout.nodes) yield renderFrame(node, canvas) + renderHiddenAbove(node, canvas);
  yield header.svg;
  yield `<script><![CDATA[${svgScript(scriptGeometry(layout, header.heightPx))}]]></script>\n</svg>\n`;
}

const HATCH =
  '<defs><pattern id="bee-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0v5"/></pattern></defs>\n';

/** The place of a box of `samples` samples that starts at `x` samples. Row -1 is the root. */
type Place = (x: number, samples: number, depth: number) => { x: number; y: number; width: number };

interface Canvas {
  readonly layout: FlamegraphLayout;
  readonly place: Place;
  readonly sourceRoot: string | undefined;
}

function placing(layout: FlamegraphLayout, topPx: number): Place {
  const pxPerSample = layout.totalCount === 0 ? 0 : (layout.widthPx - 2 * MARGIN_PX) / layout.totalCount;
  return (x, samples, depth) => ({
    x: MARGIN_PX + x * pxPerSample,
    y: topPx + ROW_PX * (layout.isInverted ? depth + 1 : layout.rows - 1 - depth),
    width: samples * pxPerSample,
  });
}

function scriptGeometry(layout: FlamegraphLayout, topPx: number) {
  const { rows, totalCount, isInverted } = layout;
  return { topPx, rows, totalCount, isInverted, rowPx: ROW_PX, marginPx: MARGIN_PX, insetPx: TEXT_INSET_PX };
}

function renderFrame(node: FlamegraphNode, { layout, place, sourceRoot }: Canvas): string {
  const { frame } = node;
  const box = place(node.x, node.total, node.depth);
  const name = escapeXml(frame.name);
  return (
    `<g class="frame" data-name="${name}" data-origin="${frame.origin}" data-crate="${escapeXml(frame.crate)}"` +
    ` data-self="${node.self}" data-total="${node.total}"${frame.isInlined ? ' data-inlined="1"' : ''}>` +
    `<title>${name}\n${escapeXml(detailsOf(node, layout, sourceRoot))}</title>` +
    `${renderRect(box, shadeClass(frame))}${renderLabel(frame.name, box)}</g>\n`
  );
}

/** The tooltip below the name. */
function detailsOf(
  { frame, self, total, hidden }: FlamegraphNode,
  { totalCount, valueType }: FlamegraphLayout,
  sourceRoot: string | undefined,
): string {
  const parts = [`${formatValue(total, valueType)}, ${formatPercent(total, totalCount)}`];
  if (self > 0 && self < total)
    parts.push(`self ${formatAmount(self, valueType)}, ${formatPercent(self, totalCount)}`);
  parts.push([frame.origin, frame.crate, frame.crateVersion].filter((word) => word !== '').join(' '));
  if (frame.isInlined) parts.push('inlined');
  if (frame.kind === 'jit') parts.push('JIT');
  if (frame.file !== '')
    parts.push(displayPath(frame.file, sourceRoot) + (frame.line > 0 ? `:${frame.line}` : ''));
  if (hidden.frames > 0) parts.push(describeHidden(hidden, totalCount));
  return parts.join(' · ');
}

function describeHidden(hidden: HiddenFrames, totalCount: number): string {
  return `${formatQuantity(hidden.frames, 'thinner frame')} not drawn (${formatPercent(hidden.total, totalCount)})`;
}

function renderRect(box: { x: number; y: number; width: number }, className: string): string {
  const width = Math.max(box.width - 0.5, 0.3);
  return `<rect class="${className}" x="${px(box.x)}" y="${box.y}" width="${px(width)}" height="${BOX_PX}"/>`;
}

function renderLabel(name: string, box: { x: number; y: number; width: number }): string {
  const label = fitLabel(name, Math.floor((box.width - 2 * TEXT_INSET_PX) / LABEL_COLUMN_PX));
  return label === ''
    ? ''
    : `<text x="${px(box.x + TEXT_INSET_PX)}" y="${box.y + 12}">${escapeXml(label)}</text>`;
}

function renderRoot({ layout, place }: Canvas): string {
  const label = `all · ${formatValue(layout.totalCount, layout.valueType)}`;
  const box = { ...place(0, layout.totalCount, -1), width: layout.widthPx - 2 * MARGIN_PX };
  const title = `<title>${label}</title>`;
  return `<g class="root" data-total="${layout.totalCount}">${title}${renderRect(box, 'all')}${renderLabel(label, box)}</g>\n`;
}

// Directly follows its parent: the script finds the parent by that.
function renderHiddenAbove(node: FlamegraphNode, canvas: Canvas): string {
  return renderHidden(node.hidden, node.x + node.total - node.self, node.depth + 1, canvas);
}

/** The hatched box that ends at `endX` samples; '' if it is itself too thin (its parent's tooltip mentions it). */
function renderHidden(hidden: HiddenFrames, endX: number, depth: number, { layout, place }: Canvas): string {
  const box = place(endX - hidden.total, hidden.total, depth);
  if (hidden.frames === 0 || box.width < 1) return '';
  const title = `<title>${describeHidden(hidden, layout.totalCount)}</title>`;
  const rect = `<rect fill="url(#bee-hatch)" x="${px(box.x)}" y="${box.y}" width="${px(box.width - 0.5)}" height="${BOX_PX}"/>`;
  return `<g class="hidden" data-total="${hidden.total}">${title}${rect}</g>\n`;
}

/** Hundredths of a pixel, without trailing zeros. */
function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}
