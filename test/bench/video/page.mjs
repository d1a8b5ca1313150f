import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { CARD } from './scene.mjs';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const QUIET = ['--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];
/** The first fills the browser's caches and does not count. */
const PAGES = 9;
const PICTURE_MS = 15_000;

/** Notes when the page opens its socket and when the first picture is on screen. */
const NOTE = `
  const Plain = WebSocket;
  globalThis.WebSocket = class extends Plain {
    constructor(address) { super(address); openedAt ??= performance.now(); }
  };
  let openedAt;
  addEventListener('DOMContentLoaded', () => {
    document.getElementById('video').requestVideoFrameCallback((now) => {
      document.documentElement.dataset.shownMs = String(now - openedAt);
    });
  });`;

/**
 * @param {import('./scene.mjs').Scene} scene
 * @param {(line: string) => void} progress
 * @returns {Promise<number[]>} ms from the socket to the first picture, ascending; none without Chromium
 */
export async function pageFirstPictures(scene, progress) {
  if (!existsSync(CHROMIUM) || !scene.hasCard) {
    progress(`SKIPPED: the page needs ${CHROMIUM} and ffmpeg`);
    return [];
  }
  progress('pages in Chromium …');
  await scene.viewers.ask('open', { url: await scene.newUrl(CARD), count: 1, kind: 'counted' });
  const profile = join(scene.dir, 'chromium');
  const options = { executablePath: CHROMIUM, headless: true, args: [...FLAGS, ...QUIET] };
  const browser = await chromium.launchPersistentContext(profile, options);
  try {
    const shown = [];
    for (let page = 0; page < PAGES; page++) shown.push(await firstOf(browser, await scene.newPlayUrl(CARD)));
    return shown.slice(1).sort((a, b) => a - b);
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
    await scene.viewers.ask('close');
  }
}

/**
 * @param {import('playwright-core').BrowserContext} browser
 * @param {string} url
 * @returns {Promise<number>}
 */
async function firstOf(browser, url) {
  const page = await browser.newPage();
  await page.addInitScript(NOTE);
  await page.goto(`${url}&transport=mse`);
  const shown = page.locator('html[data-shown-ms]');
  await shown.waitFor({ state: 'attached', timeout: PICTURE_MS });
  const shownMs = Number(await shown.getAttribute('data-shown-ms'));
  await page.close();
  return shownMs;
}
