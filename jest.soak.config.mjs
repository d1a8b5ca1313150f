import config from './jest.config.mjs';

const e2e = config.projects.find(({ displayName }) => displayName === 'e2e');

/** Specs that need minutes or a quiet machine: `npm run soak -- specs`. One after the other, since some fill lines and decode video. */
export default {
  ...config,
  maxWorkers: 1,
  projects: [{ ...e2e, displayName: 'soak', testMatch: ['<rootDir>/test/soak/*.soak-spec.ts'] }],
};
