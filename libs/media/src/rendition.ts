/** Which of a camera's streams is delivered now. */
export interface Rendition {
  /** A stream usage, e.g. `low-res`. */
  usage: string;
  /** The stable word for why it is not the best one; empty when it is. */
  reason: string;
}
