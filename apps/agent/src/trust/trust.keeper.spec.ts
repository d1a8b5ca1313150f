import type { ControlAnswer } from '@app/contracts';
import { type CaTree, certificatePem, readCertificates, signTrustBundle, type TrustedRoots } from '@app/pki';
import { createLogger } from '@app/runtime';
import { temporaryTree } from '../../../../libs/pki/src/keyfile/keyfile.kit.js';
import { agentOf } from '../../../../libs/pki/src/tls/handshake.kit.js';
import { ControlRefusedError } from '../errors.js';
import type { IdentityHolder } from '../identity/identity.holder.js';
import type { Connected } from '../tunnel/tunnel.attempt.js';
import { TrustKeeper } from './trust.keeper.js';

type Answer = ControlAnswer<'trust'>;

const NOTHING: Answer = { bundleVersion: 1, signedTrust: null, renewOtherThan: null, spreadMs: 0 };

describe('the trust of a running site', () => {
  let tree: CaTree;
  let next: CaTree;
  let foreign: CaTree;
  let chain: string;
  let asked: number[];
  let renewals: number;
  let answers: (held: number) => Answer | Error;
  let held: { deployment: string; trust: TrustedRoots };
  let keeper: TrustKeeper;

  beforeAll(async () => {
    [tree, next, foreign] = await Promise.all([temporaryTree(), temporaryTree(), temporaryTree()]);
    ({ chain } = await agentOf(tree));
  });

  const pem = ({ root }: CaTree): string => certificatePem(root.certificate.raw);
  const bundle = (bundleVersion: number, roots: CaTree[], by: CaTree[]): Promise<string> =>
    signTrustBundle(
      { deployment: 'test', bundleVersion, issuedAt: new Date(), roots: roots.map(({ root }) => root.certificate) },
      by.map(({ root }) => root),
    );

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] });
    [asked, renewals, answers] = [[], 0, () => NOTHING];
    held = { deployment: 'test', trust: { bundleVersion: 1, roots: [pem(tree)], rootSpkiSha256: [''] } };
    const holder = {
      current: held,
      certificate: readCertificates(chain)[0],
      adoptTrust: (trust: TrustedRoots) => {
        held.trust = trust;
        return Promise.resolve();
      },
    } as unknown as IdentityHolder;
    keeper = new TrustKeeper({
      holder,
      established: () => ({}) as Connected,
      ask: (_connected, version) => {
        asked.push(version);
        const answer = answers(version);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      renewNow: () => {
        renewals += 1;
        return Promise.resolve();
      },
      logger: createLogger('test', 'silent'),
      random: () => 0.5,
    });
  });

  afterEach(() => {
    keeper.close();
    jest.useRealTimers();
  });

  it('follows a list that its root has signed, and says so at once', async () => {
    const signedTrust = await bundle(2, [tree, next], [tree, next]);
    answers = (version) => ({ ...NOTHING, bundleVersion: 2, signedTrust: version < 2 ? signedTrust : null });
    await keeper.look();
    expect({ asked, roots: held.trust.roots }).toEqual({ asked: [1, 2], roots: [pem(tree), pem(next)] });
  });

  it.each<[string, () => Promise<string>]>([
    ['signed by somebody else', () => bundle(2, [tree, foreign], [foreign])],
    ['of a version that it has', () => bundle(1, [tree, next], [tree])],
    ['that is none', () => Promise.resolve('{}')],
  ])('ignores a list %s, without asking on and on', async (_case, made) => {
    const signedTrust = await made();
    answers = () => ({ ...NOTHING, bundleVersion: 9, signedTrust });
    await keeper.look();
    expect({ asked, roots: held.trust.roots }).toEqual({ asked: [1], roots: [pem(tree)] });
  });

  it('ends with a broker that has a newer list each time', async () => {
    const lists = await Promise.all([2, 3, 4, 5, 6, 7].map((version) => bundle(version, [tree], [tree])));
    answers = (version) => ({ ...NOTHING, signedTrust: lists[version - 1] ?? null });
    await keeper.look();
    expect(asked).toEqual([1, 2, 3, 4]);
  });

  it('asks every hour, and a minute after a failure; an older broker is asked no sooner', async () => {
    await keeper.look();
    await jest.advanceTimersByTimeAsync(61 * 60_000);
    expect(asked).toHaveLength(2);
    answers = () => new Error('cut');
    await keeper.look();
    await jest.advanceTimersByTimeAsync(61_000);
    expect(asked).toHaveLength(4);
    answers = () => new ControlRefusedError('not-implemented', 'older');
    await keeper.look();
    await jest.advanceTimersByTimeAsync(50 * 60_000);
    expect(asked).toHaveLength(5);
  });

  it('renews a certificate of another CA once, within the spread, and not one of the right CA', async () => {
    const wanted = (ca: CaTree): Answer => ({
      ...NOTHING,
      renewOtherThan: certificatePem(ca.agentCa.certificate.raw),
      spreadMs: 60_000,
    });
    answers = () => wanted(tree);
    await keeper.look();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(renewals).toBe(0);
    answers = () => wanted(next);
    await Promise.all([keeper.look(), keeper.look()]);
    await jest.advanceTimersByTimeAsync(29_000);
    expect(renewals).toBe(0);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(renewals).toBe(1);
  });

  it('gives up a renewal that was planned when it is taken back', async () => {
    const renewOtherThan = certificatePem(next.agentCa.certificate.raw);
    answers = () => ({ ...NOTHING, renewOtherThan, spreadMs: 60_000 });
    await keeper.look();
    answers = () => NOTHING;
    await keeper.look();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(renewals).toBe(0);
  });
});
