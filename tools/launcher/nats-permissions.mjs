/**
 * Which app may say what to whom; `requests` also covers the answer, which the server allows to whoever was asked.
 * @type {Record<import('./provision.mjs').CloudApp, { serves: string[], requests: string[], publishes: string[], hears: string[] }>}
 */
export const PERMISSIONS = {
  'keyfile-issuer': {
    serves: [
      'enrolment.*',
      'pki.broker-certificate',
      'pki.trust',
      'pki.acknowledge',
      'keyfile.*',
      'agent.*',
      'recovery.*',
      'authority.*',
    ],
    requests: [],
    publishes: ['pki.revocation-added'],
    hears: [],
  },
  'tunnel-broker': {
    // Each process under its own id.
    serves: ['broker.*.*'],
    requests: ['enrolment.*', 'pki.broker-certificate', 'pki.trust', 'pki.acknowledge'],
    publishes: ['tunnel.up', 'tunnel.down'],
    hears: ['pki.revocation-added'],
  },
  federation: {
    serves: ['federation.>', 'media.open'],
    // A process asks the one that runs the role.
    requests: ['pki.trust', 'federation.replica.*'],
    publishes: ['media.moved'],
    hears: ['tunnel.up', 'tunnel.down', 'site.changed'],
  },
  'video-redirector': {
    serves: ['redirector.*.*'],
    requests: ['media.open', 'federation.camera.timeline', 'pki.trust'],
    publishes: [],
    hears: ['tunnel.up', 'tunnel.down', 'media.moved'],
  },
  'admin-api': {
    serves: [],
    requests: [
      'keyfile.*',
      'agent.*',
      'recovery.*',
      'authority.*',
      // Not `federation.replica.*`: what processes of federation ask each other includes what only they and redirectors may.
      'federation.role.*',
      'federation.camera.*',
      'federation.entity.execute',
      'federation.alarm.acknowledge',
      'broker.*.*',
      'redirector.*.*',
    ],
    publishes: ['site.changed'],
    hears: ['tunnel.up', 'tunnel.down'],
  },
};

/**
 * Configuration of a nats-server whose only users are the apps, each by its own nkey.
 * @param {Record<string, string>} publicNkeys by app
 * @returns {string}
 */
export function natsConfiguration(publicNkeys) {
  const users = Object.entries(PERMISSIONS).map(([app, { serves, requests, publishes, hears }]) => {
    const said = [...requests, ...publishes];
    // An empty list would allow everything.
    const publish = said.length > 0 ? JSON.stringify(said) : '{ deny: ">" }';
    // Each app has an inbox prefix of its own, so that none reads the answers to another.
    const subscribe = JSON.stringify([...serves, ...hears, `_INBOX.${app}.>`]);
    const responses = serves.length > 0 ? ', allow_responses: { max: 1, expires: "1m" }' : '';
    return `    { nkey: ${publicNkeys[app]}, permissions: { publish: ${publish}, subscribe: ${subscribe}${responses} } }`;
  });
  return ['port: 4222', 'max_payload: 1MB', 'authorization {', '  users: [', ...users, '  ]', '}', ''].join('\n');
}
