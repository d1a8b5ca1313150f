import { existsSync } from 'node:fs';
import { AgentError, EXIT, type ExitCode } from '../errors.js';
import { EVENTS_FILE } from '../events/event-files.js';
import type { NewestEvents } from '../events/event-reader.js';
import { StateDirectory } from '../state/state-directory.js';
import type { CommandContext } from './command.context.js';
import type { Flags } from './settings.js';
import { bytesOf } from './status.command.js';

export interface EventFlags extends Flags {
  last: number;
  json?: boolean;
}

const NOTHING: NewestEvents = { count: 0, bytes: 0, newest: [], oldestMs: null, discarded: 0, unstored: 0 };

/** Shows the newest events of the store, whether the agent runs or not. */
export const showEvents = async (flags: EventFlags, context: CommandContext): Promise<ExitCode> => {
  const { terminal } = context;
  const state = await StateDirectory.open(flags.state ?? context.environment().ADIT_STATE_DIR);
  const events = await read(state.file(EVENTS_FILE), flags.last);
  const { count, bytes, newest, oldestMs, discarded, unstored } = events;
  const oldestAt = oldestMs === null ? null : new Date(oldestMs).toISOString();
  if (flags.json === true) {
    terminal.json({ count, bytes, oldestAt, discarded, unstored, events: newest.map(asJson) });
    return EXIT.ok;
  }
  if (newest.length > 0) {
    const rows = newest.map(({ atMs, type, sourceId, details }) => [
      new Date(atMs).toISOString(),
      type,
      sourceId,
      details,
    ]);
    terminal.table(rows);
  }
  const since = oldestAt === null ? '' : `, the oldest of ${oldestAt}`;
  const gone = discarded + unstored === 0 ? '' : `; ${discarded} discarded, ${unstored} could not be kept`;
  terminal.note(`${count} events (${bytesOf(bytes)})${since}${gone}`);
  return EXIT.ok;
};

const asJson = ({ sequence, atMs, type, sourceId, details }: NewestEvents['newest'][number]): object => ({
  sequence,
  at: new Date(atMs).toISOString(),
  type,
  sourceId,
  ...(details === '' ? {} : { details: JSON.parse(details) as unknown }),
});

const read = async (path: string, last: number): Promise<NewestEvents> => {
  if (!existsSync(path)) return NOTHING;
  // Loaded when it is needed: an older Node, which runs all else, has no SQLite.
  const { readNewest } = await import('../events/event-reader.js');
  try {
    return readNewest(path, last);
  } catch (cause) {
    const advice = 'A running agent puts a damaged store aside by itself; see its log';
    throw new AgentError('state-damaged', `${path} cannot be read`, advice, { cause });
  }
};
