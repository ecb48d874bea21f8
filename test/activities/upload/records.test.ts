import { RecordCounter } from '../../../src/activities/upload/records';

const SHAPE = { separator: ',', delimiter: '"', encoding: 'UTF-8', firstDataRow: 2 };
/** Rows, counted with the bytes cut at every place. */
const rows = (bytes: Buffer, shape = SHAPE) => {
  const counts = new Set<number | undefined>();
  for (let at = 0; at <= bytes.length; at++) {
    const counter = new RecordCounter(shape);
    counter.add(bytes.subarray(0, at));
    counter.add(bytes.subarray(at));
    counts.add(counter.rows());
  }
  expect(counts.size).toBe(1);
  return [...counts][0];
};

describe('rows of data', () => {
  it.each<[string, number | undefined]>([
    ['', 0],
    ['a,b', 0],
    ['a,b\n', 0],
    ['a,b\n1,2', 1],
    ['a,b\r\n1,2\r\n', 1],
    ['a,b\n1,"x\ny"\n2,z\n', 2],
    ['a,b\n1,"x ""y""\n"\n2,z\n', 2],
    ['"a\nb",c\n1,2\n', 1],
    // What encloses values is a character like any other within a value that it does not begin.
    ['a,b\n3" pipe,1\n4" pipe,2\n5,6\n', 3],
    ['a,b\n"x"y\n1,2\n', 2],
    ['a,b\n"",""\n\n', 2],
    // Line ends of another kind only: not known.
    ['a,b\r1,2\r', undefined],
    ['a', 0],
  ])('of %j are %p, wherever it is cut', (text, count) => {
    expect(rows(Buffer.from(text))).toBe(count);
  });

  it('are counted from the first row of data on, which the file says', () => {
    const text = Buffer.from('title\n\nKey,Value\na,1\nb,2\n');
    expect(rows(text, { ...SHAPE, firstDataRow: 4 })).toBe(2);
    expect(rows(text, { ...SHAPE, firstDataRow: 1 })).toBe(5);
    expect(rows(text, { ...SHAPE, firstDataRow: 99 })).toBe(0);
  });

  it('are lines where nothing encloses values, and begin after another separator', () => {
    expect(rows(Buffer.from('a,b\n1,"x\ny"\n'), { ...SHAPE, delimiter: '' })).toBe(2);
    expect(rows(Buffer.from("a;b\n1;'x\ny'\n"), { ...SHAPE, separator: ';', delimiter: "'" })).toBe(1);
    expect(rows(Buffer.from('a\tb\n1\t"x\ny"\n'), { ...SHAPE, separator: '\t' })).toBe(1);
  });

  it('of characters of two bytes, and after a mark of their order', () => {
    // U+0A0A holds the byte of a line end twice.
    const text = 'a,b\n\u0a0a\u220a,"x\ny"\n2,z';
    expect(rows(Buffer.from(text))).toBe(2);
    expect(rows(Buffer.from(`\ufeff"${text.slice(0, 1)}"${text.slice(1)}`))).toBe(2);
    const wide = Buffer.from(`\ufeff${text}`, 'utf16le');
    const counted = (bytes: Buffer, encoding: string) => {
      for (const at of [2, 3, 8, 9, bytes.length]) {
        const counter = new RecordCounter({ ...SHAPE, encoding });
        counter.add(bytes.subarray(0, at));
        counter.add(bytes.subarray(at));
        expect(counter.rows()).toBe(2);
      }
    };
    counted(wide, 'UTF-16');
    counted(wide, 'UTF-16LE');
    counted(Buffer.from(wide).swap16(), 'UTF-16');
  });

  it('are not known where the separator is no character, or the order of bytes is not', () => {
    expect(rows(Buffer.from('a\n1\n'), { ...SHAPE, separator: '||' })).toBeUndefined();
    expect(rows(Buffer.from([0xd8, 0x01]), { ...SHAPE, encoding: 'UTF-16' })).toBeUndefined();
  });

  it('are the same whether something is enclosed far away or not', () => {
    const lines = 'ACC-1,2025-01,48210.77\r\n'.repeat(10_000);
    const count = (text: string) => {
      const counter = new RecordCounter(SHAPE);
      counter.add(Buffer.from(text));
      return counter.rows();
    };
    expect(count(lines)).toBe(9_999);
    expect(count(`${lines}"a\nb",1,2\r\n`)).toBe(10_000);
    for (const shift of [0, 1, 2, 3]) {
      const bytes = Buffer.from(lines);
      const counter = new RecordCounter(SHAPE);
      counter.add(Buffer.from('x'));
      counter.add(bytes.subarray(shift));
      expect(counter.rows()).toBe(9_999);
    }
  });
});
