import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * @typedef {object} ReadyFacts
 * @property {string} dataDir
 * @property {string} api
 * @property {string} firstPasswordFile
 * @property {string} [publicHost]
 * @property {import('../demo/site.mjs').DemoSite} [site]
 * @property {string} [demoFailure]
 * @property {boolean} isTerminal the password is for a person's eyes: elsewhere its file is named
 */

/**
 * What the newcomer needs next.
 * @param {ReadyFacts} facts
 * @returns {string}
 */
export function readyBlock(facts) {
  const { api, firstPasswordFile, isTerminal } = facts;
  const password = isTerminal ? readFileSync(firstPasswordFile, 'utf8').trim() : `in ${shown(firstPasswordFile)}`;
  return [
    '',
    'Adit is ready',
    '',
    `  Admin API     ${api}/api/docs`,
    `  Sign in       user admin, first password ${password}`,
    ...demoLines(facts),
    ...otherMachineLines(facts),
    '',
    '  Ctrl-C ends all of it; the next npm start goes on with the same data.',
    '',
    '',
  ].join('\n');
}

/** @param {ReadyFacts} facts */
function demoLines({ site, demoFailure }) {
  if (demoFailure) return ['', `  The demo site did not come up: ${demoFailure}`];
  if (!site) return [];
  const [first] = site.urls;
  const plays = site.urls.flatMap(({ camera, usage, url }) => [
    `    # ${camera}, ${usage}`,
    `    ffplay -rtsp_transport tcp '${url}'`,
  ]);
  const gst = `    gst-launch-1.0 rtspsrc location='${first?.url}' protocols=tcp ! rtph264depay ! h264parse ! avdec_h264 ! autovideosink`;
  return [
    ...(first?.playUrl
      ? [
          '',
          '  Watch the demo site through its tunnel in a browser of this machine (for 24 hours):',
          `    ${first.playUrl}`,
        ]
      : []),
    '',
    '  Watch it with an RTSP player:',
    ...plays,
    ...(first ? ['    # the same in GStreamer', gst] : []),
    '',
    '  Add a real camera to the demo site; it is there within 10 seconds:',
    `    bin/adit-agent camera add --state ${shown(site.stateDir)} 'rtsp://user@camera/path' --name 'My camera'`,
  ];
}

/** @param {ReadyFacts} facts */
function otherMachineLines({ publicHost }) {
  const reach = publicHost ? '' : '; first start this one with --public-host NAME';
  return [
    '',
    `  Connect an agent on another machine${reach}:`,
    `    here:   npm run -s keyfile -- 'Hamburg Süd' hamburg.keyfile`,
    '    there:  bin/adit-agent run --keyfile hamburg.keyfile',
  ];
}

/** @param {string} path */
function shown(path) {
  const below = relative(process.cwd(), path);
  return below.startsWith('..') ? path : below;
}
