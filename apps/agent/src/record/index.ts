export {
  ConnectionRecord,
  FIRST_START,
  PROCESS_DIED,
  PROCESS_STOPPED,
  type RecordHealth,
} from './connection.record.js';
export { OTHER_FAULTS } from './fault-fold.js';
export type { Fault, KeptOutage } from './record.entry.js';
export { readRecord, RECORD_FILE, RECORD_FILES } from './record.file.js';
export { recordTunnel } from './record-tunnel.js';
export { createReports } from './report.factory.js';
export { freeBytesAt } from './site-condition.js';
export { UplinkMeter } from './uplink-meter.js';
