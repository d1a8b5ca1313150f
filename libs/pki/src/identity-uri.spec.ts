import { formatIdentity, parseIdentity } from './identity-uri.js';

const ID = '7d3f4f0a-5c1e-4a51-9a55-0d4b6f0e7a11';

describe('identity URI', () => {
  it.each([
    [{ kind: 'agent', deployment: 'acme-1', agentId: ID } as const, `urn:adit:acme-1:agent:${ID}`],
    [{ kind: 'keyfile', deployment: 'acme-1', keyfileId: ID } as const, `urn:adit:acme-1:keyfile:${ID}`],
    [{ kind: 'keyfile-signing', deployment: 'acme-1' } as const, 'urn:adit:acme-1:keyfile-signing'],
  ])('names %o', (identity, uri) => {
    expect(formatIdentity(identity)).toBe(uri);
    expect(parseIdentity(uri)).toEqual(identity);
  });

  it.each([
    `urn:adit:acme:agent:${ID.toUpperCase()}`,
    `urn:adit:-acme:agent:${ID}`,
    `urn:adit:acme:broker:${ID}`,
    `urn:adit:acme:agent:${ID}, URI:urn:adit:acme:agent:${ID}`,
    `urn:adit:acme:agent:${ID}\n`,
    'urn:adit:acme:agent:',
    '',
  ])('does not read %j', (uri) => {
    expect(() => parseIdentity(uri)).toThrow(expect.objectContaining({ code: 'identity-uri-malformed' }));
  });
});
