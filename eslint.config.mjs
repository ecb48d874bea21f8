import { readdirSync } from 'node:fs';

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
      // What is imported only when it is needed is imported all the same.
      'no-restricted-syntax': [
        'error',
        {
          selector: `ImportExpression[source.value=/^(\\.\\.\\/)+(${others.join('|')})(\\/|$)/]`,
          message: `src/${room} may import only: ${['itself', ...allowed].join(', ')}.`,
        },
      ],
    },
  };
});

/** What stays out of the workflow sandbox, and what workflows may import of the activities. */
const workflowImports = (ofActivities) => [
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
      { group: ['**/activities', '**/activities/**'], ...ofActivities },
    ],
  },
];

const workflowWall = {
  files: ['src/workflows/**/*.ts'],
  rules: {
    '@typescript-eslint/no-restricted-imports': workflowImports({
      allowTypeImports: true,
      message: 'Workflows may import activity types only.',
    }),
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: '^(\\.\\./)+(anaplan|storage|sandbox|client|worker|cli|dev-server)(/|$)' }] },
    ],
  },
};

const pageWall = {
  files: ['src/workflows/*.ts'],
  // An entity, which answers to activities itself.
  ignores: ['src/workflows/lock.ts'],
  rules: {
    '@typescript-eslint/no-restricted-imports': workflowImports({
      message: 'A page is made of steps/ and run/: what crosses the line to activities is theirs.',
    }),
  },
};

/** The folders of src/activities that are steps. What they share is in attempt/, in shared/ or in storage. */
const STEPS = readdirSync(new URL('src/activities/', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['attempt', 'shared'].includes(entry.name))
  .map((entry) => entry.name)
  .join('|');

const stepWall = {
  files: ['src/activities/*/**/*.ts'],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(\\.\\./)+(${STEPS})/(?!contract$)`,
            message:
              "A step of src/activities imports nothing of another one but its contract's types; what steps share is in attempt/, shared/ or storage.",
          },
          {
            regex: `^(\\.\\./)+(${STEPS})/contract$`,
            allowTypeImports: true,
            message: "Of another step's contract only types.",
          },
        ],
      },
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
  pageWall,
  stepWall,
);
