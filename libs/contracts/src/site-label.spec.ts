import { siteLabel } from './primitives.js';
import { proposeSiteLabel } from './site-label.js';

describe('the proposed site label', () => {
  it.each([
    ['Hamburg Süd', 'hamburg-sued'],
    ['  Łódź – Główny ', 'lodz-glowny'],
    ['Café №1', 'cafe-1'],
    ['東京', 'site'],
    ['---', 'site'],
    ['A'.repeat(80), 'a'.repeat(63)],
  ])('of %s is %s', (name, label) => {
    expect(proposeSiteLabel(name)).toBe(label);
    expect(siteLabel.safeParse(label).success).toBe(true);
  });
});
