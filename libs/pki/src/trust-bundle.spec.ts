import { randomInt } from 'node:crypto';
import type { CaTree } from './authority/ca-tree.js';
import { temporaryTree } from './keyfile/keyfile.kit.js';
import { certificatePem } from './pem.js';
import { pinOf, spkiOf } from './spki.js';
import { signTrustBundle, verifyTrustBundle } from './trust-bundle.js';

let old: CaTree;
let next: CaTree;
let foreign: CaTree;
/** Version 2: both roots, signed by both. */
let bundle: string;

beforeAll(async () => {
  [old, next, foreign] = await Promise.all([temporaryTree(), temporaryTree(), temporaryTree()]);
  bundle = await sign({}, [old, next]);
});

const rootPem = (tree: CaTree): string => certificatePem(tree.root.certificate.raw);
const sign = (change: { deployment?: string; bundleVersion?: number; roots?: CaTree[] }, by: CaTree[]) =>
  signTrustBundle(
    {
      deployment: change.deployment ?? 'test',
      bundleVersion: change.bundleVersion ?? 2,
      issuedAt: new Date(),
      roots: (change.roots ?? [old, next]).map((tree) => tree.root.certificate),
    },
    by.map((tree) => tree.root),
  );
const held = (tree: CaTree, bundleVersion = 1) => ({
  deployment: 'test',
  trust: { bundleVersion, roots: [rootPem(tree)] },
});

describe('a list of roots', () => {
  it('is taken when a root that is trusted has signed it', () => {
    expect(verifyTrustBundle(bundle, held(old))).toEqual({
      bundleVersion: 2,
      roots: [rootPem(old), rootPem(next)],
      rootSpkiSha256: [old, next].map((tree) => pinOf(spkiOf(tree.root.certificate.publicKey))),
    });
  });

  it('that takes the old root away is taken by who has the new one', async () => {
    const last = await sign({ bundleVersion: 3, roots: [next] }, [next]);
    const trust = verifyTrustBundle(bundle, held(old));
    expect(verifyTrustBundle(last, { deployment: 'test', trust }).roots).toEqual([rootPem(next)]);
    expect(() => verifyTrustBundle(last, held(old))).toThrow(expect.objectContaining({ code: 'trust-unsigned' }));
  });

  it.each([2, 3])('is refused by who has version %i', (version) => {
    expect(() => verifyTrustBundle(bundle, held(old, version))).toThrow(
      expect.objectContaining({ code: 'trust-stale' }),
    );
  });

  it('of a foreign root is refused, even when it names ours', async () => {
    const theirs = await sign({ roots: [old, foreign] }, [foreign]);
    expect(() => verifyTrustBundle(theirs, held(old))).toThrow(expect.objectContaining({ code: 'trust-unsigned' }));
    const [signature] = (JSON.parse(theirs) as { signatures: { root: string; value: string }[] }).signatures;
    const root = pinOf(spkiOf(old.root.certificate.publicKey));
    const disguised = JSON.stringify({ ...JSON.parse(theirs), signatures: [{ ...signature, root }] });
    expect(() => verifyTrustBundle(disguised, held(old))).toThrow(expect.objectContaining({ code: 'trust-unsigned' }));
  });

  it('of another deployment is refused', async () => {
    const other = await sign({ deployment: 'other' }, [old]);
    expect(() => verifyTrustBundle(other, held(old))).toThrow(
      expect.objectContaining({ code: 'trust-foreign-deployment' }),
    );
  });

  it('with one character of the statement changed is refused', () => {
    const value = JSON.parse(bundle) as { statement: string };
    const statement = value.statement.replace('"bundleVersion":2', '"bundleVersion":9');
    const tampered = JSON.stringify({ ...value, statement });
    expect(() => verifyTrustBundle(tampered, held(old))).toThrow(expect.objectContaining({ code: 'trust-unsigned' }));
  });

  it('names roots and nothing else', async () => {
    const leaf = { ...old, root: old.agentCa };
    await expect(sign({ roots: [leaf] }, [old])).rejects.toMatchObject({ code: 'trust-malformed' });
    await expect(sign({ roots: [] }, [old])).rejects.toMatchObject({ code: 'trust-malformed' });
    await expect(sign({ roots: [old, old, old, old] }, [old])).rejects.toMatchObject({ code: 'trust-malformed' });
  });

  it.each(['', '{}', 'null', '[]', '{"statement":"{}","signatures":[]}', 'x'.repeat(20_000)])(
    'that is none is told (%#)',
    (text) => {
      expect(() => verifyTrustBundle(text, held(old))).toThrow(expect.objectContaining({ code: 'trust-malformed' }));
    },
  );

  it('mutated twenty thousand times is never taken for anything but itself, and never takes long', () => {
    const taken = JSON.stringify(verifyTrustBundle(bundle, held(old)));
    const source = Buffer.from(bundle);
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(source);
      for (let change = randomInt(1, 4); change > 0; change--) bytes[randomInt(bytes.length)] = randomInt(256);
      const text = (round % 3 === 0 ? bytes.subarray(0, randomInt(bytes.length)) : bytes).toString();
      const start = performance.now();
      try {
        // A change of the other signature, or of white space that is none, changes nothing that counts.
        if (JSON.stringify(verifyTrustBundle(text, held(old))) !== taken) throw new Error('something else was taken');
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^trust-/) });
      }
      expect(performance.now() - start).toBeLessThan(500);
    }
  });
});
