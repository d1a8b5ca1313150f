/** Ctrl-C at a question, or a terminal that is gone. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';

  constructor() {
    super('Nothing was entered');
  }
}
