import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type { Profile } from '../../src/profile/profile.js';
import { type FlamegraphOptions, layoutFlamegraph } from '../../src/render/flamegraph-layout.js';
import { visibleText } from '../../src/render/visible-text.js';
import { profileFromText } from '../profile/profile-from-text.js';
import { browserIsMissing, openBrowser } from './browser.js';
import { HOSTILE_NAMES, hostileProfile } from './hostile-profile.js';
import { svgText } from './svg-text.js';

const PROFILE = profileFromText(`
  main            main            main            main            idle
  app::parse      app::parse      app::render     app::render
  json::value     json::number    json::write     app::parse
  json::value
  ×40             ×20             ×20             ×10             ×10
`);

describe('the SVG in a browser', { skip: browserIsMissing }, () => {
  let browser: Browser;
  let folder: string;
  let page: Page;
  const scriptErrors: string[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bee-svg-'));
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(scriptErrors, []);
  });

  async function open(
    profile: Profile,
    options: FlamegraphOptions & { hash?: string; javaScriptEnabled?: boolean } = {},
  ) {
    const { hash = '', javaScriptEnabled = true, ...layoutOptions } = options;
    const file = join(folder, 'picture.svg');
    writeFileSync(
      file,
      svgText(layoutFlamegraph(profile, layoutOptions), { title: 'picture', subtitle: 'quality' }),
    );
    await page?.close();
    page = await browser.newPage({ javaScriptEnabled, viewport: { width: 1000, height: 700 } });
    page.on('pageerror', (error) => scriptErrors.push(error.message));
    await page.goto(pathToFileURL(file).href + hash);
  }

  const frame = (name: string) => page.locator(`g.frame[data-name="${name}"]`).first();
  const widthOf = (name: string) =>
    frame(name)
      .locator('rect')
      .evaluate((rect) => Number(rect.getAttribute('width')));
  const isShown = (name: string) =>
    frame(name).evaluate(
      (element) => (element as unknown as { style: { display: string } }).style.display !== 'none',
    );
  const labelOf = (name: string) => frame(name).locator('text').textContent();
  const matchText = () => page.locator('output').textContent();
  const type = async (text: string) => {
    await page.keyboard.press('Control+f');
    await page.keyboard.type(text);
  };

  test('is laid out for the width of the window, without stretching', async () => {
    await open(PROFILE);
    assert.equal(await page.locator('svg').getAttribute('width'), '1000');
    assert.equal(
      await page
        .locator('svg')
        .getAttribute('viewBox')
        .then((box) => box?.split(' ')[2]),
      '1000',
    );
    assert.ok(Math.abs((await widthOf('main')) - 0.9 * (1000 - 24)) < 1);
    await page.setViewportSize({ width: 1600, height: 700 });
    await page.waitForFunction('document.documentElement.getAttribute("width") === "1600"');
    assert.ok(Math.abs((await widthOf('main')) - 0.9 * (1600 - 24)) < 1);
  });

  test('a click zooms: the frame and its callers fill the width, others go, the root brings them back', async () => {
    await open(PROFILE);
    await frame('app::render').click();
    assert.ok((await widthOf('app::render')) > 970);
    assert.ok((await widthOf('main')) > 970);
    assert.ok(Math.abs((await widthOf('json::write')) - (2 / 3) * 976) < 1);
    assert.deepEqual([await isShown('app::parse'), await isShown('idle')], [false, false]);
    await page.locator('g.root').click();
    assert.deepEqual([await isShown('app::parse'), await isShown('idle')], [true, true]);
    assert.ok(Math.abs((await widthOf('app::render')) - 0.3 * 976) < 1);
  });

  test('the button and Escape reset the zoom', async () => {
    await open(PROFILE);
    for (const reset of [() => page.getByText('Reset zoom').click(), () => page.keyboard.press('Escape')]) {
      await frame('app::render').click();
      assert.equal(await isShown('idle'), false);
      await reset();
      assert.equal(await isShown('idle'), true);
    }
  });

  test('a label says more when its frame grows', async () => {
    await open(
      profileFromText(`
        main  alloc::vec::Vec<T>::push
        ×93   ×7
      `),
    );
    assert.equal(await labelOf('alloc::vec::Vec<T>::push'), 'Vec::push');
    await frame('alloc::vec::Vec<T>::push').click();
    assert.equal(await labelOf('alloc::vec::Vec<T>::push'), 'alloc::vec::Vec<T>::push');
  });

  test('search counts outermost matches once', async () => {
    await open(PROFILE);
    await type('JSON');
    assert.equal(await matchText(), '80.0 % in 4 frames');
    assert.equal(await page.locator('g.frame.match').count(), 4);
    await page.keyboard.press('Escape');
    assert.equal(await matchText(), '');
    assert.equal(await page.locator('g.frame.match').count(), 0);
  });

  test('search knows regular expressions, with and without case, and says when one is broken', async () => {
    await open(PROFILE);
    await type('/^JSON/');
    assert.equal(await matchText(), '0 % in 0 frames');
    await type('/^JSON|^idle$/i');
    assert.equal(await matchText(), '90.0 % in 5 frames');
    await type('/(/');
    assert.equal(await matchText(), 'not a regular expression');
    await type('(');
    assert.equal(await matchText(), '0 % in 0 frames');
  });

  test('zoom and search stay in the address, by names', async () => {
    await open(PROFILE);
    await frame('app::render').click();
    await type('json');
    const hash = new URL(page.url()).hash;
    assert.equal(hash, '#zoom=main/app%3A%3Arender&search=json');
    await open(PROFILE, { hash });
    assert.ok((await widthOf('app::render')) > 970);
    assert.equal(await matchText(), '80.0 % in 4 frames');
    await open(PROFILE, { hash: '#zoom=main/gone&search=%E0%A4%A' });
    assert.ok((await widthOf('main')) > 970);
  });

  test('the keyboard walks the frames', async () => {
    await open(PROFILE);
    const focused = () => page.evaluate('document.activeElement?.dataset.name');
    const isRoot = () => page.evaluate('document.activeElement?.matches("g.root")');
    // Some browsers stop at the document itself first.
    for (let presses = 0; presses < 2 && !(await isRoot()); presses++) await page.keyboard.press('Tab');
    assert.equal(await isRoot(), true, 'Tab reaches the root');
    for (const [key, name] of [
      ['ArrowUp', 'main'],
      ['ArrowLeft', 'idle'],
      ['ArrowRight', 'main'],
      ['ArrowUp', 'app::parse'],
      ['ArrowRight', 'app::render'],
    ] as const) {
      await page.keyboard.press(key);
      assert.equal(await focused(), name, key);
    }
    await page.keyboard.press('Enter');
    assert.ok((await widthOf('app::render')) > 970);
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), 'main');
  });

  test('flips between root below and root above', async () => {
    await open(PROFILE);
    const isRootBelow = async () => {
      const [root, leaf] = await Promise.all(
        ['g.root', 'g.frame'].map((selector) => page.locator(selector).first().boundingBox()),
      );
      return root!.y > leaf!.y;
    };
    assert.equal(await isRootBelow(), true);
    await page.keyboard.press('i');
    assert.equal(await isRootBelow(), false);
    await open(PROFILE, { isInverted: true });
    assert.equal(await isRootBelow(), false);
  });

  test('the frame under the pointer is described', async () => {
    await open(PROFILE);
    await frame('app::render').hover();
    assert.equal(await page.locator('.status').textContent(), 'app::render  30 samples, 30.0 % · unknown');
    assert.equal(
      await frame('app::render').locator('title').textContent(),
      'app::render\n30 samples, 30.0 % · unknown',
    );
  });

  test('hidden frames keep their place beside the drawn ones', async () => {
    await open(PROFILE, { maxFrames: 3, minWidthPx: 400 });
    const box = await page.locator('g.hidden[data-total="30"]').boundingBox();
    const parse = await frame('app::parse').boundingBox();
    assert.ok(Math.abs(box!.x - (parse!.x + parse!.width)) < 2);
    assert.ok(Math.abs(box!.width - 0.3 * 976) < 2);
  });

  test('a tall picture opens at its root, with the title in sight', async () => {
    const rows = Array.from({ length: 200 }, (_, depth) => `    level${depth}`).join('\n');
    await open(profileFromText(rows));
    const { y } = (await page.locator('g.root').boundingBox())!;
    assert.ok(y > 0 && y < 700, `the root is at ${y}`);
    const title = await page.locator('text.title').boundingBox();
    assert.ok(title!.y >= 0 && title!.y < 60);
  });

  test('hostile names stay text', async () => {
    await open(hostileProfile());
    assert.equal(await page.title(), 'picture');
    assert.equal(await page.locator('script').count(), 1);
    assert.equal(await page.locator('image').count(), 0);
    const names = await page
      .locator('g.frame')
      .evaluateAll((elements) => elements.map((element) => element.getAttribute('data-name')));
    assert.deepEqual(names.sort(), ['main', ...HOSTILE_NAMES.map(visibleText)].sort());
    await frame('<script>alert(1)</script>').click();
    await type('<script>');
    assert.equal(await labelOf('<script>alert(1)</script>'), '<script>alert(1)</script>');
    assert.equal(await page.locator('script').count(), 1);
  });

  for (const [name, profile] of [
    ['plain', PROFILE],
    ['hostile', hostileProfile()],
  ] as const) {
    test(`the ${name} file is XML without errors`, async () => {
      await open(PROFILE);
      const svg = svgText(layoutFlamegraph(profile), { title: ']]>', subtitle: '<&>' });
      const parse =
        '(text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror")?.textContent';
      assert.equal(await page.evaluate(`(${parse})(${JSON.stringify(svg)})`), undefined);
    });
  }

  test('with scripts disabled every frame wide enough has its label, inside its box', async () => {
    await open(PROFILE, { javaScriptEnabled: false });
    const labels = await page.locator('g.frame text').allTextContents();
    assert.deepEqual([...new Set(labels)].sort(), [
      'app::parse',
      'app::render',
      'idle',
      'json::number',
      'json::value',
      'json::write',
      'main',
    ]);
    for (const element of await page.locator('g.frame').all()) {
      const [box, text] = await Promise.all([
        element.locator('rect').boundingBox(),
        element.locator('text').boundingBox(),
      ]);
      assert.ok(
        text!.x + text!.width <= box!.x + box!.width + 1,
        (await element.getAttribute('data-name')) ?? '',
      );
    }
    assert.equal(await page.locator('text.title').textContent(), 'picture');
  });

  test('follows the colour scheme of the reader', async () => {
    await open(PROFILE);
    const background = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    assert.equal(await background(), 'rgb(255, 255, 255)');
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await background(), 'rgb(22, 24, 29)');
  });
});
