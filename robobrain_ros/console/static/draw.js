// SPDX-License-Identifier: Apache-2.0
// A picture, and an answer over it, on a canvas as sharp as the screen.

import { shapes } from './shapes.js';

const FONT = '600 13px system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';

// Fits the canvas to the picture; returns how many canvas pixels a pixel of `width` x `height` has.
function fit(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const shown = canvas.parentElement.clientWidth;
  const limit = Math.max(window.innerHeight * 0.6, 200);
  const scale = Math.min(shown / width, limit / height);
  const size = [Math.round(width * scale * ratio), Math.round(height * scale * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  canvas.style.width = `${size[0] / ratio}px`;
  return { scale: scale * ratio, ratio };
}

export function drawPicture(canvas, image) {
  fit(canvas, image.width, image.height);
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
}

export function drawAnswer(canvas, image, answer) {
  const [width, height] = answer.image_size[0] ? answer.image_size : [image?.width ?? 640, image?.height ?? 480];
  const { scale, ratio } = fit(canvas, width, height);
  const pen = canvas.getContext('2d');
  pen.fillStyle = '#20252e';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  if (image) pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  const at = ([u, v]) => [(u + 0.5) * scale, (v + 0.5) * scale];
  const { marks, ways } = shapes(answer);
  pen.lineJoin = pen.lineCap = 'round';
  ways.forEach((way) => drawWay(pen, way, at, ratio));
  marks.forEach((mark) => drawMark(pen, mark, at, scale, ratio));
  const taken = marks.map((mark) => square(at(mark.pixel), 9 * ratio));
  for (const mark of marks) if (mark.label) label(pen, mark.label, at(mark.pixel), mark.colour, taken, ratio);
  for (const way of ways) if (way.label) label(pen, way.label, at(way.points.at(-1)), way.colours.at(-1), taken, ratio);
}

function stroke(pen, colour, thickness, path) {
  for (const [style, wide] of [['rgb(0 0 0 / 55%)', thickness * 2.1], [colour, thickness]]) {
    pen.strokeStyle = style;
    pen.lineWidth = wide;
    pen.beginPath();
    path();
    pen.stroke();
  }
}

function disc(pen, [x, y], radius, colour) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
  pen.lineWidth = Math.max(radius * 0.35, 1);
  pen.strokeStyle = 'rgb(0 0 0 / 70%)';
  pen.stroke();
}

function drawMark(pen, mark, at, scale, ratio) {
  const [x, y] = at(mark.pixel);
  pen.setLineDash(mark.unsure ? [6 * ratio, 5 * ratio] : []);
  if (mark.box) {
    const [left, top] = at(mark.box);
    const [right, bottom] = at(mark.box.slice(2));
    stroke(pen, mark.colour, 2.5 * ratio, () => pen.roundRect(left, top, right - left, bottom - top, 4 * ratio));
  } else {
    stroke(pen, mark.colour, 2.5 * ratio, () => pen.arc(x, y, 10 * ratio, 0, 2 * Math.PI));
  }
  if (mark.spread) { // two standard deviations: nineteen of twenty lie inside, where the checkpoint is calibrated
    const [wide, high] = mark.spread.map((deviation) => Math.max(2 * deviation * scale, 1));
    pen.setLineDash([3 * ratio, 4 * ratio]);
    stroke(pen, mark.colour, 1.2 * ratio, () => pen.ellipse(x, y, wide, high, 0, 0, 2 * Math.PI));
  }
  pen.setLineDash([]);
  disc(pen, [x, y], 3.2 * ratio, mark.colour);
}

function drawWay(pen, way, at, ratio) {
  const points = way.points.map(at);
  for (let index = 1; index < points.length; index += 1) {
    const [from, to] = [points[index - 1], points[index]];
    stroke(pen, way.colours[index], 3 * ratio, () => { pen.moveTo(...from); pen.lineTo(...to); });
  }
  points.slice(0, -1).forEach((point, index) => disc(pen, point, 3.6 * ratio, way.colours[index]));
  if (points.length > 1) arrow(pen, points.at(-2), points.at(-1), way.colours.at(-1), ratio);
  else disc(pen, points[0], 4.5 * ratio, way.colours[0]);
}

function arrow(pen, from, to, colour, ratio) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const side = (turn, length) => [to[0] - length * Math.cos(angle + turn), to[1] - length * Math.sin(angle + turn)];
  pen.beginPath();
  pen.moveTo(to[0] + 4 * ratio * Math.cos(angle), to[1] + 4 * ratio * Math.sin(angle));
  for (const turn of [0.5, -0.5]) pen.lineTo(...side(turn, 13 * ratio));
  pen.closePath();
  pen.fillStyle = colour;
  pen.strokeStyle = 'rgb(0 0 0 / 70%)';
  pen.lineWidth = 1.5 * ratio;
  pen.fill();
  pen.stroke();
}

const square = ([x, y], reach) => [x - reach, y - reach, x + reach, y + reach];
const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function label(pen, text, [x, y], colour, taken, ratio) {
  const shown = text.length > 32 ? `${text.slice(0, 31)}…` : text;
  pen.font = FONT.replace('13px', `${13 * ratio}px`);
  const wide = pen.measureText(shown).width + 14 * ratio;
  const high = 21 * ratio;
  const far = 15 * ratio;
  const spots = [[x + far, y - high / 2], [x - wide / 2, y - far - high], [x - far - wide, y - high / 2], [x - wide / 2, y + far]];
  const inside = ([left, top]) => [
    Math.min(Math.max(left, 2), pen.canvas.width - wide - 2), Math.min(Math.max(top, 2), pen.canvas.height - high - 2),
  ];
  const boxes = spots.map(inside).map(([left, top]) => [left, top, left + wide, top + high]);
  const box = boxes.find((one) => !taken.some((other) => meet(one, other))) ?? boxes[0];
  taken.push(box);
  pen.fillStyle = 'rgb(16 20 27 / 82%)';
  pen.beginPath();
  pen.roundRect(box[0], box[1], wide, high, 6 * ratio);
  pen.fill();
  pen.fillStyle = colour;
  pen.textBaseline = 'middle';
  pen.fillText(shown, box[0] + 7 * ratio, box[1] + high / 2 + ratio * 0.5);
}
