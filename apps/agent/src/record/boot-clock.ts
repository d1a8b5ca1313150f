import { readFileSync } from 'node:fs';

const UPTIME = '/proc/uptime';

/**
 * ms since this machine was started, its sleep included where the kernel tells it (CLOCK_BOOTTIME): against it a clock that was
 * set can be told from a machine that slept. Elsewhere the steady clock of the process.
 */
export const bootMs = (path = UPTIME): number => {
  try {
    const seconds = Number.parseFloat(readFileSync(path, 'latin1'));
    if (Number.isFinite(seconds)) return seconds * 1_000;
  } catch {
    // There is no such file on other systems.
  }
  return performance.now();
};
