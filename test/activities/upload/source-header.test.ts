import { compareHeader } from '../../../src/activities/upload/source-header';
import { ImportHeaders } from '../../../src/activities/prepare/import-header';
import type { ImportHeader } from '../../../src/activities';

const HEADER: ImportHeader = {
  import: 'Load',
  names: ['Code', 'Name'],
  row: 1,
  separator: ',',
  delimiter: '"',
  encoding: 'UTF-8',
};
const look = (start: string | Buffer, header: Partial<ImportHeader> = {}, whole = true) =>
  compareHeader(Buffer.from(start), whole, { ...HEADER, ...header });
const text = (verdict: ReturnType<typeof compareHeader>) => (verdict.kind === 'same' ? '' : verdict.text);
const utf16be = (s: string) => Buffer.from(s, 'utf16le').swap16();

describe('the header line of a source: a column that is missing loads nothing, silently', () => {
  it.each<[string, string | Buffer, Partial<ImportHeader>]>([
    ['the same line', 'Code,Name\n1,a\n', {}],
    ['blanks around and within names', ' Code , First  Name\n', { names: ['Code', 'First Name'] }],
    ['an accent written in two ways', 'Code,Caf\u0065\u0301\n', { names: ['Code', 'Caf\u00e9'] }],
    ['a byte order mark', '\uFEFFCode,Name\n', {}],
    ['a byte order mark before a quote', '\uFEFF"Code",Name\n', {}],
    ['CRLF', 'Code,Name\r\n1,a\r\n', {}],
    ['CR', 'Code,Name\r1,a\r', {}],
    ['no line end', 'Code,Name', {}],
    ['a separator at the end', 'Code,Name,\n1,2,\n', {}],
    ['quotes', '"Code","Name"\n', {}],
    ['doubled quotes', '"Size 5""",Name\n', { names: ['Size 5"', 'Name'] }],
    ['a line end within quotes', '"Co\nde",Name\n', { names: ['Co\nde', 'Name'] }],
    ['a separator within quotes', '"Code, new",Name\n', { names: ['Code, new', 'Name'] }],
    ['another quote', "'Code, new',Name\n", { names: ['Code, new', 'Name'], delimiter: "'" }],
    ['no quote at all', '"Code,Name\n', { names: ['"Code', 'Name'], delimiter: '' }],
    ['tabs', 'Code\tName\n', { separator: '\t' }],
    ['two columns of one name', 'Code,Name,Name\n', { names: ['Code', 'Name', 'Name'] }],
    ['a header in row 3', 'Report\n\nCode,Name\n', { row: 3 }],
    ['no header line in the import', 'Smith,48000\n', { row: 0 }],
    ['latin1', Buffer.from('Größe,Name\n', 'latin1'), { names: ['Größe', 'Name'], encoding: 'ISO-8859-1' }],
    [
      'windows-1252',
      Buffer.from('Prix \x80,Name\n', 'latin1'),
      { names: ['Prix €', 'Name'], encoding: 'cp1252' },
    ],
    [
      'windows-1250',
      Buffer.from([0xa3, 0xf3, 0x64, 0x9f, 0x2c, 0x4e, 0x0a]),
      { names: ['Łódź', 'N'], encoding: 'windows-1250' },
    ],
    [
      'windows-1251',
      Buffer.from([0xca, 0xee, 0xe4, 0x2c, 0x4e, 0x0a]),
      { names: ['Код', 'N'], encoding: 'Windows-1251' },
    ],
    [
      'ISO-8859-2',
      Buffer.from([0xa3, 0xf3, 0x64, 0xbc, 0x2c, 0x4e, 0x0a]),
      { names: ['Łódź', 'N'], encoding: 'ISO-8859-2' },
    ],
    [
      'Shift_JIS',
      Buffer.from([0x83, 0x52, 0x81, 0x5b, 0x83, 0x68, 0x2c, 0x4e]),
      { names: ['コード', 'N'], encoding: 'Shift_JIS' },
    ],
    [
      'UTF-16LE',
      Buffer.from('\uFEFFCode,Größe\n', 'utf16le'),
      { names: ['Code', 'Größe'], encoding: 'UTF-16LE' },
    ],
    ['UTF-16BE', utf16be('Code,Größe\n'), { names: ['Code', 'Größe'], encoding: 'UTF-16BE' }],
    ['UTF-16BE with a mark', utf16be('\uFEFFCode,Name\n'), { encoding: 'utf-16be' }],
    ['UTF-16 by its mark', utf16be('\uFEFFCode,Name\n'), { encoding: 'UTF-16' }],
    ['UTF-16 without a mark', Buffer.from('Code,Name\n', 'utf16le'), { encoding: 'UTF-16' }],
  ])('%s is no reason to warn', (_, start, header) => expect(look(start, header)).toEqual({ kind: 'same' }));

  it.each<[string, string | Buffer, Partial<ImportHeader>, RegExp]>([
    [
      'a missing column',
      'Code,Nom\n',
      {},
      /lacks 1 of the 2 columns that import "Load" was made with: "Name"\./,
    ],
    ['two missing columns', 'a,b\n', {}, /lacks 2 of the 2 columns .*: "Code", "Name"\./],
    [
      'one of two columns of one name',
      'Code,Name\n',
      { names: ['Code', 'Name', 'Name'] },
      /lacks 1 of the 3/,
    ],
    [
      'the wrong separator',
      'Code;Name\n',
      {},
      /lacks 2 .* would be there if columns were separated by ";"; the import reads ","/,
    ],
    ['seven missing ones', 'x\n', { names: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }, /"e" and 2 more\./],
    ['row data instead of a header', 'Smith,48000\nJones,51000\n', {}, /lacks 2/],
  ])('%s is a column that is missing', (_, start, header, words) => {
    const verdict = look(start, header);
    expect(verdict.kind).toBe('lacking');
    expect(text(verdict)).toMatch(words);
  });

  it.each<[string, string | Buffer, Partial<ImportHeader>, RegExp]>([
    ['another case', 'code,Name\n', {}, /writes a column in another case: "Code"/],
    ['one column more', 'Code,Name,Extra\n', {}, /has 3 columns, the import was made with 2/],
    ['another order', 'Name,Code\n', {}, /has its columns in another order/],
    [
      'fewer rows than the header is in',
      'Code,Name\n',
      { row: 5 },
      /was not compared .*: no line 5 could be read/,
    ],
    ['nothing', '', {}, /was not compared/],
    ['an encoding that nobody knows', 'x,y\n', { encoding: 'EBCDIC-7' }, /was not compared .*"EBCDIC-7"/],
    [
      'UTF-16 that does not say which',
      Buffer.from('ああ', 'utf16le'),
      { encoding: 'UTF-16' },
      /was not compared/,
    ],
    ['a quote that does not close', '"Code,Name\n1,2\n', {}, /was not compared/],
    [
      'UTF-8 where the import reads another',
      'Größe,Name\n',
      { names: ['Größe', 'Name'], encoding: 'ISO-8859-1' },
      /seems to be utf-8, and import "Load" was made with "ISO-8859-1"/,
    ],
    [
      'UTF-16 by its mark where the import reads UTF-8',
      Buffer.from('\uFEFFCode,Name\n', 'utf16le'),
      {},
      /seems to be utf-16le.*: all of it may be read wrongly/,
    ],
  ])('%s is a warning, for it may be meant or cannot be known', (_, start, header, words) => {
    const verdict = look(start, header);
    expect(verdict.kind).toBe('warning');
    expect(text(verdict)).toMatch(words);
  });

  it('of hundreds of columns is compared whole: 68 missing ones are found, and none is invented', () => {
    const names = Array.from({ length: 368 }, (_, i) => `Column number ${i + 1}`);
    expect(look(`${names.join(',')}\n1\n`, { names })).toEqual({ kind: 'same' });
    const verdict = look(`${names.slice(0, 300).join(',')}\n1\n`, { names });
    expect(text(verdict)).toMatch(/lacks 68 of the 368 columns .*"Column number 301".*and 63 more/);
  });

  it('that is cut, in the list or in the bytes at hand, is not taken for different', () => {
    expect(look('Code,Name,More,And more\n', { cut: true, count: 4 })).toEqual({ kind: 'same' });
    expect(look('Code,More\n', { cut: true, count: 4 }).kind).toBe('lacking');
    // The line may go on after what was read.
    expect(look('Code,Na', {}, false).kind).toBe('warning');
    expect(look('Code,Name', {}, false).kind).toBe('warning');
    expect(look('Code,Name\n1,"x', {}, false)).toEqual({ kind: 'same' });
    expect(look('Code,Nom\n1,2', {}, false).kind).toBe('lacking');
  });

  it('never repeats what the source says: without a header line that would be row data', () => {
    for (const header of [{}, { separator: ';' }, { encoding: 'UTF-16' }, { row: 2 }]) {
      expect(text(look('Smith,48000\nJones,51000\n', header))).not.toMatch(/Smith|48000|Jones/);
    }
  });
});

describe('the columns that a run carries with it', () => {
  const metadata = (headerNames: string[], more: object = {}) => ({
    name: '',
    source: { headerNames, ...more },
  });

  it('are all of them, with how the file is written', () => {
    const names = Array.from({ length: 368 }, (_, i) => `C${i}`);
    const header = new ImportHeaders().of('Load', metadata(names, { headerRow: 2, columnSeparator: '\\t' }));
    expect(header).toEqual({
      import: 'Load',
      names,
      row: 2,
      separator: '\t',
      delimiter: '"',
      encoding: 'UTF-8',
    });
  });

  it('say where Anaplan, or the size of a history, cut the list', () => {
    expect(new ImportHeaders().of('Load', metadata(['a'], { columnCount: 9 }))).toMatchObject({
      cut: true,
      count: 9,
    });
    const long = Array.from({ length: 5000 }, (_, i) => `A column with a rather long name ${i}`);
    const header = new ImportHeaders().of('Load', metadata(long));
    expect(header).toMatchObject({ cut: true, count: 5000 });
    expect(JSON.stringify(header).length).toBeLessThan(140_000);
    expect(new ImportHeaders().of('Load', metadata([]))).toBeUndefined();
  });
});
