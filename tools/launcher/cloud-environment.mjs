/**
 * @typedef {object} CloudLayout what the apps of one machine share
 * @property {string} dataDir
 * @property {string} natsUrl
 * @property {string} [natsTokenFile]
 * @property {Record<string, string>} logins database URL per app
 * @property {(app: import('./provision.mjs').CloudApp) => string} secretsDir
 * @property {string} publicKeysFile
 * @property {string} firstPasswordFile
 * @property {string} [publicHost] name in keyfiles and stream URLs; with it the public listeners bind every address
 * @property {boolean} demo
 * @property {Ports} ports
 * @property {Partial<Record<import('./provision.mjs').CloudApp, Record<string, string>>>} [extra] further settings by app
 *
 * @typedef {object} Ports
 * @property {number} http
 * @property {number} play
 * @property {number} rtsp
 * @property {number} tunnel
 * @property {number} ingress
 * @property {Partial<Record<import('./provision.mjs').CloudApp, number>>} health
 */

/**
 * The environment of one app. Every key is in `.env.example`.
 * @param {import('./provision.mjs').CloudApp} app
 * @param {CloudLayout} layout
 * @returns {Record<string, string>}
 */
export function cloudEnvironment(app, layout) {
  const { natsTokenFile, ports } = layout;
  const health = ports.health[app];
  return {
    ADIT_DATABASE_URL: layout.logins[app],
    NATS_URL: layout.natsUrl,
    ...(natsTokenFile ? { ADIT_NATS_TOKEN_FILE: natsTokenFile } : foreignNatsCredentials()),
    ADIT_SECRETS_DIR: layout.secretsDir(app),
    ADIT_PUBLIC_KEYS_FILE: layout.publicKeysFile,
    ...(health === undefined ? {} : { ADIT_HEALTH_PORT: String(health) }),
    ...OWN[app](layout),
    ...layout.extra?.[app],
  };
}

/**
 * What each app reads beyond the keys that all read.
 * @type {Record<import('./provision.mjs').CloudApp, (layout: CloudLayout) => Record<string, string>>}
 */
const OWN = {
  'keyfile-issuer': (layout) => ({
    ADIT_DATA_DIR: `${layout.dataDir}/issuer`,
    ADIT_PUBLIC_ENDPOINTS: `${host(layout)}:${layout.ports.tunnel}`,
  }),
  'tunnel-broker': (layout) => ({
    ADIT_DATA_DIR: `${layout.dataDir}/broker`,
    ADIT_TUNNEL_HOST: bind(layout),
    ADIT_TUNNEL_PORT: String(layout.ports.tunnel),
    ADIT_INGRESS_HOST: '127.0.0.1',
    ADIT_INGRESS_PORT: String(layout.ports.ingress),
    ...(layout.publicHost ? { ADIT_SERVER_NAMES: `${layout.publicHost},localhost,127.0.0.1,::1` } : {}),
  }),
  federation: () => ({}),
  'video-redirector': (layout) => ({
    ADIT_RTSP_HOST: bind(layout),
    ADIT_RTSP_PORT: String(layout.ports.rtsp),
    // Without TLS the page is for this machine; who opens it to others puts a TLS proxy before it.
    ADIT_PLAY_PORT: String(layout.ports.play),
    ADIT_WEBRTC_HOST: '127.0.0.1',
  }),
  'admin-api': (layout) => ({
    ADIT_HTTP_HOST: bind(layout),
    ADIT_HTTP_PORT: String(layout.ports.http),
    ADIT_RTSP_PUBLIC: `${host(layout)}:${layout.ports.rtsp}`,
    ADIT_PLAY_PUBLIC: `http://127.0.0.1:${layout.ports.play}`,
    ADIT_BOOTSTRAP_PASSWORD_FILE: layout.firstPasswordFile,
    ADIT_DEMO: String(layout.demo),
  }),
};

/** @param {CloudLayout} layout */
function bind(layout) {
  return layout.publicHost ? '0.0.0.0' : '127.0.0.1';
}

/** @param {CloudLayout} layout */
function host(layout) {
  const name = layout.publicHost ?? '127.0.0.1';
  return name.includes(':') ? `[${name}]` : name;
}

/** A foreign message server's credentials are the operator's own settings. */
function foreignNatsCredentials() {
  /** @type {Record<string, string>} */
  const environment = {};
  for (const name of ['ADIT_NATS_TOKEN_FILE', 'ADIT_NATS_NKEY_FILE']) {
    const value = process.env[name];
    if (value) environment[name] = value;
  }
  return environment;
}
