export interface SvgFrame {
  name: string;
  origin: string;
  crate: string;
  self: number;
  total: number;
  /** How the frame is painted: the `fill` or `class` of its rectangle, whichever tells. */
  fill: string;
}

/** The `<g class="frame" data-…>` groups of a flamegraph, as the contract names them. */
export function readSvgFrames(svg: string): SvgFrame[] {
  const groups = svg.matchAll(/<g\b[^>]*class="[^"]*\bframe\b[^"]*"[^>]*>[\s\S]*?<\/g>/g);
  return [...groups].map(([group]) => readFrame(group));
}

function readFrame(group: string): SvgFrame {
  const attribute = (name: string): string =>
    unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(group)?.[1] ?? '');
  const [rectangle = ''] = /<rect[^>]*>/.exec(group) ?? [];
  const painted = /\b(?:fill|style|class)="([^"]*)"/.exec(rectangle)?.[1];
  return {
    name: attribute('data-name'),
    origin: attribute('data-origin'),
    crate: attribute('data-crate'),
    self: Number(attribute('data-self')),
    total: Number(attribute('data-total')),
    fill: painted ?? `origin ${attribute('data-origin')}`,
  };
}

function unescaped(text: string): string {
  const named = text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'");
  return named.replaceAll('&amp;', '&');
}
