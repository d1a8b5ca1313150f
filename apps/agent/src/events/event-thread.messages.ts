import type { EventStore } from './event-store.js';

/** The store as other threads see it: the same calls, each with a promise. */
type Calls = Pick<EventStore, 'open' | 'append' | 'locate' | 'read' | 'mark' | 'tick' | 'close'>;
export type CallName = keyof Calls;
export type AsyncEventStore = {
  [Name in CallName]: (...args: Parameters<Calls[Name]>) => Promise<ReturnType<Calls[Name]>>;
};

export interface CallMessage {
  id: number;
  name: CallName;
  args: unknown[];
}

export type AnswerMessage = { id: number } & (
  | { result: unknown }
  /** `isPassing`: the same call may succeed later. */
  | { fault: { message: string; isPassing: boolean } }
);
