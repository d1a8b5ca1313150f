import { FirstSchema1700000000001 } from './0001-first-schema.js';
import { DrainingSessions1700000000002 } from './0002-draining-sessions.js';
import { OperatorAccess1700000000003 } from './0003-operator-access.js';
import { SiteFacts1700000000004 } from './0004-site-facts.js';
import { CertificateRenewal1700000000005 } from './0005-certificate-renewal.js';
import { CaRotation1700000000006 } from './0006-ca-rotation.js';
import { Onboarding1700000000007 } from './0007-onboarding.js';
import { WebhooksAndAudit1700000000008 } from './0008-webhooks-and-audit.js';
import { Recovery1700000000009 } from './0009-recovery.js';
import { Hardening1700000000010 } from './0010-hardening.js';
import { ViewTicketLevel1700000000011 } from './0011-view-ticket-level.js';
import { RunningStreams1700000000012 } from './0012-running-streams.js';
import { StreamAccounts1700000000013 } from './0013-stream-accounts.js';
import { Events1700000000016 } from './0016-events.js';
import { RoleLeases1700000000018 } from './0018-role-leases.js';
import { EntityViews1700000000019 } from './0019-entity-views.js';
import { SiteReports1700000000020 } from './0020-site-reports.js';

/** In order; explicit, because globs do not survive a build. */
export const MIGRATIONS = [
  FirstSchema1700000000001,
  DrainingSessions1700000000002,
  OperatorAccess1700000000003,
  SiteFacts1700000000004,
  CertificateRenewal1700000000005,
  CaRotation1700000000006,
  Onboarding1700000000007,
  WebhooksAndAudit1700000000008,
  Recovery1700000000009,
  Hardening1700000000010,
  ViewTicketLevel1700000000011,
  RunningStreams1700000000012,
  StreamAccounts1700000000013,
  Events1700000000016,
  RoleLeases1700000000018,
  EntityViews1700000000019,
  SiteReports1700000000020,
];
