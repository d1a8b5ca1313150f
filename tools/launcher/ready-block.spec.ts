import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readyBlock } from './ready-block.mjs';

describe('what npm start prints at the end', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'adit-block-'));
    writeFileSync(join(dir, 'first-password'), 'open-sesame\n', { mode: 0o600 });
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const facts = (isTerminal: boolean): Parameters<typeof readyBlock>[0] => ({
    dataDir: dir,
    api: 'http://127.0.0.1:8080',
    firstPasswordFile: join(dir, 'first-password'),
    isTerminal,
    site: {
      stateDir: join(dir, 'agent'),
      urls: [
        {
          camera: 'Entrance',
          usage: 'live',
          url: 'rtsp://h:8554/d/e/live?ticket=a&b=c',
          playUrl: 'http://h:8090/play/d/e?ticket=a',
        },
      ],
    },
  });

  it('shows the first password to a terminal', () => {
    expect(readyBlock(facts(true))).toContain('open-sesame');
  });

  it('names the file of the password where there is no terminal, and never the password', () => {
    const block = readyBlock(facts(false));
    expect(block).toContain(join(dir, 'first-password'));
    expect(block).not.toContain('open-sesame');
  });

  it('quotes whole URLs for players, which a shell would cut at the ampersand', () => {
    expect(readyBlock(facts(false))).toContain(`ffplay -rtsp_transport tcp 'rtsp://h:8554/d/e/live?ticket=a&b=c'`);
  });

  it('names the page that plays in a browser before anything else', () => {
    const block = readyBlock(facts(false));
    expect(block.indexOf('http://h:8090/play/d/e?ticket=a')).toBeGreaterThan(0);
    expect(block.indexOf('http://h:8090/play/d/e')).toBeLessThan(block.indexOf('ffplay'));
  });

  it('tells why the demo did not come up', () => {
    const block = readyBlock({ ...facts(false), site: undefined, demoFailure: 'no tunnel' });
    expect(block).toContain('no tunnel');
    expect(block).not.toContain('ffplay');
  });
});
