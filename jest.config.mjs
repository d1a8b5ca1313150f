import { availableParallelism } from 'node:os';

/** Everything runs as CommonJS: @swc/jest turns our TypeScript, and the packages that ship only ES modules, into it. */
const esmOnly = [
  '@nestjs',
  '@nats-io',
  'file-type',
  'strtok3',
  'token-types',
  'uint8array-extras',
  '@tokenizer',
  '@borewit',
  'jose',
  'uuid',
  'string-width',
  'strip-ansi',
  'ansi-regex',
  'get-east-asian-width',
  '@seriousme',
  'openid-client',
  'oauth4webapi',
  'age-encryption',
  '@noble',
  '@scure',
];

const project = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
  moduleNameMapper: {
    '^@app/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
};

export default {
  // Most specs wait for processes of their own, so that with a worker for each core half of every core is idle.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  // Nothing here is a measurement; a busy machine is no failure.
  testTimeout: 20_000,
  coverageProvider: 'v8',
  collectCoverageFrom: ['{apps,libs}/*/src/**/*.ts'],
  projects: [
    {
      ...project,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,tools}/**/*.spec.ts'],
    },
    {
      ...project,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/**/*.e2e-spec.ts'],
      setupFilesAfterEnv: [
        '<rootDir>/test/harness/second-try.setup.ts',
        '<rootDir>/test/harness/api-contract.setup.ts',
      ],
      globalSetup: '<rootDir>/test/global-setup.mjs',
      globalTeardown: '<rootDir>/test/global-teardown.mjs',
    },
  ],
};
