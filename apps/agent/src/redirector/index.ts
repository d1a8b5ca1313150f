export {
  SiteRedirector,
  type ListenAddress,
  type OpenedStream,
  type SiteRedirectorOptions,
} from './site-redirector.js';
export { SiteTicketStore } from './site-ticket-store.js';
