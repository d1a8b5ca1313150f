/**
 * The JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 code units, no white space. What is signed is
 * this form, so that a keyfile survives being pasted, re-indented or given other line ends.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item)}`).join(',')}}`;
}
