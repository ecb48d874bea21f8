/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  // Those that kill, cut off and freeze real processes have a command of their own: `npm run test:system`.
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/system/'],
  transform: {
    '^.+\\.(t|j)s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // What is imported when it is needed is named with its ending, as Node wants it.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // What a test waits for has bounds of its own; this one is for a machine with both cores busy.
  testTimeout: 240_000,
  // By default Jest leaves a core free, which on two cores is half of them.
  maxWorkers: 2,
};
