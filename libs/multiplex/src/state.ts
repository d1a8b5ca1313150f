/** A literal table: which state may follow which. */
export type Moves<S extends string> = Readonly<Record<S, readonly S[]>>;

export type SessionState = 'idle' | 'handshaking' | 'open' | 'draining' | 'closed';
export const SESSION_MOVES: Moves<SessionState> = {
  idle: ['handshaking', 'closed'],
  handshaking: ['open', 'closed'],
  open: ['draining', 'closed'],
  draining: ['closed'],
  closed: [],
};

/** `ending`: end() was called, bytes or the FIN are still to be sent; again after a lane took a FIN with it. */
export type SendState = 'open' | 'ending' | 'finished' | 'reset';
export const SEND_MOVES: Moves<SendState> = {
  open: ['ending', 'reset'],
  ending: ['finished', 'reset'],
  finished: ['ending'],
  reset: [],
};

/** `stopped`: we sent STOP and drop what still arrives until the peer's FIN or RESET. */
export type ReceiveState = 'open' | 'stopped' | 'finished' | 'reset';
export const RECEIVE_MOVES: Moves<ReceiveState> = {
  open: ['stopped', 'finished', 'reset'],
  stopped: ['finished', 'reset'],
  finished: [],
  reset: [],
};

/** @returns the new state. @throws Error on a move the table does not have: a fault of this lib, never of the peer. */
export function move<S extends string>(moves: Moves<S>, from: S, to: S): S {
  if (!moves[from].includes(to)) throw new Error(`illegal move from ${from} to ${to}`);
  return to;
}
