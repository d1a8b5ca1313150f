import {
  type ControlRequest,
  encodeMessage,
  MAX_MESSAGE_BYTES,
  MAX_REPORTED_OUTAGES,
  type SiteCondition,
  type SiteOutage,
} from '@app/contracts';

/** The length goes in front of the message. */
const LENGTH_BYTES = 4;

export const reportOf = (outages: readonly SiteOutage[], now: SiteCondition): ControlRequest<'report'> => ({
  kind: 'report',
  outages: [...outages],
  now,
});

/** The first of these outages, as many as one message takes; at least one, if need be without its faults. */
export const firstReport = (outages: readonly SiteOutage[], now: SiteCondition): ControlRequest<'report'> => {
  for (let count = Math.min(outages.length, MAX_REPORTED_OUTAGES); count > 0; count -= 1) {
    const report = reportOf(outages.slice(0, count), now);
    if (fits(report)) return report;
  }
  return reportOf(
    outages.slice(0, 1).map((outage) => ({ ...outage, faults: [] })),
    now,
  );
};

const fits = (report: ControlRequest<'report'>): boolean =>
  encodeMessage(report).length - LENGTH_BYTES <= MAX_MESSAGE_BYTES;
