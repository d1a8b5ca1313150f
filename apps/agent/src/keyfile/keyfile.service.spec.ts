import { encodeKeyfile, KEYFILE_MAX_BYTES, type CaTree } from '@app/pki';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { keyfileContent, temporaryTree } from '../../../../libs/pki/src/keyfile/keyfile.kit.js';
import { runCli } from '../cli/program.js';
import { Terminal } from '../cli/terminal.js';
import { readEnvironment } from '../config.js';

jest.mock('node:net', () => {
  const original = jest.requireActual<typeof import('node:net')>('node:net');
  return { ...original, connect: jest.fn(original.connect) };
});

class Collected extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const cli = async (
  args: string[],
  environment: Record<string, string> = {},
  input = '',
): Promise<{ exitCode: number; out: string; err: string }> => {
  const [stdin, out, err] = [new PassThrough(), new Collected(), new Collected()];
  stdin.write(input);
  const context = { terminal: new Terminal(stdin, out, err), environment: () => readEnvironment(environment) };
  return { exitCode: await runCli(args, context), out: out.text, err: err.text };
};

describe('a keyfile', () => {
  let dir: string;
  let tree: CaTree;
  let good: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'adit-keyfile-'));
    tree = await temporaryTree();
    good = await encodeKeyfile(await keyfileContent(tree), tree.keyfileSigning);
  });

  afterAll(() => rmSync(dir, { recursive: true }));

  const put = (content: string | Buffer): string => {
    const path = join(dir, 'keyfile');
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };

  const changed = (change: (document: Record<string, unknown>) => void): string => {
    const document = JSON.parse(good) as Record<string, unknown>;
    change(document);
    return JSON.stringify(document);
  };

  const bad: [string, string, () => Promise<string> | string][] = [
    ['cut off', 'keyfile-truncated', () => good.slice(0, -40)],
    ['empty', 'keyfile-truncated', () => ''],
    ['something else', 'keyfile-not-json', () => 'not a keyfile'],
    ['too large', 'keyfile-too-large', () => good + ' '.repeat(KEYFILE_MAX_BYTES)],
    ['with an unknown member', 'keyfile-unknown-member', () => changed((document) => (document['extra'] = 1))],
    ['with a member twice', 'keyfile-duplicate-member', () => good.replace('{', '{"v":1,')],
    ['of another version', 'keyfile-wrong-version', () => changed((document) => (document['v'] = 2))],
    ['of another kind', 'keyfile-wrong-format', () => changed((document) => (document['format'] = 'x'))],
    ['changed after it was signed', 'keyfile-bad-signature', () => good.replace('Hamburg Süd', 'Hamburg Nord')],
    [
      'of another CA than its own root',
      'keyfile-foreign-ca',
      async () => {
        const other = await temporaryTree('other');
        const { trust } = await keyfileContent(other);
        return encodeKeyfile({ ...(await keyfileContent(tree)), trust }, tree.keyfileSigning);
      },
    ],
    [
      'with a key that is not of its claim',
      'keyfile-claim-key-mismatch',
      async () => {
        const content = await keyfileContent(tree);
        const { privateKey } = (await keyfileContent(tree)).claim;
        return encodeKeyfile({ ...content, claim: { ...content.claim, privateKey } }, tree.keyfileSigning);
      },
    ],
    [
      'past its time',
      'keyfile-expired',
      async () => encodeKeyfile(await keyfileContent(tree, new Date('2026-01-01')), tree.keyfileSigning),
    ],
  ];

  it.each(bad)('that is %s is refused as %s, by every command, without network or trace', async (_what, code, make) => {
    const path = put(await make());
    const before = readFileSync(path);
    const state = join(dir, 'state');
    jest.mocked(connect).mockClear();
    for (const command of ['inspect', 'enrol', 'run']) {
      const args =
        command === 'inspect' ? [command, path] : [command, '--keyfile', path, '--state', state, '--ephemeral'];
      const { exitCode, err } = await cli(args, { ADIT_LOG_LEVEL: 'silent' });
      expect({ exitCode, code: err.split(':')[0] }).toEqual({ exitCode: 65, code });
    }
    expect(connect).not.toHaveBeenCalled();
    expect(readFileSync(path)).toEqual(before);
    expect(existsSync(join(state, 'identity.json'))).toBe(false);
  });

  it('may be pasted without an end of input', async () => {
    const { exitCode, out } = await cli(['inspect', '-'], {}, good);
    expect(exitCode).toBe(0);
    expect(out).toContain('Hamburg Süd');
    expect(out).toMatch(/Fingerprint +\w{4}-\w{4}-\w{4}/);
  });

  it('may come from the environment, as text or as a path', async () => {
    expect((await cli(['inspect'], { ADIT_KEYFILE: good })).exitCode).toBe(0);
    expect((await cli(['inspect'], { ADIT_KEYFILE_FILE: put(good) })).exitCode).toBe(0);
    expect(await cli(['inspect'])).toMatchObject({
      exitCode: 66,
      err: expect.stringMatching(/^keyfile-missing/) as string,
    });
  });

  it('shows none of its secrets', async () => {
    const { claim, token } = JSON.parse(good) as { claim: { privateKey: string }; token: string };
    for (const flags of [[], ['--json']]) {
      const { out, err } = await cli(['inspect', put(good), ...flags]);
      for (const secret of [token, claim.privateKey.split('\n')[1] ?? '']) expect(out + err).not.toContain(secret);
    }
  });

  it('that others may read gives a warning, or is refused with --strict', async () => {
    const path = put(good);
    chmodSync(path, 0o644);
    expect(await cli(['inspect', path])).toMatchObject({
      exitCode: 0,
      err: expect.stringContaining('warning') as string,
    });
    const strict = await cli(['inspect', '--strict', path]);
    expect(strict).toMatchObject({ exitCode: 77, err: expect.stringMatching(/^keyfile-open-to-others/) as string });
    chmodSync(path, 0o600);
    expect((await cli(['inspect', '--strict', path])).err).toBe('');
  });
});
