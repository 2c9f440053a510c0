// SPDX-License-Identifier: Apache-2.0
// The progress of a task that is watched, as a curve over time.

import { el, find, post } from './dom.js';

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [368, 150, 34, 22, 8];
const svg = (name, attributes = {}, text = '') => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
};

export function listen(camera, complain) {
  find('watch').addEventListener('submit', (event) => {
    event.preventDefault();
    const body = { task: find('watch-task').value, goal_name: find('watch-goal').value, camera: camera() };
    post('/api/monitor', body).catch(complain);
  });
  find('watch-stop').addEventListener('click', () => post('/api/monitor/stop').catch(complain));
}

export function show(monitor) {
  find('watch-go').hidden = monitor.running;
  find('watch-stop').hidden = !monitor.running;
  if (monitor.running) find('progress').open = true;
  const newest = monitor.samples.at(-1);
  const now = newest ? `${newest.elapsed_s.toFixed(0)} s · progress ${newest.progress === null ? 'unknown' : newest.progress.toFixed(2)}` : 'waiting for the first sample';
  const trouble = newest?.message ? ` · ${newest.message}` : '';
  find('watch-said').textContent = monitor.running ? `${monitor.task}: ${now}${trouble}` : `${monitor.task}: ${monitor.outcome}, ${monitor.reason}`;
  find('curve').replaceChildren(...(monitor.samples.length ? [plot(monitor.samples)] : []));
}

function plot(samples) {
  const longest = Math.max(samples.at(-1).elapsed_s, 5);
  const x = (seconds) => LEFT + ((WIDTH - LEFT - 8) * seconds) / longest;
  const y = (value) => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value;
  const known = samples.filter((sample) => sample.progress !== null);
  const words = `Progress over ${longest.toFixed(0)} s${known.length ? `, now ${known.at(-1).progress.toFixed(2)}` : ''}`;
  const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': words });
  for (const value of [0, 0.5, 1]) {
    picture.append(svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - 8, y1: y(value), y2: y(value) }));
    picture.append(svg('text', { x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end' }, String(value)));
  }
  for (const seconds of [0, longest]) {
    picture.append(svg('text', { x: x(seconds), y: HEIGHT - 5, 'text-anchor': seconds ? 'end' : 'start' }, `${seconds.toFixed(0)} s`));
  }
  let gap = true; // what is unknown interrupts the line
  const path = samples.map((sample) => {
    if (sample.progress === null) { gap = true; return ''; }
    const piece = `${gap ? 'M' : 'L'}${x(sample.elapsed_s).toFixed(1)} ${y(sample.progress).toFixed(1)}`;
    gap = false;
    return piece;
  }).join('');
  picture.append(svg('path', { class: 'line', d: path || 'M0 0' }));
  if (known.length) picture.append(svg('circle', { class: 'tip', cx: x(known.at(-1).elapsed_s), cy: y(known.at(-1).progress), r: 4 }));
  return picture;
}
