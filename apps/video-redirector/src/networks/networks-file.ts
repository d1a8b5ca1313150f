import { MulticastGroups, Networks, transports, UdpPorts, type DatagramOutlets } from '@app/media';
import { ConfigurationError } from '@app/runtime';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/** 64 Mbit/s, and 64 KiB at once: a group of pictures must not overrun the buffer of a player's socket. */
const PACING = { bytesPerMs: 8_000, bucketBytes: 64 << 10 };
const MAX_NETWORKS = 1_000;

const transport = z.enum(transports);

/** What docs/video-networks.md describes. */
const networksFile = z.strictObject({
  networks: z
    .array(z.strictObject({ name: z.string().min(1).max(100), cidr: z.string(), transport }))
    .max(MAX_NETWORKS)
    .default([]),
  routes: z
    .array(z.strictObject({ between: z.tuple([z.string(), z.string()]), transport }))
    .max(MAX_NETWORKS)
    .default([]),
  udp: z.strictObject({ ports: z.string().regex(/^\d{1,5}-\d{1,5}$/, 'two ports with a hyphen') }).optional(),
  multicast: z
    .strictObject({
      groups: z.string(),
      /** Leaves room for eight tracks. */
      port: z
        .number()
        .int()
        .min(1_024)
        .max(65_520)
        .refine((port) => port % 2 === 0, 'an even port'),
      ttl: z.number().int().min(1).max(255).default(1),
    })
    .optional(),
});

/** Reads the networks that RTP may go to in datagrams. Without a file there are none. @throws ConfigurationError */
export const readNetworks = (path: string | undefined): DatagramOutlets | undefined => {
  if (path === undefined) return undefined;
  try {
    const { networks, routes, udp, multicast } = networksFile.parse(parse(readFileSync(path, 'utf8')));
    const [first = 0, last = 0] = udp?.ports.split('-').map(Number) ?? [];
    return {
      networks: new Networks({ networks, routes }),
      pacing: PACING,
      ...(udp ? { unicast: new UdpPorts(first, last) } : {}),
      ...(multicast ? { multicast: new MulticastGroups(multicast, PACING) } : {}),
    };
  } catch (cause) {
    throw new ConfigurationError(`ADIT_NETWORKS_FILE: ${path}: ${reasonOf(cause)}`, { cause });
  }
};

const reasonOf = (error: unknown): string =>
  error instanceof z.ZodError
    ? error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
    : (error as Error).message;
