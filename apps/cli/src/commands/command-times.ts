import type { z } from 'zod';
import type { commandDone } from '../api/shapes.js';

/** How long it took, for the person who waits. */
export const timesText = ({ siteMs, deviceMs }: z.infer<typeof commandDone>): string =>
  deviceMs === null ? `${siteMs} ms` : `${siteMs + deviceMs} ms, ${deviceMs} of them the device`;
