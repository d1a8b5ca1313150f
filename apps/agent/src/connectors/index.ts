export type { SiteCamera } from './accounts/camera-account.js';
export { SiteCameras } from './accounts/site-cameras.js';
export { areaPath } from './areas.js';
export { parseCameraList, type CameraEntry, type CameraStream } from './camera-list.js';
export { CAMERA_LIST_FILE, CameraListFile } from './camera-list.file.js';
export { CAMERA_PROBE_TIMEOUT_MS, probeCamera, type CameraProbe, type CameraProbeOptions } from './camera-probe.js';
export { ConnectorError, type ConnectorErrorCode } from './errors.js';
export {
  RtspConnector,
  rtspConnectorDefaults,
  type RtspConnectorListener,
  type RtspConnectorOptions,
} from './rtsp.connector.js';
