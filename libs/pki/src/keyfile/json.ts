/** Why a text is not the JSON it should be. */
export type JsonFault = 'truncated' | 'not-json' | 'duplicate-member';

export class JsonError extends Error {
  override readonly name = 'JsonError';

  constructor(
    readonly fault: JsonFault,
    /** Position in UTF-16 code units. */
    readonly offset: number,
  ) {
    super(`${fault} at ${offset}`);
  }
}

/** A keyfile nests three deep; the cap keeps hostile nesting off the stack. */
const MAX_DEPTH = 16;
const SPACE = /[ \t\n\r]*/y;
const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
/** Escapes and control characters inside are judged by JSON.parse. */
const STRING = /"(?:[^"\\]|\\[^])*"/y;
/** What the end of the input may have cut short. */
const STARTED = /(?:"(?:[^"\\]|\\[^])*\\?|[a-z]{0,4}|-?[\d.eE+-]*)$/y;

/**
 * RFC 8259 JSON where a member that appears twice is an error (JSON.parse takes the last one silently) and where a
 * text that merely ends too early is told from one that is not JSON at all. Raises `JsonError`.
 */
export function parseStrictJson(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  #at = 0;

  constructor(private readonly text: string) {}

  value(depth: number): unknown {
    this.#match(SPACE);
    if (depth > MAX_DEPTH) throw this.#fault('not-json');
    if (this.#take('{')) return this.#object(depth);
    if (this.#take('[')) return this.#array(depth);
    const literal = this.#match(STRING) ?? this.#match(LITERAL);
    if (literal === undefined) throw this.#unexpected();
    return this.#literal(literal);
  }

  end(): void {
    this.#match(SPACE);
    if (this.#at !== this.text.length) throw this.#fault('not-json');
  }

  #object(depth: number): Record<string, unknown> {
    const members = new Map<string, unknown>();
    this.#match(SPACE);
    if (!this.#take('}')) {
      do this.#member(members, depth);
      while (this.#separated('}'));
    }
    return Object.fromEntries(members);
  }

  #member(members: Map<string, unknown>, depth: number): void {
    this.#match(SPACE);
    const literal = this.#match(STRING);
    if (literal === undefined) throw this.#unexpected();
    const name = String(this.#literal(literal));
    if (members.has(name)) throw this.#fault('duplicate-member');
    this.#match(SPACE);
    if (!this.#take(':')) throw this.#unexpected();
    members.set(name, this.value(depth + 1));
  }

  #array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.#match(SPACE);
    if (!this.#take(']')) {
      do items.push(this.value(depth + 1));
      while (this.#separated(']'));
    }
    return items;
  }

  /** After an item: true for a comma, false for the closing bracket. */
  #separated(close: string): boolean {
    this.#match(SPACE);
    if (this.#take(',')) return true;
    if (this.#take(close)) return false;
    throw this.#unexpected();
  }

  #literal(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#fault('not-json');
    }
  }

  #take(character: string): boolean {
    if (this.text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #unexpected(): JsonError {
    STARTED.lastIndex = this.#at;
    return this.#fault(STARTED.test(this.text) ? 'truncated' : 'not-json');
  }

  #fault(fault: JsonFault): JsonError {
    return new JsonError(fault, this.#at);
  }
}
