import { headerWarning } from '../../src/activities/source-header';

const HEADER = { names: ['Code', 'Name'], row: 1, separator: ',', delimiter: '"', encoding: 'UTF-8' };
const warn = (start: string | Buffer, header: Partial<typeof HEADER> = {}) =>
  headerWarning(Buffer.from(start), { ...HEADER, ...header });

describe('the header line of a source: a column that is missing loads nothing, silently', () => {
  it.each<[string, string | Buffer, Partial<typeof HEADER>]>([
    ['the same line', 'Code,Name\n1,a\n', {}],
    ['another order', 'Name,Code\n', {}],
    ['blanks around names', ' Code , Name\n', {}],
    ['a byte order mark', '\uFEFFCode,Name\n', {}],
    ['CRLF', 'Code,Name\r\n1,a\r\n', {}],
    ['no line end', 'Code,Name', {}],
    ['quotes', '"Code","Name"\n', {}],
    ['a line end within quotes', '"Co\nde",Name\n', { names: ['Co\nde', 'Name'] }],
    ['a separator within quotes', '"Code, new",Name\n', { names: ['Code, new', 'Name'] }],
    ['another quote', "'Code, new',Name\n", { names: ['Code, new', 'Name'], delimiter: "'" }],
    ['no quote at all', '"Code,Name\n', { names: ['"Code', 'Name'], delimiter: '' }],
    ['tabs', 'Code\tName\n', { separator: '\t' }],
    ['a header in row 3', 'Report\n\nCode,Name\n', { row: 3 }],
    ['latin1', Buffer.from('Größe,Name\n', 'latin1'), { names: ['Größe', 'Name'], encoding: 'ISO-8859-1' }],
    [
      'windows-1252',
      Buffer.from('Prix é,Name\n', 'latin1'),
      { names: ['Prix é', 'Name'], encoding: 'cp1252' },
    ],
    ['UTF-16', Buffer.from('\uFEFFCode,Name\n', 'utf16le'), { encoding: 'UTF-16LE' }],
    ['fewer rows than the header is in', 'Code,Name\n', { row: 5 }],
    ['nothing', '', {}],
  ])('%s is no reason to warn', (_, start, header) => expect(warn(start, header)).toBeUndefined());

  it.each<[string, string | Buffer, Partial<typeof HEADER>, RegExp]>([
    ['a missing column', 'Code,Nom\n', {}, /columns the import was made with: "Name" is missing/],
    ['two missing columns', 'a,b\n', {}, /"Code", "Name" are missing/],
    ['the wrong separator', 'Code;Name\n', {}, /"Code", "Name" are missing/],
    ['another case', 'code,Name\n', {}, /"Code" is missing/],
    ['one column more', 'Code,Name,Extra\n', {}, /has 3 columns, the import was made with 2/],
    [
      'seven missing ones',
      'x\n',
      { names: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
      /"e" and 2 more are missing/,
    ],
  ])('%s is a warning', (_, start, header, words) => expect(warn(start, header)).toMatch(words));

  it('never repeats what the source says: without a header line that would be row data', () => {
    const text = warn('Smith,48000\nJones,51000\n') ?? '';
    expect(text).toContain('"Code"');
    expect(text).not.toMatch(/Smith|48000|Jones/);
  });
});
