import { inspect } from 'node:util';

/** A configured secret: prints masked everywhere, and gives its value to whoever asks by name. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '••••';
  }

  toJSON(): string {
    return '••••';
  }

  [inspect.custom](): string {
    return 'Secret(••••)';
  }
}
