// SPDX-License-Identifier: Apache-2.0
// Pictures of a camera at this browser's own pace: the next one is asked for when the last one is drawn.

import { drawPicture } from './draw.js';

export class Live {
  // show(picture): draws it; tell(text): why there is none, empty if there is one; rate(text)
  constructor(canvas, tell, rate) {
    this.canvas = canvas;
    this.tell = tell;
    this.rate = rate;
    this.wanted = null; // {camera, depth}
    this.stopping = null;
    this.last = null;
  }

  // Show this camera from now on; null: nothing, and nothing is asked for.
  show(wanted) {
    if (JSON.stringify(wanted) === JSON.stringify(this.wanted)) return;
    this.wanted = wanted;
    this.stopping?.abort();
    this.rate('');
    if (wanted) this.run(wanted, (this.stopping = new AbortController()).signal);
  }

  redraw() {
    if (this.wanted && this.last) drawPicture(this.canvas, this.last);
  }

  async run({ camera, depth }, signal) {
    const times = [];
    let number = 0;
    while (!signal.aborted) {
      try {
        const query = new URLSearchParams({ camera, depth: depth ? '1' : '0', after: number });
        const response = await fetch(`/api/frame?${query}`, { signal });
        const topic = response.headers.get('x-topic') ?? '';
        const note = response.headers.get('x-note') ?? '';
        if (response.status === 200) {
          number = Number(response.headers.get('x-number'));
          const picture = await createImageBitmap(await response.blob());
          if (signal.aborted) return;
          this.last?.close();
          this.last = picture;
          drawPicture(this.canvas, picture);
          this.tell('');
          times.push(performance.now());
          if (times.length > 20) times.shift();
          const hertz = times.length > 3 ? `${(((times.length - 1) * 1000) / (times.at(-1) - times[0])).toFixed(0)} Hz` : '';
          this.rate([note, topic, hertz].filter(Boolean).join(' · '));
          await new Promise(requestAnimationFrame);
        } else if (response.status === 204) {
          if (note && !note.startsWith('published')) number = Number(response.headers.get('x-number') ?? number);
          this.rate('');
          this.tell(note.startsWith('published') ? `${topic} is silent; ${note}` : note || `Nobody publishes ${topic}`);
        } else {
          const { error } = await response.json().catch(() => ({ error: '' }));
          this.tell(response.status === 404 ? 'Waiting for the camera' : error || `the server answered ${response.status}`);
          await pause(1000);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.tell('The console does not answer');
        await pause(1000);
      }
    }
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
