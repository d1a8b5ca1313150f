import { deriveSealingKey, encodeKeyfile, KEYFILE_MAX_BYTES, sealKeyfile, type CaTree } from '@app/pki';
import { Terminal } from '@app/terminal';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { keyfileContent, temporaryTree } from '../../../../libs/pki/src/keyfile/keyfile.kit.js';
import { runCli } from '../cli/program.js';
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

  describe('that is sealed', () => {
    const PASSPHRASE = 'Müller hat 3 Kühe';
    let sealed: string;

    beforeAll(async () => {
      sealed = sealKeyfile(good, await deriveSealingKey(PASSPHRASE));
    });

    const passphraseFile = (content: string, mode = 0o600): string => {
      const path = join(dir, 'passphrase');
      rmSync(path, { force: true });
      writeFileSync(path, content, { mode });
      return path;
    };

    /** A person at a terminal: types this after each question. */
    const atTerminal = async (args: string[], ...answers: string[]) => {
      const [stdin, out, err] = [new PassThrough(), new Collected(), new Collected()];
      const raw: boolean[] = [];
      const input = Object.assign(stdin, {
        isTTY: true,
        setRawMode: (on: boolean) => {
          raw.push(on);
          if (on) stdin.write(answers.shift() ?? '\u0003');
        },
      });
      const terminal = new Terminal(input, out, Object.assign(err, { isTTY: true }));
      const exitCode = await runCli(args, { terminal, environment: () => readEnvironment({}) });
      return { exitCode, out: out.text, err: err.text, raw };
    };

    it('shows its outside without the passphrase, and all of it with', async () => {
      const { keyfileId } = JSON.parse(good) as { keyfileId: string };
      const outside = await cli(['inspect', put(sealed)]);
      expect(outside).toMatchObject({ exitCode: 0, out: expect.stringContaining(keyfileId) as string });
      expect(outside.out).not.toMatch(/Hamburg|Fingerprint/);
      expect(JSON.parse((await cli(['inspect', '--json', put(sealed)])).out)).toMatchObject({
        keyfileId,
        sealed: true,
      });
      const given: [string[], Record<string, string>, string][] = [
        [['--passphrase-file', passphraseFile(`${PASSPHRASE}\r\n`)], {}, ''],
        [['--passphrase-file', '-'], {}, `${PASSPHRASE}\n`],
        [[], { ADIT_KEYFILE_PASSPHRASE_FILE: passphraseFile(PASSPHRASE) }, ''],
        [[], { ADIT_KEYFILE_PASSPHRASE: PASSPHRASE }, ''],
      ];
      for (const [flags, environment, input] of given) {
        const { out } = await cli(['inspect', put(sealed), ...flags], environment, input);
        expect(out).toContain('Hamburg Süd');
        expect(out).toMatch(/Fingerprint +\w{4}-\w{4}-\w{4}/);
        expect(out).not.toContain('Kühe');
      }
    });

    it('asks on a terminal without showing what is typed, and three times when it is wrong', async () => {
      const right = await atTerminal(['inspect', put(sealed)], `${PASSPHRASE}\r`);
      expect(right).toMatchObject({
        exitCode: 0,
        raw: [true, false],
        out: expect.stringContaining('Hamburg') as string,
      });
      expect(right.out + right.err).not.toContain('Kühe');
      expect((await atTerminal(['inspect', put(sealed)], '\r')).out).toMatch(/Sealed +yes/);
      const state = join(dir, 'sealed-state');
      const enrol = ['enrol', put(sealed), '--state', state, '--expect-fingerprint', 'AAAA-AAAA-AAAA'];
      const second = await atTerminal(enrol, 'wrong passphrase\r', `${PASSPHRASE}\r`);
      expect(second).toMatchObject({ exitCode: 77, err: expect.stringContaining('fingerprint-mismatch') as string });
      const never = await atTerminal(enrol, 'a\r', 'b\r', 'c\r', `${PASSPHRASE}\r`);
      expect(never).toMatchObject({ exitCode: 65, err: expect.stringContaining('keyfile-not-opened') as string });
      expect(await atTerminal(enrol)).toMatchObject({ exitCode: 77, raw: [true, false] });
      expect(existsSync(state)).toBe(false);
    }, 30_000);

    it.each([
      ['the passphrase is wrong', 65, 'keyfile-not-opened', () => ['--passphrase-file', passphraseFile('a wrong one')]],
      ['nobody gives one', 66, 'passphrase-missing', () => []],
      ['its file is missing', 66, 'passphrase-unreadable', () => ['--passphrase-file', join(dir, 'nowhere')]],
      ['its file is empty', 66, 'passphrase-unreadable', () => ['--passphrase-file', passphraseFile('\n')]],
      [
        'others may read its file and that is asked about',
        77,
        'keyfile-open-to-others',
        () => ['--strict', '--passphrase-file', passphraseFile(PASSPHRASE, 0o644)],
      ],
    ])('is refused without a trace when %s', async (_what, exitCode, code, flags) => {
      const state = join(dir, 'sealed-state');
      for (const command of ['enrol', 'run']) {
        const args = [command, '--keyfile', put(sealed), '--state', state, '--ephemeral', ...flags()];
        const result = await cli(args, { ADIT_LOG_LEVEL: 'silent' });
        expect([result.exitCode, result.err.split(':')[0]]).toEqual([exitCode, code]);
      }
      expect(existsSync(join(state, 'identity.json'))).toBe(false);
    });

    it('cannot be asked for together with its passphrase by one standard input', async () => {
      const { exitCode, err } = await cli(['inspect', '-', '--passphrase-file', '-'], {}, sealed);
      expect([exitCode, err.split(':')[0]]).toEqual([66, 'passphrase-unreadable']);
    });

    it('is refused when another keyfile is inside than its seal names', async () => {
      const other = JSON.parse(sealed) as { keyfileId: string };
      const moved = JSON.stringify({ ...other, keyfileId: '00000000-0000-4000-8000-000000000000' });
      const { err } = await cli(['inspect', put(moved)], { ADIT_KEYFILE_PASSPHRASE: PASSPHRASE });
      expect(err).toMatch(/^keyfile-not-opened/);
    });
  });
});
