import { PageMerge, recordEnd, RowCounter, type MergeState } from '../../../src/activities/read/pages';

async function* cut(text: string, at: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  yield bytes.subarray(0, at);
  yield bytes.subarray(at);
}
async function* byByte(text: string): AsyncGenerator<Buffer> {
  for (const byte of Buffer.from(text)) yield Buffer.from([byte]);
}
/** Merges pages; the state goes through JSON between two pages, as it does between two attempts. */
async function merge(
  pages: readonly string[],
  slices: (page: string, i: number) => AsyncIterable<Buffer>,
  verbatim = false,
) {
  let state: MergeState = { rows: 0 };
  const out: Buffer[] = [];
  for (const [i, page] of pages.entries()) {
    const merged = new PageMerge(state, verbatim);
    for await (const slice of merged.page(i, slices(page, i))) out.push(slice);
    state = JSON.parse(JSON.stringify(merged.state)) as MergeState;
  }
  return { text: Buffer.concat(out).toString(), rows: state.rows };
}

const CASES: [string, string[], string, number][] = [
  ['one page', ['h\n1\n2\n'], 'h\n1\n2\n', 2],
  ['a header on every page', ['h\n1\n', 'h\n2\n', 'h\n3\n'], 'h\n1\n2\n3\n', 3],
  ['a header on page 0 only', ['h\n1\n', '2\n', '3\n'], 'h\n1\n2\n3\n', 3],
  ['no line end at the end of pages', ['h\n1', 'h\n2', 'h\n3'], 'h\n1\n2\n3', 3],
  ['CRLF', ['h,i\r\n1,2\r\n', 'h,i\r\n3,4\r\n'], 'h,i\r\n1,2\r\n3,4\r\n', 2],
  ['CRLF without a last line end', ['h\r\n1', 'h\r\n2'], 'h\r\n1\r\n2', 2],
  ['pages of a header only', ['h\n', 'h\n', 'h\n1\n', 'h\n'], 'h\n1\n', 1],
  ['pages of a header without a line end', ['h', 'h', 'h\n1'], 'h\n1', 1],
  ['an empty page between', ['h\n1\n', '', 'h\n2\n'], 'h\n1\n2\n', 2],
  ['an empty page after an open line', ['h\n1', '', 'h\n2'], 'h\n1\n2', 2],
  ['another header later is data', ['h\n1\n', 'x\n2\n'], 'h\n1\nx\n2\n', 3],
  ['a row that begins like the header', ['h\n1\n', 'hh\n2\n'], 'h\n1\nhh\n2\n', 3],
  ['a row that equals the header within a page', ['h\n1\n', 'h\nh\n2\n'], 'h\n1\nh\n2\n', 3],
  ['a line end within a quoted header', ['"a\nb",c\n1,2\n', '"a\nb",c\n3,4\n'], '"a\nb",c\n1,2\n3,4\n', 2],
  ['line ends and quotes within rows', ['h\n"x\ny""z"\n', 'h\n"\n"\n'], 'h\n"x\ny""z"\n"\n"\n', 2],
  ['letters of several bytes', ['Größe\n£1\n', 'Größe\n€2\n'], 'Größe\n£1\n€2\n', 2],
];

describe('merging pages: every row once and in order, under one header', () => {
  it.each(CASES)('%s', async (_, pages, text, rows) => {
    expect(await merge(pages, byByte)).toEqual({ text, rows });
    const longest = Math.max(...pages.map((p) => Buffer.byteLength(p)));
    for (let at = 0; at <= longest; at++) {
      expect(await merge(pages, (page) => cut(page, Math.min(at, Buffer.byteLength(page))))).toEqual({
        text,
        rows,
      });
    }
  });

  it.each<[string, string[], string, number]>([
    [
      'a grid keeps lines that equal its first one',
      [',Jan\nA,1\n', ',Jan\nB,2\n'],
      ',Jan\nA,1\n,Jan\nB,2\n',
      4,
    ],
    ['a grid page without a line end is closed', [',Jan\nA,1', 'B,2'], ',Jan\nA,1\nB,2', 3],
  ])('%s', async (_, pages, text, rows) => expect(await merge(pages, byByte, true)).toEqual({ text, rows }));

  it('takes no line above 1 MB for a header, and loses nothing of it', async () => {
    const long = `${'x'.repeat(1024 * 1024 + 10)}\n`;
    const { text } = await merge([`${long}1\n`, `${long}2\n`], (page) => cut(page, 100_000));
    expect(text).toBe(`${long}1\n${long}2\n`);
  });
});

describe('the end of a record', () => {
  it.each([
    ['a\nb', 2],
    ['"a\nb"\nc', 6],
    ['"a""\n"\nc', 7],
    ['\n', 1],
    ['a', undefined],
    ['"a\n', undefined],
    ['', undefined],
  ])('%p ends at %p', (text, end) => expect(recordEnd(Buffer.from(text))).toBe(end));
});

describe('counting records', () => {
  it.each([
    ['', 0],
    ['a', 1],
    ['a\n', 1],
    ['a\nb', 2],
    ['a\r\nb\r\n', 2],
    ['"a\nb"\n', 1],
    ['"a""\n""b"\nc\n', 2],
    ['a\n\nb\n', 3],
  ])('%p has %i, wherever it is cut', (text, rows) => {
    for (let at = 0; at <= text.length; at++) {
      const counter = new RowCounter();
      counter.add(Buffer.from(text.slice(0, at)));
      counter.add(Buffer.from(text.slice(at)));
      expect(counter.rows()).toBe(rows);
    }
  });
});
