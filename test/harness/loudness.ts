import type { PlayerPage } from './browser.js';

/**
 * How loud the element that is shown plays, 0 … 1, as the browser decoded it: it is heard also while it is muted.
 * @returns the loudest sample of half a second
 */
export const loudness = async ({ page }: PlayerPage): Promise<number> => {
  const script = `(async () => {
    const video = document.querySelector('video:not([hidden])');
    const stream = video.srcObject ?? video.captureStream();
    if (stream.getAudioTracks().length === 0) return 0;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let loudest = 0;
    for (let round = 0; round < 25; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      analyser.getFloatTimeDomainData(samples);
      loudest = Math.max(loudest, ...samples.map(Math.abs));
    }
    await context.close();
    return loudest;
  })()`;
  return Number(await page.evaluate(script));
};
