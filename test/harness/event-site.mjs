/**
 * A site's directory with its store of events, in a process of its own that may be killed: what the agent runs, without
 * tunnel and cameras. Prints {port, pin}, then takes one command a line, and answers each with its name:
 *
 *     flow FROM PER_SECOND | burst FROM COUNT | stop | fill | free | status | close
 *
 * `flow` and `burst` make events of type `test.event` with {n} from FROM on; `fill` leaves no space on the disk.
 *
 *     node event-site.mjs STATE_DIR [LIMITS as JSON]
 */
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const DIST = pathToFileURL(join(import.meta.dirname, '../../dist/')).href;
/** @param {string} path @returns {Promise<any>} */
const built = (path) => import(`${DIST}${path}`);
const { DirectoryServer } = await built('apps/agent/src/directory/index.js');
const { SiteDirectory } = await built('apps/agent/src/site/index.js');
const { EventJournal, EventThread, eventLimits } = await built('apps/agent/src/events/index.js');
const { createSiteCertificate } = await built('libs/pki/src/index.js');

const [directory = '', limits = '{}'] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });

/** @param {object} line */
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const report = (/** @type {string} */ told) => (/** @type {unknown} */ detail) => say({ told, detail });

const journal = new EventJournal({
  store: new EventThread({ directory, limits: { ...eventLimits, ...JSON.parse(limits) } }),
  times: { retryMs: 50, maxRetryMs: 200 },
  onFault: report('fault'),
  onRecovered: report('recovered'),
  onReplaced: report('replaced'),
  onUnknownPosition: report('unknown-position'),
});
const certificate = await createSiteCertificate(new Date());
const server = new DirectoryServer({
  certificate,
  users: { verify: async (/** @type {string} */ _name, /** @type {string} */ password) => password === 'right' },
  siteName: () => 'Event site',
  version: '0.1.0',
  site: new SiteDirectory(),
  redirector: { lanAddress: '', open: () => undefined, openPlayback: () => undefined, recordings: () => undefined },
  events: journal,
});
journal.start();
await server.start();

let flowing = false;
const filler = join(directory, 'filler');

/** @param {number} n */
const make = (n) => journal.event({ type: 'test.event', sourceId: `source-${n % 5}`, at: new Date(), details: { n } });

/** @type {Record<string, (from: number, amount: number) => Promise<void> | void>} */
const COMMANDS = {
  flow: (from, perSecond) => {
    flowing = true;
    void (async () => {
      const startedAt = performance.now();
      for (let n = from; flowing;) {
        for (const due = from + ((performance.now() - startedAt) * perSecond) / 1_000; n < due; n += 1) make(n);
        await sleep(2);
      }
    })();
  },
  burst: async (from, count) => {
    for (let n = from; n < from + count; n += 1) {
      make(n);
      while (journal.status.waiting > 5_000) await sleep(1);
    }
    while (journal.status.waiting > 0) await sleep(1);
  },
  stop: () => {
    flowing = false;
  },
  fill: () => {
    const file = openSync(filler, 'w');
    for (const size of [65_536, 4_096, 512, 1]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch {
        // No space for so much: the rest is filled with less.
      }
    }
    closeSync(file);
  },
  free: () => rmSync(filler),
  status: () => undefined,
  close: async () => {
    await server.close();
    await journal.close();
    process.exit(0);
  },
};

say({ port: server.port, pin: certificate.pin });
for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', from = '0', amount = '0'] = line.split(' ');
  await COMMANDS[name]?.(Number(from), Number(amount));
  say({ did: name, status: journal.status });
}
