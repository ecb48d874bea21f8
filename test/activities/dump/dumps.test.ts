import { countDump } from '../../../src/activities/dump/count-dump';
import { errorTemplate } from '../../../src/anaplan/row-messages';
import { CATALOGUE, messageOf } from '../../../src/anaplan';

async function* slices(text: string, size = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}
const count = (text: string, size?: number) => countDump(slices(text, size));

// Copied from the API reference, "Get dump file chunk" and "Get the dump file for a process task".
const IMPORT_DUMP = `"_Status_","Column 1","Parent","Code","Start Date","Leave Date","Column 6","Column 7","Start Datesss","Column 9","Column 10","Column 11","_Line_","_Error_1_"
"W","Max Warren",",,","","4/16/12","","","","4/16/12","","","","151","Invalid parent"
"W","Carolyn Tabor","Supply Chain","",",,,","6/30/09","","","6/30/06","","","","153","Invalid date: ,,,"
"E","","Parent","Code","Start Date","Leave Date","","","Start Datesss","","","","11522","Invalid name: Code"
"E","","Parent","Code","Start Date","Leave Date","","","Start Datesss","","","","23043","Invalid name: Code"
`;
const PROCESS_DUMP = `"_Status_","Product Type - L01","Parent","Code","Display Name","Hierarchy Type","_Line_","_Error_1_"
"E","All Combined Products","","","","","12","Error parsing key for this row; no values"
`;

describe('counting a dump: a row that is not counted is a rejection nobody hears of', () => {
  it('counts the example of the reference, wherever its bytes are cut', async () => {
    const expected = {
      rejected: 2,
      warnings: 2,
      errors: [
        { message: 'Invalid name: …', count: 2 },
        { message: 'Invalid parent', count: 1 },
        { message: 'Invalid date: …', count: 1 },
      ],
    };
    for (const size of [1, 2, 3, 64, 10_000]) expect(await count(IMPORT_DUMP, size)).toEqual(expected);
  });

  it('counts the example of a process', async () =>
    expect(await count(PROCESS_DUMP)).toEqual({
      rejected: 1,
      warnings: 0,
      errors: [{ message: 'Error parsing key for this row; no values', count: 1 }],
    }));

  it.each([
    ['nothing', '', 0, 0],
    ['a header only', '"_Status_","a","_Line_","_Error_1_"\n', 0, 0],
    ['a byte order mark and CRLF', '\uFEFF"_Status_","_Line_","_Error_1_"\r\n"E","1","x"\r\n', 1, 0],
    ['one line with two rows', '_Status_,_Line_\nE,5\nE,5\nE,6\n', 2, 0],
    ['a line with an error and a warning', '_Status_,_Line_\nW,5\nE,5\nW,6\n', 1, 1],
    ['quotes and line ends in values', '"_Status_","n","_Line_"\n"E","a ""b""\nc","1"\n', 1, 0],
    ['no column of lines', '_Status_,_Error_1_\nE,x\nE,x\n', 2, 0],
    ['no column of states', 'a,_Line_\nx,1\ny,2\n', 2, 0],
    ['the header again in each chunk', '_Status_,_Line_\nE,1\n_Status_,_Line_\nE,2\n', 2, 0],
    ['rows without a line number', '_Status_,_Line_\nE,\nE,\n', 2, 0],
    ['a state that nobody documents', '_Status_,_Line_\nX,1\n,2\n', 2, 0],
    ['lines that are indented', '  "_Status_","_Line_"\n  "E","1"\n  "W","2"\n', 1, 1],
    ['no line end at the end', '_Status_,_Line_\nE,1', 1, 0],
  ])('%s', async (_, text, rejected, warnings) =>
    expect(await count(text)).toMatchObject({ rejected, warnings }),
  );

  it.each([
    ['ends inside a quoted value', '_Status_,_Line_,_Error_1_\nE,1,x\nE,2,x\nE,3,"x', 2, /ends inside/],
    [
      'has one row of 17 MB',
      `_Status_,_Line_,n\nE,1,x\nE,2,${'y'.repeat(17 * 1024 * 1024)}\nE,3,x\n`,
      1,
      /larger than 16 MB/,
    ],
    ['has no column of lines', '_Status_,n\nE,1\nE,1\n', 2, /_Line_/],
    ['has no column of a dump', 'a,b\n1,2\n', 1, /_Status_ and no column _Line_/],
  ])('counts a dump that %s as far as it goes, and says so', async (_, text, rejected, uncounted) => {
    const counts = await count(text, 64 * 1024);
    expect(counts).toMatchObject({ rejected, uncounted: expect.stringMatching(uncounted) });
    expect(counts.uncounted).not.toContain('yyy');
  });

  it.each([';', '\t', '|'])('counts a dump whose separator is %j', async (separator) =>
    expect(await count(IMPORT_DUMP.replace(/","/g, `"${separator}"`), 5)).toMatchObject({
      rejected: 2,
      warnings: 2,
    }),
  );

  it('counts a dump in UTF-16', async () => {
    async function* utf16(): AsyncGenerator<Buffer> {
      yield Buffer.from(`\uFEFF${IMPORT_DUMP}`, 'utf16le');
    }
    expect(await countDump(utf16())).toMatchObject({ rejected: 2, warnings: 2 });
  });

  it('passes on what reading the bytes throws', async () => {
    async function* cut(): AsyncGenerator<Buffer> {
      yield Buffer.from(IMPORT_DUMP);
      throw new Error('cut');
    }
    await expect(countDump(cut())).rejects.toThrow('cut');
  });

  it('counts every message of a row once, those beyond the header too, and keeps the 20 most frequent', async () => {
    const two = await count('_Status_,_Line_,_Error_1_\nE,1,Invalid name,Invalid parent,Invalid name\n');
    expect(two.errors).toEqual([
      { message: 'Invalid name', count: 1 },
      { message: 'Invalid parent', count: 1 },
    ]);
    const known = Object.values(CATALOGUE)
      .filter((e) => e.kind === 'data' && !e.template.includes('$'))
      .slice(0, 30);
    const rows = known.flatMap((e, i) =>
      Array.from({ length: i + 1 }, (_, j) => `E,${i * 100 + j},"${e.template}"`),
    );
    const many = await count(`_Status_,_Line_,_Error_1_\n${rows.join('\n')}\n`, 1000);
    expect(many.errors).toHaveLength(20);
    expect(many.errors[0]?.count).toBe(30);
    expect(many.errors.at(-1)?.count).toBe(11);
  });
});

