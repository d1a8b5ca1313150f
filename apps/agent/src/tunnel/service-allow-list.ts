import type { ChannelClass } from '@app/multiplex';
import { AgentError } from '../errors.js';

/** Where a named service really is. */
export interface ServiceTarget {
  readonly host: string;
  readonly port: number;
  /** Classes that a channel to it may have. */
  readonly classes: readonly ChannelClass[];
}

export type Verdict = { readonly target: ServiceTarget } | { readonly refuse: 'unknown-service' | 'not-allowed' };

/** The two services every site has; their targets are known once their servers listen. */
export const OWN_SERVICES: Readonly<Record<'directory' | 'redirector', readonly ChannelClass[]>> = {
  directory: ['control', 'events', 'bulk'],
  redirector: ['control', 'live', 'playback'],
};

const NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** All that the cloud can reach on this site. What has no name here does not exist for it, whatever a ticket says. */
export class ServiceAllowList {
  private readonly targets = new Map<string, ServiceTarget>();

  /** @throws AgentError `service-invalid` for a bad name or one that is taken */
  allow(name: string, target: ServiceTarget): void {
    if (!NAME.test(name)) throw new AgentError('service-invalid', `"${name}" is not a service name (a-z, 0-9, -)`);
    if (this.targets.has(name)) throw new AgentError('service-invalid', `The service "${name}" is named twice`);
    this.targets.set(name, target);
  }

  judge(service: string, channelClass: ChannelClass): Verdict {
    const target = this.targets.get(service);
    if (target === undefined) return { refuse: 'unknown-service' };
    return target.classes.includes(channelClass) ? { target } : { refuse: 'not-allowed' };
  }
}
