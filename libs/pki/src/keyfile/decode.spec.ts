import fc from 'fast-check';
import type { CaTree } from '../authority/ca-tree.js';
import { generateKey, privateKeyPem } from '../authority/signer.js';
import { PkiError } from '../errors.js';
import { decodeKeyfile, type DecodeOptions } from './decode.js';
import { encodeKeyfile } from './encode.js';
import type { KeyfileContent } from './format.js';
import { keyfileContent, temporaryTree } from './keyfile.kit.js';

let tree: CaTree;
let foreign: CaTree;
let content: KeyfileContent;
let text: string;

beforeAll(async () => {
  tree = await temporaryTree();
  foreign = await temporaryTree('foreign');
  content = await keyfileContent(tree);
  text = await encodeKeyfile(content, tree.keyfileSigning);
});

function decode(input: string | Uint8Array, options: Partial<DecodeOptions> = {}) {
  return decodeKeyfile(typeof input === 'string' ? Buffer.from(input) : input, { now: new Date(), ...options });
}

function codeOf(input: string | Uint8Array, options: Partial<DecodeOptions> = {}): string {
  try {
    decode(input, options);
    return 'accepted';
  } catch (error) {
    return error instanceof PkiError ? error.code : String(error);
  }
}

function edited(edit: (document: Record<string, unknown>) => void): string {
  const document: Record<string, unknown> = JSON.parse(text);
  edit(document);
  return JSON.stringify(document);
}

const flipped = (signature: string): string => (signature[20] === 'A' ? 'B' : 'A');

describe('keyfile', () => {
  it('comes back as it was written', () => {
    const keyfile = decode(text);
    const { sig: _sig, ...members } = keyfile.document;
    expect(members).toEqual(content);
    expect(keyfile.deployment).toBe('test');
    expect(keyfile.token.toString('base64url')).toBe(content.token);
  });

  it('survives a paste that changes white space, line ends and the byte order mark', () => {
    expect(codeOf(`\ufeff${text.replaceAll('\n', '\r\n')}\n\n`)).toBe('accepted');
    expect(codeOf(edited(() => {}))).toBe('accepted');
  });

  it.each<[string, string, () => string | Uint8Array]>([
    ['is empty', 'keyfile-truncated', () => ' \n'],
    ['is cut off', 'keyfile-truncated', () => text.slice(0, text.length / 2)],
    ['is not JSON', 'keyfile-not-json', () => 'hello'],
    ['is not text', 'keyfile-not-json', () => Buffer.from([0x7b, 0xff, 0xfe])],
    ['is over 16 KiB', 'keyfile-too-large', () => text + ' '.repeat(16 * 1024)],
    ['is other JSON', 'keyfile-wrong-format', () => '{"format":"other"}'],
    ['has another version', 'keyfile-wrong-version', () => edited((d) => Object.assign(d, { v: 2 }))],
    ['has an unknown member', 'keyfile-unknown-member', () => edited((d) => Object.assign(d, { extra: 1 }))],
    [
      'has an unknown inner member',
      'keyfile-unknown-member',
      () => edited((d) => Object.assign(d.policy as object, { x: 1 })),
    ],
    ['has a member twice', 'keyfile-duplicate-member', () => text.replace('"v": 1,', '"v": 1, "v": 1,')],
    ['has an escaped member twice', 'keyfile-duplicate-member', () => text.replace('"v": 1,', '"v": 1, "\\u0076": 1,')],
    ['lacks a member', 'keyfile-malformed', () => edited((d) => delete d.agentId)],
    [
      'has a site name with terminal escapes',
      'keyfile-malformed',
      () => edited((d) => Object.assign(d, { siteName: '\u001b[2J' })),
    ],
    ['is sealed', 'keyfile-sealed', () => JSON.stringify({ format: 'adit-keyfile', v: 1, enc: {} })],
    ['was edited', 'keyfile-bad-signature', () => edited((d) => Object.assign(d, { siteName: 'Elsewhere' }))],
    [
      'has a flipped bit in its signature',
      'keyfile-bad-signature',
      () =>
        text.replace(
          /("value": ")(.{20})./,
          (all: string, start: string, head: string) => start + head + flipped(all.slice(start.length)),
        ),
    ],
    [
      'names the root of a foreign deployment',
      'keyfile-foreign-ca',
      () => edited((d) => Object.assign(d, { trust: { ...content.trust, ...foreignTrust() } })),
    ],
    [
      "has a claim key that is not its certificate's",
      'keyfile-claim-key-mismatch',
      () => edited((d) => Object.assign(d.claim as object, { privateKey: privateKeyPem(generateKey()) })),
    ],
  ])('is refused when it %s (%s → %s)', (_case, code, input) => {
    expect(codeOf(input())).toBe(code);
  });

  function foreignTrust() {
    return foreignContent.trust;
  }
  let foreignContent: KeyfileContent;
  beforeAll(async () => {
    foreignContent = await keyfileContent(foreign);
  });

  it('is refused when it has expired, with the clock it was judged by', () => {
    const now = new Date(Date.parse(content.expiresAt));
    expect(codeOf(text, { now })).toBe('keyfile-expired');
  });

  it('is refused when the parts were signed anew but mix two deployments', async () => {
    const mixed = { ...content, claim: foreignContent.claim };
    expect(codeOf(await encodeKeyfile(mixed, tree.keyfileSigning))).toBe('keyfile-foreign-ca');
    expect(codeOf(await encodeKeyfile(content, foreign.keyfileSigning))).toBe('keyfile-foreign-ca');
  });

  it('is refused when its claim belongs to another keyfile', async () => {
    const other = await keyfileContent(tree);
    expect(codeOf(await encodeKeyfile({ ...content, claim: other.claim }, tree.keyfileSigning))).toBe(
      'keyfile-foreign-ca',
    );
  });

  it('is refused when signed by a certificate of another role', async () => {
    expect(codeOf(await encodeKeyfile(content, tree.claimCa))).toBe('keyfile-foreign-ca');
    expect(codeOf(await encodeKeyfile(content, tree.root))).toBe('keyfile-foreign-ca');
  });

  it('is refused by a site that belongs to another deployment', () => {
    expect(codeOf(text, { expectRootSpkiSha256: foreignContent.trust.rootSpkiSha256[0] })).toBe('keyfile-foreign-ca');
    expect(codeOf(text, { expectRootSpkiSha256: content.trust.rootSpkiSha256[0] })).toBe('accepted');
  });

  it('says at every length that it was cut off', () => {
    const whole = text.trimEnd();
    for (let length = 0; length < whole.length; length += 1) {
      expect(codeOf(whole.slice(0, length))).toBe('keyfile-truncated');
    }
  });

  it('is refused with a code, whatever bytes were changed', () => {
    const bytes = Buffer.from(text);
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const mutated = Buffer.from(bytes);
        for (const [at, to] of changes) mutated[at] = to;
        const code = codeOf(mutated);
        // White space and the base64 line ends of a PEM may change without changing what is said.
        expect(code === 'accepted' || code.startsWith('keyfile-')).toBe(true);
      }),
      { numRuns: 30_000, interruptAfterTimeLimit: 10_000 },
    );
  }, 30_000);
});
