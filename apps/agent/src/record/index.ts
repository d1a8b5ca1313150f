export { ConnectionRecord } from './connection.record.js';
export type { KeptOutage } from './record.entry.js';
export { readRecord, RECORD_FILES } from './record.file.js';
export type { RecordState } from './record.state.js';
export { recordTunnel } from './record-tunnel.js';
export { createReports } from './report.factory.js';
export { freeBytesAt } from './site-condition.js';
export { UplinkMeter } from './uplink-meter.js';
