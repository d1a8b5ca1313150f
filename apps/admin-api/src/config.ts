import { hostPort } from '@app/contracts';
import { commonEnvironment, parseEnvironment } from '@app/runtime';
import { z } from 'zod';

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true');

const schema = commonEnvironment.extend({
  ADIT_HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  ADIT_HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  /** A proxy that ends TLS stands before this app and says so in X-Forwarded-Proto. */
  ADIT_TLS_PROXY: flag,
  /** The listener is reachable through its machine's loopback alone, as a container's port published on 127.0.0.1 is. */
  ADIT_HTTP_LOOPBACK_PUBLISHED: flag,
  /** Of one address, signed in or not. */
  ADIT_HTTP_ADDRESS_REQUESTS_PER_10_S: z.coerce.number().int().min(1).max(1_000_000).default(10_000),
  /** Of one signed-in caller. */
  ADIT_HTTP_CALLER_REQUESTS_PER_10_S: z.coerce.number().int().min(1).max(1_000_000).default(5_000),
  /** Where players reach the video redirector; written into stream URLs. */
  ADIT_RTSP_PUBLIC: hostPort.default('127.0.0.1:8554'),
  /** First operator's password, read while there is no operator. */
  ADIT_BOOTSTRAP_PASSWORD_FILE: z.string().min(1).optional(),
  /** View tickets may be first used within 24 h. */
  ADIT_DEMO: flag,
});

export type AdminConfig = z.infer<typeof schema>;

export const readConfig = (): AdminConfig => parseEnvironment(schema, process.env);
