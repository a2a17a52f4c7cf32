/** Packages that jest, which knows no `require` of ES modules, has to have translated. */
const modules = ['@kubernetes/client-node', 'openid-client', 'oauth4webapi', 'jose'];
const swc = (syntax) => ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax } }, module: { type: 'commonjs' } }];

/**
 * Tests run in a VM, where each use of a global is slow: these become parameters of every module. Left out are those
 * that tests replace, and those that a package declares itself (Set, Boolean, Buffer, process).
 */
const globals = 'Array BigInt Error JSON Map Math Number Object Promise RegExp String Symbol Uint8Array WeakMap'.split(
  ' ',
);

const shared = {
  testEnvironment: 'node',
  sandboxInjectedGlobals: globals,
  transform: { '^.+\\.ts$': swc('typescript'), '^.+/node_modules/.+\\.js$': swc('ecmascript') },
  transformIgnorePatterns: [`/node_modules/(?!(${modules.join('|')})/)`],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};

const real = {
  ...shared,
  setupFilesAfterEnv: ['<rootDir>/tests/support/patience.ts'],
  globalSetup: '<rootDir>/tests/support/global-setup.ts',
  globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
};

/** `unit` needs Node only; `real` runs on real Temporal, real processes and real Docker; `full` takes its time. */
const unit = [
  'activities',
  'api',
  'balancer',
  'client',
  'config',
  'docker',
  'environment',
  'fuzz',
  'guard',
  'kubernetes',
  'model',
  'payloads',
  'plan',
  'policy',
  'production',
];

module.exports = {
  testSequencer: '<rootDir>/tests/support/longest-first.js',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      setupFilesAfterEnv: ['<rootDir>/tests/support/patience.ts'],
      globalSetup: '<rootDir>/tests/support/unit-setup.ts',
      globalTeardown: '<rootDir>/tests/support/unit-teardown.ts',
      testMatch: [`<rootDir>/tests/{${unit.join(',')}}/**/*.test.ts`, '<rootDir>/dashboard/tests/**/*.test.ts'],
    },
    {
      ...real,
      displayName: 'real',
      testMatch: ['<rootDir>/tests/{runtimes,workflows,integration,replay}/**/*.test.ts'],
    },
    { ...real, displayName: 'full', testMatch: ['<rootDir>/tests/full/**/*.test.ts'] },
  ],
};
