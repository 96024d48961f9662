import { readFileSync } from 'node:fs';
import { defineConfig } from 'oxlint';

/** The rooms of each package and what each sees: the one table, which the tests read, too. */
const HOUSE = JSON.parse(readFileSync(new URL('test/architecture/rooms.json', import.meta.url), 'utf8'));

/** Imports that a room may have only if its row in the table names them under `knows`. */
const KNOWLEDGE = {
  '@nestjs': { regex: '^@nestjs/', message: 'Only the nest room knows Nest.' },
  'node:timers': { regex: '^(node:)?timers$', message: 'Time comes from the injected Clock.' },
  kysely: {
    regex: '^kysely$',
    allowTypeImports: true,
    message: 'Queries are built in statements/, and in driver/ and migrations/: elsewhere import types only.',
  },
};
const OTHERS_FILES = {
  regex: '(^|/)(libs|scheduler)/(.*/)?src(/|$)',
  message: 'Other packages are imported by their name, never by their files.',
};
const REAL_TIME = {
  regex: '^(node:)?(timers/promises|perf_hooks)$',
  message: 'Time comes from the injected Clock.',
};

/** Import rules of a room, or of the files beside the rooms if `room` is null; `more` are patterns of its own. */
function importsOf(name, room, { knows = HOUSE[name].rooms[room]?.knows ?? [], more = [] } = {}) {
  const { rooms, files, sees: packages } = HOUSE[name];
  const patterns = [
    OTHERS_FILES,
    REAL_TIME,
    ...Object.entries(KNOWLEDGE)
      .filter(([key]) => !knows.includes(key))
      .map(([, pattern]) => pattern),
    {
      group: ['@carillon/**', ...packages.map((entry) => `!${entry}`)],
      message: `Of our own packages ${name} imports: ${packages.join(', ') || 'none'}.`,
    },
    ...more,
  ];
  if (room !== null) {
    const { sees } = rooms[room];
    const others = Object.keys(rooms).filter((other) => other !== room && !sees.includes(other));
    const refused = [...others.map((other) => `${other}/`), ...files.map((file) => `${file}\\.js$`)];
    patterns.push({
      regex: `^(\\.\\./)+(${refused.join('|')})`,
      message: `Of the rooms ${room} sees: ${sees.join(', ') || 'none'}.`,
    });
  }
  return { 'no-restricted-imports': ['error', { patterns }] };
}

/** Rooms inside a room. The last sees all others. */
function innerRooms(name, room, inner) {
  return inner.slice(0, -1).map((own, at) => ({
    files: [`libs/${name}/src/${room}/${own}/**`],
    rules: importsOf(name, room, {
      more: [
        {
          regex: `^\\.\\./(${inner.slice(at + 1).join('|')})/`,
          allowTypeImports: true,
          message: `Of ${room} ${own} sees: ${inner.slice(0, at).join(', ') || 'nothing else'}.`,
        },
      ],
    }),
  }));
}

const rooms = Object.entries(HOUSE).flatMap(([name, { rooms: table }]) => [
  { files: [`libs/${name}/src/*.ts`], rules: importsOf(name, null) },
  ...Object.entries(table).flatMap(([room, { inner = [] }]) => [
    { files: [`libs/${name}/src/${room}/**`], rules: importsOf(name, room) },
    ...innerRooms(name, room, inner),
  ]),
]);

const TIME = { message: 'Time comes from the injected Clock.' };

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  env: { node: true, es2023: true },
  ignorePatterns: ['**/dist/**', '**/*.d.ts', 'test/package/*/**'],
  rules: {
    'import/no-cycle': ['error', { ignoreTypes: true }],
    'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'], location: 'anywhere' }],
    'max-lines': ['error', { max: 280 }],
    eqeqeq: 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],

    // The compiler's noImplicitReturns knows functions that never return; this rule does not.
    'typescript/consistent-return': 'off',
    // `array[i]!` says that the index is known to be in range.
    'typescript/no-unnecessary-type-assertion': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    // A trigger, a duration and an error have a toString made for messages.
    'typescript/restrict-template-expressions': 'off',
    'typescript/require-array-sort-compare': 'off',
    // `expect(value, message)` is vitest's own form.
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    // `TimerHandle | null` says something to a reader although the handle is unknown.
    'typescript/no-redundant-type-constituents': 'off',
    // A class without members is how Nest writes a module.
    'typescript/no-extraneous-class': 'off',
    // Iterating over a copy is how a set is changed inside the loop.
    'unicorn/no-useless-spread': 'off',
    // Sorting in place is wanted where an array is our own.
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'import/no-named-as-default-member': 'off',
    'import/no-unassigned-import': 'off',
    'promise/always-return': 'off',
    'promise/no-callback-in-promise': 'off',
    'promise/no-promise-in-callback': 'off',
  },
  overrides: [
    // Applications, and packages without rooms, know the library by its public API. A later override replaces the
    // import rules of an earlier one.
    {
      files: ['libs/*/src/**', 'apps/**'],
      rules: { 'no-restricted-imports': ['error', { patterns: [OTHERS_FILES] }] },
    },
    ...rooms,
    // Waits for a database, whoever steers the scheduler's time.
    {
      files: ['libs/scheduler-sql/src/driver/real-time.ts'],
      rules: importsOf('scheduler-sql', 'driver', { knows: ['kysely', 'node:timers'] }),
    },
    // `new Date(ms)` is fine anywhere; `new Date()` is refused by test/architecture/beyond-lint.ts.
    {
      files: ['libs/*/src/**'],
      rules: {
        'no-console': 'error',
        'max-params': ['error', { max: 5 }],
        'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
        'no-restricted-globals': [
          'error',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'clearTimeout',
          'clearInterval',
          'clearImmediate',
          'performance',
        ],
        'no-restricted-properties': [
          'error',
          { object: 'Date', property: 'now', ...TIME },
          { object: 'process', property: 'hrtime', ...TIME },
          { object: 'process', property: 'uptime', ...TIME },
          { object: 'globalThis', property: 'Date', ...TIME },
          { object: 'globalThis', property: 'performance', ...TIME },
          { object: 'globalThis', property: 'setTimeout', ...TIME },
          { object: 'globalThis', property: 'setInterval', ...TIME },
          { object: 'globalThis', property: 'setImmediate', ...TIME },
        ],
      },
    },
    // The one file that asks the machine for the time.
    {
      files: ['libs/scheduler/src/engine/system-clock.ts'],
      rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
    },
    {
      files: ['**/*.spec.ts'],
      rules: {
        'max-lines': 'off',
        'max-lines-per-function': 'off',
        'max-params': 'off',
        'no-restricted-imports': 'off',
        'no-restricted-globals': 'off',
        'no-restricted-properties': 'off',
        'no-console': 'off',
        'typescript/no-explicit-any': 'off',
        'typescript/no-misused-promises': 'off',
      },
    },
  ],
});
