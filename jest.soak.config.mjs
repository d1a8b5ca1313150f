import config from './jest.config.mjs';

const e2e = config.projects.find(({ displayName }) => displayName === 'e2e');

/** Specs that need a quiet machine and minutes: `npm run soak -- uplink`. One after the other, since each fills lines and decodes video. */
export default {
  ...config,
  maxWorkers: 1,
  projects: [{ ...e2e, displayName: 'soak', testMatch: ['<rootDir>/test/soak/*.soak-spec.ts'] }],
};
