import tseslint from 'typescript-eslint';

/** The rooms of src/ and which of the others each may import (see docs/architecture.md). */
const ROOMS = {
  contracts: [],
  anaplan: [],
  storage: [],
  sandbox: [],
  'dev-server': [],
  workflows: ['contracts'],
  activities: ['contracts', 'anaplan', 'storage'],
  client: ['contracts'],
  worker: ['contracts', 'anaplan', 'storage', 'activities'],
  cli: ['contracts', 'client', 'worker', 'sandbox', 'anaplan', 'dev-server'],
};

const walls = Object.entries(ROOMS).map(([room, allowed]) => {
  const others = Object.keys(ROOMS).filter((r) => r !== room && !allowed.includes(r));
  return {
    files: [`src/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(\\.\\./)+(${others.join('|')})(/|$)`,
              message: `src/${room} may import only: ${['itself', ...allowed].join(', ')}.`,
            },
          ],
        },
      ],
    },
  };
});

const workflowWall = {
  files: ['src/workflows/**/*.ts'],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        paths: [
          '@temporalio/client',
          '@temporalio/worker',
          '@temporalio/activity',
          'undici',
          'zod',
          'fs',
          'node:fs',
          'path',
          'node:path',
          'crypto',
          'node:crypto',
        ],
        patterns: [
          { group: ['**/contracts/schemas'], message: 'zod stays out of the workflow sandbox.' },
          { group: ['**/contracts/path-safe'], message: 'node:crypto stays out of the workflow sandbox.' },
          {
            group: ['**/activities', '**/activities/**'],
            allowTypeImports: true,
            message: 'Workflows may import activity types only.',
          },
        ],
      },
    ],
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: '^(\\.\\./)+(anaplan|storage|sandbox|client|worker|cli|dev-server)(/|$)' }] },
    ],
  },
};

export default tseslint.config(
  { ignores: ['lib/', 'lib-bench/', 'node_modules/', '.cache/', 'coverage/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.js'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  ...walls,
  workflowWall,
);
