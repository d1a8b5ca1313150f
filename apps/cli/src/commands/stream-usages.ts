/** The pictures of a camera that a stream URL may name. */
export const STREAM_USAGES = ['live', 'recording', 'remote', 'low-res', 'high-res', 'automatic'] as const;
