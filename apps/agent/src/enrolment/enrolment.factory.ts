import type { AgentError } from '../errors.js';
import { IdentityStore } from '../identity/identity.store.js';
import { openSiteCertificate } from '../identity/site-certificate.store.js';
import type { EndpointDialer } from '../network/endpoint.dialer.js';
import type { StateDirectory } from '../state/state-directory.js';
import { BackOff } from '../tunnel/back-off.js';
import { pause } from '../tunnel/pause.js';
import { exchangeEnrolment } from './enrolment.exchange.js';
import { EnrolmentService } from './enrolment.service.js';

/** The enrolment of a state directory over the real network. */
export const createEnrolment = (
  state: StateDirectory,
  dialer: EndpointDialer,
  onFailure: (error: AgentError, retryInMs: number) => void,
): EnrolmentService =>
  new EnrolmentService({
    store: new IdentityStore(state),
    siteTlsSpki: async () => (await openSiteCertificate(state, new Date())).spki,
    exchange: (endpoint, keyfile, keys, signal) => exchangeEnrolment(dialer, endpoint, keyfile, keys, signal),
    sleep: pause,
    backOff: new BackOff(),
    now: () => new Date(),
    onFailure,
  });
