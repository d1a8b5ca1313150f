import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../harness/condition.js';
import { decodedFile, ExportSite, secondsLater } from '../harness/export-site.js';
import { OperatorCli } from '../harness/operator-cli.js';

jest.setTimeout(60_000);

/** For each of 10,000 pictures: no file is whole before a test has cut it. */
const SLOW_MS = 10;

describe('an operator who brings recordings home', () => {
  let at: ExportSite;
  let operator: OperatorCli;

  beforeAll(async () => {
    at = await ExportSite.start();
    operator = new OperatorCli();
    const input = readFileSync(join(at.platform.dataDir, 'first-password'), 'utf8');
    const args = ['login', '--url', at.platform.api, '--username', 'admin', '--password-file', '-'];
    await operator.run(args, { input });
  }, 120_000);

  afterAll(async () => {
    operator?.remove();
    await at?.[Symbol.asyncDispose]();
  }, 30_000);

  const order = (camera: string, from: number, to: number, file: string): string[] => [
    ...['camera', 'export', camera, '--from', secondsLater(from), '--to', secondsLater(to)],
    ...['-o', file],
  ];
  afterEach(() => {
    at.longRecorder.replay.slowMs = 0;
  });

  const left = (): string[] => readdirSync(operator.home).filter((name) => name.includes('.mp4'));

  /** The first pictures are on the disk. */
  const writes = (): Promise<void> =>
    waitUntil('it writes', () =>
      left().some((name) => name.endsWith('.part') && statSync(operator.file(name)).size > 1_000),
    );

  it('has a file of his own that is whole, and it is not written over', async () => {
    const [told] = await operator.json<{ file: string; bytes: number }>(...order('hamburg/gate', 0, 40, 'gate.mp4'));
    const path = operator.file('gate.mp4');
    expect(told).toMatchObject({ file: 'gate.mp4', bytes: statSync(path).size, camera: 'hamburg/gate' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(decodedFile(path)).toEqual({ seconds: 20, pictures: 500 });
    const again = await operator.run(order('hamburg/gate', 0, 40, 'gate.mp4'));
    expect([again.exitCode, again.err]).toEqual([73, expect.stringContaining('file-exists')]);
    expect(left()).toEqual(['gate.mp4']);
  });

  it('sees how far it is, in the time of the recording', async () => {
    const seen = operator.atTerminal(...order('Yard', 0, 100, 'seen.mp4'));
    await seen.untilSays(/\d+ % \(recorded 2026-01-31 /);
    expect(await seen.ended).toBe(0);
    const { seconds, pictures } = decodedFile(operator.file('seen.mp4'));
    expect(pictures).toBe(2_501);
    // How long the last picture stands is known where one follows it.
    expect([100, 100.04]).toContain(seconds);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'has nothing left of a file after %s, nor does the recorder go on',
    async (signal) => {
      at.longRecorder.replay.slowMs = SLOW_MS;
      const running = operator.watch(...order('Yard', 0, 400, 'half.mp4'));
      await writes();
      running.child.kill(signal);
      expect(await running.ended).toBe(130);
      expect(running.err).toContain('interrupted');
      expect(left().filter((name) => name.includes('half'))).toEqual([]);
      await waitUntil('the recorder is left', () => at.longRecorder.replay.sockets.size === 0, 5_000);
    },
  );

  it('is told that a file broke off, and keeps no part of it', async () => {
    at.longRecorder.replay.slowMs = SLOW_MS;
    const running = operator.watch(...order('Yard', 0, 400, 'broken.mp4'));
    await writes();
    for (const socket of at.longRecorder.replay.sockets) socket.destroy();
    expect(await running.ended).toBe(69);
    expect(running.err).toContain('download-broken');
    expect(existsSync(operator.file('broken.mp4'))).toBe(false);
    expect(left().filter((name) => name.includes('broken'))).toEqual([]);
  });

  it.each<[name: string, args: string[], exitCode: number, code: string]>([
    [
      'nothing is recorded then',
      ['--from', secondsLater(90), '--for', '10s', '-o', 'no.mp4'],
      1,
      'recording-range-outside',
    ],
    [
      'the range runs backwards',
      ['--from', secondsLater(9), '--to', secondsLater(1), '-o', 'no.mp4'],
      1,
      'invalid-request',
    ],
    ['a time has no offset', ['--from', '2026-01-31T12:00:00', '--for', '10s', '-o', 'no.mp4'], 64, 'wrong-usage'],
    ['there is no end', ['--from', secondsLater(0), '-o', 'no.mp4'], 64, 'wrong-usage'],
    ['no file is named', ['--from', secondsLater(0), '--for', '10s'], 64, 'wrong-usage'],
    ['the folder is not there', ['--from', secondsLater(0), '--for', '10s', '-o', 'a/b.mp4'], 73, 'file-unwritable'],
  ])('is told when %s', async (_name, args, exitCode, code) => {
    const ended = await operator.run(['camera', 'export', 'hamburg/gate', ...args]);
    expect([ended.exitCode, ended.err]).toEqual([exitCode, expect.stringContaining(code)]);
    expect(left().filter((name) => name.includes('no.mp4'))).toEqual([]);
  });
});
