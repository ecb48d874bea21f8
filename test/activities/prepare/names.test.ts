import { ApplicationFailure } from '@temporalio/common';

import { pick, reference, type Candidate } from '../../../src/activities/prepare/names';

const WORKSPACE = '8a8196b15b7dbae6015b8694411d13fe';
const MODEL = '75A40874E6B64FA3AE0743278996850F';

describe('references: what looks like an ID is one, and id: and name: force one', () => {
  it.each([
    ['workspace', WORKSPACE, 'id', WORKSPACE],
    ['workspace', WORKSPACE.toUpperCase(), 'either', WORKSPACE.toUpperCase()],
    ['model', MODEL, 'id', MODEL],
    ['model', MODEL.toLowerCase(), 'either', MODEL.toLowerCase()],
    ['object', '112000000001', 'id', '112000000001'],
    ['object', '20000000002', 'id', '20000000002'],
    ['object', '2024', 'either', '2024'],
    ['object', 'Load Sales', 'either', 'Load Sales'],
    ['object', 'name:112000000001', 'name', '112000000001'],
    ['object', 'name: Load', 'name', ' Load'],
    ['object', 'id: 12 ', 'id', '12'],
    ['model', 'id:Load', 'id', 'Load'],
  ] as const)('%s %p is %s %p', (kind, given, by, value) =>
    expect(reference(kind, given)).toEqual({ by, value }),
  );
});

const all: Candidate[] = [
  { id: '1', name: 'Load Sales' },
  { id: '2', name: 'Load Sales 2' },
  { id: '3', name: 'Twice' },
  { id: '4', name: 'Twice' },
  { id: '5', name: 'Old', archived: true },
  { id: '6', name: 'Old' },
  { id: '7', name: 'Gone', archived: true },
  { id: '112000000009', name: '112000000001' },
];
const find = (given: string, from = all) => pick('import', ' in model "M"', reference('object', given), from);
function refusal(given: string, from = all): ApplicationFailure {
  try {
    find(given, from);
  } catch (error) {
    if (error instanceof ApplicationFailure) return error;
  }
  throw new Error(`${given} was found`);
}

describe('picking: the wrong object would load the wrong data', () => {
  it.each([
    ['Load Sales', '1'],
    ['2', '2'],
    ['id:2', '2'],
    ['name:Load Sales 2', '2'],
    ['Old', '6'], // the archived namesake loses
    ['Gone', '7'], // unless it is the only one
    ['id:3', '3'],
    ['name:112000000001', '112000000009'],
  ])('%p is %s', (given, id) => expect(find(given).id).toBe(id));

  it('does not guess between two of one name, and says which IDs there are', () => {
    const error = refusal('Twice');
    expect([error.type, error.nonRetryable]).toEqual(['InvalidInput', true]);
    expect(error.message).toBe(
      'Import "Twice" is ambiguous in model "M": 2 have that name (IDs 3, 4). Give the ID instead.',
    );
  });

  it.each([
    ['load sales', /Near it: "Load Sales" \(1\), "Load Sales 2" \(2\)/],
    ['Laod Sales', /Near it: "Load Sales" \(1\)/],
    ['Sales', /Near it: "Load Sales" \(1\), "Load Sales 2" \(2\)/],
    ['Something else', /None of the 8 that the user sees has a name like it\./],
    ['id:99', /no import with ID "99" in model "M"/],
    // An ID is never read as a name: an object that happens to be called like it is another object.
    ['112000000001', /no import with ID "112000000001"/],
  ])('%p is not found, and the message helps', (given, words) => {
    const error = refusal(given);
    expect(error.type).toBe('NotFound');
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/Anaplan does not list what a user may not see\.$/);
  });

  it('says when the user sees none at all', () =>
    expect(refusal('x', []).message).toContain('The user sees no import in model "M".'));
});
