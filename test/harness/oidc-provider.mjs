/**
 * A real OpenID Connect provider on loopback, until its standard input ends:
 * `node oidc-provider.mjs PORT CALLBACK CLIENT_SECRET`. Its own development pages let anybody in by any name, which
 * becomes `sub`; the part of the name after a plus sign, if any, is the claim `groups`. Prints `ready` when it serves.
 */
// @ts-expect-error the package brings no types
import { Provider } from 'oidc-provider';

const [port = '', callback = '', secret = ''] = process.argv.slice(2);

/** @param {unknown} _context @param {string} id */
const findAccount = async (_context, id) => ({
  accountId: id,
  claims: async () => ({
    sub: id,
    preferred_username: id.split('+')[0],
    groups: id.split('+').slice(1),
  }),
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'adit', client_secret: secret, redirect_uris: [callback] }],
  claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
  conformIdTokenClaims: false,
  findAccount,
  ttl: { AuthorizationCode: 2, Interaction: 600, Session: 600, Grant: 600, IdToken: 600, AccessToken: 600 },
});
const server = provider.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
process.stdin.resume().once('end', () => {
  server.closeAllConnections();
  server.close();
});
