import { type Finding, ok } from '../check/finding.js';
import { freeBytesAt } from '../record/index.js';

const FULL_BYTES = 20e6;
const LOW_BYTES = 500e6;
const ADVICE = 'Make room on the disk of the state directory, or give it another with --state';

/** Whether the disk under the state directory takes what an agent has to keep. */
export const diskFinding = async (path: string): Promise<Finding> => {
  const free = await freeBytesAt(path);
  if (free === null) return ok('disk', path, 'disk-unknown', 'how much is free cannot be told');
  const detail = `${Math.floor(free / 1e6)} MB free`;
  if (free >= LOW_BYTES) return ok('disk', path, 'disk-ok', detail);
  const isFull = free < FULL_BYTES;
  return {
    subject: 'disk',
    target: path,
    code: isFull ? 'disk-full' : 'disk-low',
    level: isFull ? 'failure' : 'warning',
    detail,
    advice: ADVICE,
  };
};
