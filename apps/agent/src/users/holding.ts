import type { Right } from './rights.js';

/** Something that an account has going: a stream, a ticket, a command that waits, a camera that it steers. */
export interface Holding {
  /** Name of the account. */
  account: string;
  /** Of the password that was proved for it; undefined where another password of the same account changes nothing. */
  credential?: string;
  /** Which right it needs. */
  right: Right;
  /** Remote id of the entity that it is of. */
  entityId: string;
  /** User level of who commands; undefined where levels mean nothing. */
  level?: number;
  /** Harmless when it is over already. */
  end: () => void;
}

/** A part of the agent that knows for which account it does what. */
export interface Holder {
  /** A new list each time. */
  readonly held: Holding[];
}
