/**
 * The system tests: real workers and commands in processes of their own, which are killed, frozen and cut off. They
 * mostly wait, for heartbeat time-outs and polls, and take minutes.
 *
 * @type {import('jest').Config}
 */
module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['<rootDir>/test/system/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
};