describe('templates of messages: names, salaries and dates stay out of histories', () => {
  const DATA = Object.entries(CATALOGUE).filter(([, e]) => e.kind === 'data');
  const SECRETS = [
    'Smith',
    "O'Brien",
    'de la Cruz',
    'MÜLLER',
    'zhang',
    '48,250.75',
    '1999-04-16',
    '4/16/12',
    'x@acme.com',
    'a: b',
    '王小明',
  ];
  const survives = (text: string, secret: string) =>
    text.split(/[^\p{L}\p{N}@./-]+/u).some(
      (word) =>
        word !== '' &&
        secret
          .split(/[^\p{L}\p{N}@./-]+/u)
          .filter((s) => s.length > 2)
          .includes(word),
    );

  it.each(DATA)('%s keeps its words and loses what Anaplan filled in', (code, entry) => {
    for (const secret of SECRETS) {
      const names = [...entry.template.matchAll(/\$\{([^}]+)\}/g)].map((m) => m[1] ?? '');
      const text = messageOf(code, Object.fromEntries(names.map((n) => [n, secret])));
      for (const said of [text, `${text}: ${secret}`, `${text} ${secret}`]) {
        const template = errorTemplate(said);
        expect([said, template, survives(template, secret)]).toEqual([said, template, false]);
        expect(template).not.toContain('${');
      }
    }
    const words = entry.template.split(/\$\{[^}]+\}/)[0] ?? '';
    if (words.length >= 8) expect(errorTemplate(entry.template)).toContain(words.trim());
  });

  it.each([
    (s: string) => `Employee ${s} has no cost centre`,
    (s: string) => `${s} is not a member of the list`,
    (s: string) => `Value "${s}" was not found`,
    (s: string) => `Unexpected value: ${s}`,
    (s: string) => `(${s})`,
    (s: string) => s,
  ])('a message that Anaplan does not document loses them too (%#)', (write) => {
    for (const secret of SECRETS) {
      const template = errorTemplate(write(secret));
      expect([write(secret), template, survives(template, secret)]).toEqual([write(secret), template, false]);
      expect(template).not.toBe('');
    }
  });

  it('is stable and short, so that equal reasons are counted together', () => {
    expect(errorTemplate('Invalid name: Smith')).toBe(errorTemplate('Invalid name: Jones'));
    expect(errorTemplate('Nobody knows '.repeat(100)).length).toBeLessThanOrEqual(200);
  });
});
