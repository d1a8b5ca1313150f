/** The words of a command line as a shell tells them apart; the last one is the one under the cursor, which may be empty. */
export const wordsOf = (line: string): string[] => {
  const words: string[] = [];
  let [word, isWord] = ['', false];
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === '\\' && quote !== "'") {
      at += 1;
      word += line.charAt(at);
      isWord = true;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      isWord = true;
    } else if (/\s/.test(char)) {
      if (isWord) words.push(word);
      [word, isWord] = ['', false];
    } else {
      word += char;
      isWord = true;
    }
  }
  return [...words, word];
};
