import { fitLabel } from './fit-label.js';

/** What the script cannot read from the SVG itself. */
export interface ScriptGeometry {
  /** Top of the uppermost row. */
  readonly topPx: number;
  /** Rows of frames, without the root's row. */
  readonly rows: number;
  readonly totalCount: number;
  readonly isInverted: boolean;
  readonly rowPx: number;
  readonly marginPx: number;
  readonly insetPx: number;
}

/**
 * The script of the SVG: lays out the frames for the window's width, zoom and orientation, searches, and keeps its state in
 * the URL's hash. It only uses elements of the SVG; without it the flamegraph is the same, but static. Names enter the
 * document only as text nodes and attribute values.
 */
export function svgScript(geometry: ScriptGeometry): string {
  return `\n(${BODY})(${JSON.stringify(geometry)}, ${fitLabel.toString()});\n`;
}

// Text, not a TypeScript function: it needs DOM types, which the rest of the project must not see.
const BODY = String.raw`(geometry, fitLabel) => {
'use strict';
const { topPx, rows, totalCount, rowPx, marginPx, insetPx } = geometry;
const svg = document.currentScript.closest('svg');
const isPage = document.documentElement === svg;
const make = (name, parent, attributes) => {
  const element = document.createElementNS(svg.namespaceURI, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  return parent.appendChild(element);
};
const percent = (part) => (part === 0 ? '0 %' : (100 * part / totalCount).toFixed(part * 100 < totalCount ? 2 : 1) + ' %');

// Document order is pre-order: with the row of each box that gives parents, places in samples and subtrees.
const rowOf = (element) => {
  const row = Math.round((element.querySelector('rect').getAttribute('y') - topPx) / rowPx);
  return geometry.isInverted ? row : rows - row;
};
const nodes = [];
const nodeOf = new Map();
const open = [];
for (const element of svg.querySelectorAll('g.root,g.frame,g.hidden')) {
  const total = Number(element.dataset.total);
  const row = rowOf(element);
  const node = { element, row, total, self: Number(element.dataset.self || 0), x: 0, nextX: 0, end: 0, parent: null,
    rect: element.querySelector('rect'), text: element.querySelector('text'), label: null,
    name: element.dataset.name || '', isFrame: element.classList.contains('frame'), isHidden: element.classList.contains('hidden') };
  while (open.length > row) open.pop().end = nodes.length;
  node.parent = open[row - 1] || null;
  if (node.isHidden) node.x = node.parent.x + node.parent.total - node.parent.self - total;
  else if (node.parent) { node.x = node.parent.nextX; node.parent.nextX += total; }
  node.nextX = node.x;
  if (node.isHidden) node.end = nodes.length + 1;
  else open[row] = node;
  node.index = nodes.length;
  nodeOf.set(element, node);
  nodes.push(node);
}
while (open.length > 0) open.pop().end = nodes.length;
const root = nodes[0];
root.name = root.text ? root.text.textContent : 'all';

const header = svg.querySelector('g.header');
const status = header.querySelector('.status');
const ruler = make('text', root.element, { visibility: 'hidden' });
ruler.textContent = '0'.repeat(100);
const columnPx = ruler.getComputedTextLength() / 100 || 6.66;
ruler.remove();

let focus = root;
let widthPx = 0;
let isInverted = geometry.isInverted;

function layOut() {
  const scale = focus.total === 0 ? 0 : (widthPx - 2 * marginPx) / focus.total;
  for (const node of nodes) {
    const isPast = node.index < focus.index && node.end > focus.index;
    const isInside = node.index >= focus.index && node.index < focus.end;
    const width = isPast ? widthPx - 2 * marginPx : isInside ? node.total * scale : 0;
    const isShown = isPast || (isInside && (width >= 0.25 || node === focus || node === root));
    if (isShown !== (node.isShown !== false)) node.element.style.display = isShown ? '' : 'none';
    node.isShown = isShown;
    if (isShown) draw(node, isPast ? marginPx : marginPx + (node.x - focus.x) * scale, width, isPast);
  }
}

function draw(node, x, width, isPast) {
  const y = topPx + rowPx * (isInverted ? node.row : rows - node.row);
  const boxWidth = node === root ? Math.max(width, widthPx - 2 * marginPx) : width;
  node.rect.setAttribute('x', x.toFixed(2));
  node.rect.setAttribute('y', y);
  node.rect.setAttribute('width', Math.max(boxWidth - 0.5, 0.3).toFixed(2));
  node.element.classList.toggle('past', isPast);
  if (node.isHidden) return;
  const label = fitLabel(node.name, Math.floor((boxWidth - 2 * insetPx) / columnPx));
  if (label === '' && !node.text) return;
  if (!node.text) node.text = make('text', node.element, {});
  if (label !== node.label) node.text.textContent = node.label = label;
  node.text.setAttribute('x', (x + insetPx).toFixed(2));
  node.text.setAttribute('y', y + 12);
}

function resize() {
  const available = isPage ? document.documentElement.clientWidth || innerWidth : svg.parentElement.clientWidth;
  const newWidthPx = Math.max(available, 640);
  if (newWidthPx === widthPx) return;
  widthPx = newWidthPx;
  const heightPx = svg.getAttribute('height');
  svg.setAttribute('width', widthPx);
  svg.setAttribute('viewBox', '0 0 ' + widthPx + ' ' + heightPx);
  header.querySelector('.bar').setAttribute('width', widthPx);
  for (const alert of header.querySelectorAll('.alert')) alert.setAttribute('width', widthPx - 2 * marginPx);
  controls.setAttribute('x', widthPx - marginPx - 460);
  layOut();
}

function zoom(node) {
  focus = node;
  resetButton.disabled = focus === root;
  layOut();
  writeHash();
}

// Search: bare text is a case-insensitive literal, /text/ and /text/i are regular expressions.
let query = '';
function matcherOf(text) {
  const parts = /^\/(.+)\/(i?)$/.exec(text);
  if (parts) { const pattern = new RegExp(parts[1], parts[2]); return (name) => pattern.test(name); }
  const literal = text.toLowerCase();
  return (name) => name.toLowerCase().includes(literal);
}
function search(text) {
  query = text;
  let matches = () => false;
  let problem = '';
  try { if (text !== '') matches = matcherOf(text); } catch (error) { problem = error.message; }
  let count = 0;
  let total = 0;
  let coveredTo = 0;
  for (const node of nodes) {
    const isMatch = node.isFrame && matches(node.name);
    if (isMatch !== !!node.isMatch) node.element.classList.toggle('match', isMatch);
    node.isMatch = isMatch;
    if (!isMatch) continue;
    count++;
    if (node.index < coveredTo) continue;
    total += node.total;
    coveredTo = node.end;
  }
  svg.classList.toggle('searching', text !== '' && problem === '');
  output.textContent = problem ? 'not a regular expression' : text === '' ? '' :
    percent(total) + ' in ' + count + (count === 1 ? ' frame' : ' frames');
  output.title = problem;
  writeHash();
}

// The zoom is kept as a path of names, so that a link survives a new profile of the same program.
const keyOf = (node) => encodeURIComponent(node.name + (node.element.dataset.inlined ? '_[i]' : ''));
function writeHash() {
  const state = [];
  const path = [];
  for (let node = focus; node !== root; node = node.parent) path.unshift(keyOf(node));
  if (path.length > 0) state.push('zoom=' + path.join('/'));
  if (query !== '') state.push('search=' + encodeURIComponent(query));
  if (isInverted !== geometry.isInverted) state.push('flip');
  if (!isPage || (state.length === 0 && location.hash === '')) return;
  try { history.replaceState(null, '', '#' + state.join('&')); } catch { /* an embedded copy has no history */ }
}
function readHash() {
  if (!isPage) return;
  const state = new Map(location.hash.slice(1).split('&').map((part) => part.split('=', 2)));
  let node = root;
  for (const key of (state.get('zoom') || '').split('/').filter(Boolean)) {
    const child = nodes.slice(node.index + 1, node.end).find((n) => n.isFrame && n.parent === node && keyOf(n) === key);
    if (!child) break;
    node = child;
  }
  let text = '';
  try { text = decodeURIComponent(state.get('search') || ''); } catch { /* not ours */ }
  isInverted = state.has('flip') !== geometry.isInverted;
  focus = node;
  resetButton.disabled = focus === root;
  input.value = text;
  search(text);
}

// Controls exist only where scripts run.
const xhtml = 'http://www.w3.org/1999/xhtml';
const controls = make('foreignObject', header, { y: 8, width: 460, height: 30 });
const panel = controls.appendChild(document.createElementNS(xhtml, 'div'));
panel.setAttribute('class', 'control');
const control = (name, attributes) => {
  const element = panel.appendChild(document.createElementNS(xhtml, name));
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  return element;
};
const output = control('output', { 'aria-live': 'polite' });
const input = control('input', { type: 'search', placeholder: 'Search: text, /regex/ or /regex/i', 'aria-label': 'Search frames', spellcheck: 'false' });
const resetButton = control('button', { type: 'button', title: 'Esc' });
resetButton.textContent = 'Reset zoom';
const flipButton = control('button', { type: 'button', title: 'Root on top or at the bottom (i)' });
flipButton.textContent = 'Flip';

function flip() {
  isInverted = !isInverted;
  layOut();
  showRoot();
  writeHash();
}
function showRoot() {
  if (isPage) scrollTo(0, isInverted ? 0 : document.documentElement.scrollHeight);
}
function describe(node) {
  const lines = (node.element.querySelector('title').textContent || '').split('\n');
  const details = lines.length > 1 ? '  ' + lines.slice(1).join(' ') : '';
  const columns = Math.floor((widthPx - 2 * marginPx) / columnPx);
  status.textContent = fitLabel(lines[0], Math.max(columns - details.length, 20)) + details;
}

const nodeAt = (event) => nodeOf.get(event.target.closest('g.frame,g.root,g.hidden'));
svg.addEventListener('click', (event) => {
  const node = nodeAt(event);
  if (node) zoom(node.isHidden ? node.parent : node);
});
svg.addEventListener('mouseover', (event) => {
  const node = nodeAt(event);
  if (node) describe(node); else status.textContent = '';
});
svg.addEventListener('focusin', (event) => { const node = nodeAt(event); if (node) describe(node); });
input.addEventListener('input', () => search(input.value));
resetButton.addEventListener('click', () => zoom(root));
flipButton.addEventListener('click', flip);

// Keyboard: Tab reaches the root, arrows walk the tree from there, Enter zooms.
function take(node) {
  if (!node || !node.isShown) return;
  node.element.setAttribute('tabindex', '-1');
  node.element.setAttribute('role', 'button');
  node.element.focus();
}
function walk(node, key) {
  const isUp = key === 'ArrowUp' ? !isInverted : isInverted;
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    if (!isUp) return take(node.parent);
    const children = nodes.slice(node.index + 1, node.end).filter((n) => n.parent === node && n.isFrame);
    return take(children.reduce((widest, child) => (widest && widest.total >= child.total ? widest : child), null));
  }
  const row = nodes.filter((n) => n.row === node.row && n.isFrame && n.isShown);
  take(row[row.indexOf(node) + (key === 'ArrowRight' ? 1 : -1)]);
}
addEventListener('keydown', (event) => {
  const isTyping = event.target === input;
  if ((event.ctrlKey || event.metaKey) && event.key === 'f') { event.preventDefault(); input.focus(); input.select(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') {
    if (query !== '') { input.value = ''; search(''); } else zoom(root);
    if (isTyping) input.blur();
    return;
  }
  if (isTyping) return;
  if (event.key === '/') { event.preventDefault(); input.focus(); return; }
  if (event.key === 'i') return flip();
  const node = nodeOf.get(document.activeElement);
  if (!node) return;
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); zoom(node); }
  else if (event.key.startsWith('Arrow')) { event.preventDefault(); walk(node, event.key); }
});
root.element.setAttribute('tabindex', '0');
root.element.setAttribute('role', 'button');

const pin = () => { if (isPage) header.setAttribute('transform', 'translate(0,' + scrollY + ')'); };
addEventListener('scroll', pin, { passive: true });
addEventListener('resize', resize);
addEventListener('hashchange', () => { readHash(); layOut(); });
readHash();
resize();
showRoot();
pin();
}`;
