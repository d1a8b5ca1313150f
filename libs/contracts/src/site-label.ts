const TRANSLITERATION: Record<string, string> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  æ: 'ae',
  ø: 'o',
  å: 'a',
  œ: 'oe',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  đ: 'd',
  ı: 'i',
};

/** Proposes a label from a name: Hamburg Süd → hamburg-sued. Falls back to `site` when no ASCII letter or digit is left. */
export const proposeSiteLabel = (name: string): string => {
  const ascii = name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[äöüßæøåœðþłđı]/g, (letter) => TRANSLITERATION[letter] ?? '')
    .normalize('NFD')
    .replace(/\p{M}/gu, '');
  const label = ascii
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '');
  return label || 'site';
};
