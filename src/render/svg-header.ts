import { formatPercent, formatQuantity } from '../account/format-count.js';
import { ORIGINS } from '../profile/profile.js';
import type { Caption } from './caption.js';
import type { FlamegraphLayout } from './flamegraph-layout.js';
import { legendClass } from './palette.js';
import { escapeXml } from './visible-text.js';
import { wrapText } from './wrap-text.js';

export const MARGIN_PX = 12;
const LINE_PX = 17;
/** Average character width of the sans-serif text and of the title, for wrapping and truncation. */
const TEXT_COLUMN_PX = 6.4;
const TITLE_COLUMN_PX = 8.8;
/** Room right of the title for the search field and the buttons. */
const CONTROLS_PX = 480;

interface Block {
  readonly svg: string;
  readonly heightPx: number;
}

/**
 * Title, quality line, warnings, legend, and the line in which the script describes the frame under the pointer. Draw it
 * last, over the frames: the script keeps it visible while a tall flamegraph is scrolled.
 */
export function renderHeader(layout: FlamegraphLayout, options: Caption): Block {
  const blocks = [renderTitle, renderSubtitle, renderWarnings, renderLegend, renderStatus];
  let heightPx = 9;
  let svg = '';
  for (const render of blocks) {
    const block = render(layout, options, heightPx);
    heightPx += block.heightPx;
    svg += block.svg;
  }
  const bar = `<rect class="bar" x="0" y="0" width="${layout.widthPx}" height="${heightPx - 2}"/>`;
  return { svg: `<g class="header">${bar}${svg}</g>\n`, heightPx };
}

function renderTitle(layout: FlamegraphLayout, { title }: Caption, y: number): Block {
  const columns = Math.floor((layout.widthPx - CONTROLS_PX - MARGIN_PX) / TITLE_COLUMN_PX);
  const characters = Array.from(title);
  const shown = characters.length <= columns ? title : `${characters.slice(0, columns - 1).join('')}…`;
  return { svg: textAt(MARGIN_PX, y + 19, shown, 'title'), heightPx: 26 };
}

function renderSubtitle(layout: FlamegraphLayout, { subtitle }: Caption, y: number): Block {
  const hidden =
    layout.framesHidden === 0 ? [] : [`${formatQuantity(layout.framesHidden, 'thin frame')} hidden`];
  const text = [subtitle, ...hidden].filter((part) => part !== '').join(' · ');
  return renderLines(wrapText(text, columnsOf(layout)), MARGIN_PX, y, 'subtitle');
}

function renderWarnings(layout: FlamegraphLayout, { warnings = [] }: Caption, y: number): Block {
  const lines = warnings.flatMap((warning) => wrapText(`⚠ ${warning}`, columnsOf(layout) - 6));
  if (lines.length === 0) return { svg: '', heightPx: 0 };
  const text = renderLines(lines, MARGIN_PX + 9, y + 11, 'warning');
  const size = `width="${layout.widthPx - 2 * MARGIN_PX}" height="${text.heightPx + 9}"`;
  const box = `<rect class="alert" x="${MARGIN_PX}" y="${y + 8}" ${size} rx="4"/>`;
  return { svg: box + text.svg, heightPx: text.heightPx + 20 };
}

/** The origins in use, with their share of innermost frames. */
function renderLegend(layout: FlamegraphLayout, _options: Caption, y: number): Block {
  const used = ORIGINS.filter((origin) => layout.nodes.some((node) => node.frame.origin === origin));
  const entries = used.map((origin) => ({
    className: legendClass(origin),
    label: `${origin} ${formatPercent(layout.selfByOrigin[origin], layout.totalCount)}`,
  }));
  const inlined = layout.nodes.find((node) => node.frame.isInlined);
  if (inlined !== undefined)
    entries.push({ className: `${legendClass(inlined.frame.origin)}i`, label: 'paler: inlined' });
  let x = MARGIN_PX;
  let svg = '';
  for (const { className, label } of entries) {
    svg += `<rect class="${className}" x="${x}" y="${y + 9}" width="12" height="12" rx="2.5"/>`;
    svg += textAt(x + 18, y + 19, label, 'legend');
    x += 40 + Math.ceil(label.length * TEXT_COLUMN_PX);
  }
  return { svg, heightPx: 24 };
}

function renderStatus(_layout: FlamegraphLayout, _options: Caption, y: number): Block {
  return { svg: textAt(MARGIN_PX, y + 17, '', 'status'), heightPx: 26 };
}

function renderLines(lines: readonly string[], x: number, y: number, className: string): Block {
  const svg = lines.map((line, index) => textAt(x, y + LINE_PX * (index + 1) - 3, line, className)).join('');
  return { svg, heightPx: lines.length * LINE_PX };
}

function columnsOf(layout: FlamegraphLayout): number {
  return Math.floor((layout.widthPx - 2 * MARGIN_PX) / TEXT_COLUMN_PX);
}

function textAt(x: number, y: number, text: string, className: string): string {
  return `<text class="${className}" x="${x}" y="${y}">${escapeXml(text)}</text>`;
}
