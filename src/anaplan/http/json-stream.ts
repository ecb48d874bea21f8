import { MAX_JSON_BYTES } from './body';

/** What a stream of JSON is made of: the items of one array, and the other members of the object around it. */
export type JsonEvent = { item: unknown } | { key: string; value: unknown };

/**
 * Reads a JSON object whose one large array (at one of `keys`) is never held: its items come as the bytes do, every other
 * member whole. An answer that is an array is read as that array. A text that is cut or is no JSON is an error, never a
 * shorter list.
 *
 * @throws SyntaxError
 */
export async function* jsonEvents(
  bytes: AsyncIterable<Buffer>,
  keys: readonly string[],
): AsyncGenerator<JsonEvent[]> {
  const scanner = new Scanner(keys);
  // All that came with a piece of the body at once: a turn of the event loop for each item would cost more than reading it.
  for await (const chunk of bytes) {
    const events = [...scanner.take(chunk)];
    if (events.length > 0) yield events;
  }
  scanner.end();
}

/** What comes next. */
type Expects = 'root' | 'key' | 'colon' | 'value' | 'comma' | 'item' | 'next' | 'nothing';

const code = (c: string): number => c.charCodeAt(0);
const [QUOTE, BACKSLASH, COMMA, COLON] = [code('"'), code('\\'), code(','), code(':')];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [code('{'), code('}'), code('['), code(']')];
const BYTE_ORDER_MARK = new Set([0xef, 0xbb, 0xbf]);
const isBlank = (c: number): boolean => c === 32 || c === 10 || c === 13 || c === 9;

class Scanner {
  private expects: Expects = 'root';
  private key = '';
  /** The pieces of the value that is being read; undefined between values. */
  private held: Buffer[] | undefined;
  private heldBytes = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private bareArray = false;
  private any = false;

  constructor(private readonly keys: readonly string[]) {}

  *take(chunk: Buffer): Generator<JsonEvent> {
    let at = 0;
    while (at < chunk.length) {
      if (this.held !== undefined) {
        const from = at;
        at = this.skipValue(chunk, at);
        this.hold(chunk.subarray(from, at));
        if (this.closed(chunk, at)) yield* this.finish();
        continue;
      }
      const c = chunk[at] ?? 0;
      if (isBlank(c) || (!this.any && BYTE_ORDER_MARK.has(c))) {
        at++;
        continue;
      }
      this.any = true;
      if (this.step(c)) at++;
    }
  }

  end(): void {
    if (this.expects !== 'nothing' || this.held !== undefined) {
      throw new SyntaxError(this.any ? 'the JSON ends early' : 'there is no JSON');
    }
  }

  /** One byte between values; false where it begins a value, which is then read from that byte on. */
  private step(c: number): boolean {
    switch (this.expects) {
      case 'root':
        if (c === OPEN_OBJECT) this.expects = 'key';
        else if (c === OPEN_ARRAY) [this.expects, this.bareArray] = ['item', true];
        else throw unexpected(c);
        return true;
      case 'key':
        if (c === CLOSE_OBJECT) this.expects = 'nothing';
        else if (c === QUOTE) return this.begin();
        else throw unexpected(c);
        return true;
      case 'colon':
        if (c !== COLON) throw unexpected(c);
        this.expects = 'value';
        return true;
      case 'value':
        if (c !== OPEN_ARRAY || !this.keys.includes(this.key)) return this.begin();
        this.expects = 'item';
        return true;
      case 'comma':
        if (c === COMMA) this.expects = 'key';
        else if (c === CLOSE_OBJECT) this.expects = 'nothing';
        else throw unexpected(c);
        return true;
      case 'item':
      case 'next':
        if (c === CLOSE_ARRAY) this.expects = this.bareArray ? 'nothing' : 'comma';
        else if (this.expects === 'item') return this.begin();
        else if (c === COMMA) this.expects = 'item';
        else throw unexpected(c);
        return true;
      case 'nothing':
        throw unexpected(c);
    }
  }

  private begin(): false {
    this.held = [];
    this.heldBytes = 0;
    this.depth = 0;
    this.inString = false;
    this.escaped = false;
    return false;
  }

  private hold(piece: Buffer): void {
    this.heldBytes += piece.length;
    if (this.heldBytes > MAX_JSON_BYTES)
      throw new SyntaxError(`one value is larger than ${MAX_JSON_BYTES} bytes`);
    this.held?.push(piece);
  }

  /** Where the value that is being read ends in this chunk, or the chunk's end. */
  private skipValue(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const c = chunk[at] ?? 0;
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (c === BACKSLASH) this.escaped = true;
        else if (c === QUOTE) {
          this.inString = false;
          if (this.depth === 0) return at + 1;
        }
      } else if (c === QUOTE) this.inString = true;
      else if (c === OPEN_OBJECT || c === OPEN_ARRAY) this.depth++;
      else if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) {
        if (this.depth === 0) return at;
        this.depth--;
        if (this.depth === 0) return at + 1;
      } else if (this.depth === 0 && (c === COMMA || isBlank(c))) return at;
    }
    return chunk.length;
  }

  /** Whether the value is whole: a text or container by its last byte, a number or word by what follows it. */
  private closed(chunk: Buffer, at: number): boolean {
    if (this.depth > 0 || this.inString) return false;
    const first = this.held?.find((piece) => piece.length > 0)?.[0];
    const marked = first === QUOTE || first === OPEN_OBJECT || first === OPEN_ARRAY;
    return marked || at < chunk.length;
  }

  private *finish(): Generator<JsonEvent> {
    const value = JSON.parse(Buffer.concat(this.held ?? []).toString('utf8')) as unknown;
    this.held = undefined;
    if (this.expects === 'key') {
      this.key = String(value);
      this.expects = 'colon';
    } else if (this.expects === 'value') {
      this.expects = 'comma';
      yield { key: this.key, value };
    } else {
      this.expects = 'next';
      yield { item: value };
    }
  }
}

const unexpected = (c: number): SyntaxError =>
  new SyntaxError(`unexpected ${JSON.stringify(String.fromCharCode(c))}`);
