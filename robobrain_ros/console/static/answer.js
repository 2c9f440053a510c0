// SPDX-License-Identifier: Apache-2.0
// The answer in words: outcome, places, plan, where the time went.

import { el, dot, time } from './dom.js';
import { stepColour, wayColours, STEPS } from './shapes.js';

const TIMES = {
  queue: ['waiting', '#8b95a7'], convert: ['image', '#57a0d3'], prepare: ['prompt', '#3f7fbf'], first_token: ['first token', '#e0a526'],
  decode: ['decoding', '#d9722b'], parse: ['reading', '#6fae5a'], project: ['projection', '#3f8f6b'],
};
export const TOUR = {
  pointing: 'the red bowl', affordance: 'the handle of the white mug', grounding: 'the yellow plate', trajectory: 'reach the yellow plate',
  planning: 'put the white mug on the yellow plate', general: 'What is on the table?', mission: 'put the white mug on the yellow plate',
};
const STATUS = { NO_DEPTH: 'no depth there', OUT_OF_RANGE: 'depth out of range', NO_CAMERA_INFO: 'no intrinsics', NO_TF: 'no transform' };

export function welcome(ask) {
  return [
    el('p', { class: 'quiet' }, 'Ask what the camera sees, or take one of these:'),
    el('div', { class: 'tour' }, Object.entries(TOUR).map(([task, text]) =>
      el('button', { type: 'button', onclick: () => ask(task, text) }, el('b', {}, task), ` ${text}`))),
  ];
}

export function failed(question) {
  return [
    el('p', { class: 'asked' }, question.instruction),
    el('div', { class: 'facts' }, el('span', { class: 'pill bad' }, question.failed.code), el('span', { class: 'quiet' }, question.task)),
    el('p', { class: 'note bad' }, question.failed.message),
  ];
}

export function answerCard(answer) {
  const parts = [
    el('p', { class: 'asked' }, answer.instruction),
    el('div', { class: 'facts' },
      el('span', { class: `pill ${answer.success ? 'good' : 'bad'}` }, answer.success ? 'answered' : answer.code),
      el('span', { class: 'quiet' }, [answer.task, answer.camera, answer.model, time(answer.asked_at)].filter(Boolean).join(' · '))),
  ];
  if (!answer.success) parts.push(el('p', { class: 'note bad' }, answer.message));
  if (answer.reply) parts.push(el('p', { class: 'reply' }, answer.reply));
  if (answer.steps.length) parts.push(el('ol', { class: 'places' }, answer.steps.map((step, index) => stepRow(step, index))));
  const many = answer.targets.length > 1;
  const rows = answer.targets.map((target, index) => placeRow(target, STEPS[0], many ? `${index + 1} ${target.label}` : target.label));
  const colours = wayColours(answer.waypoints);
  rows.push(...answer.waypoints.map((target, index) => placeRow(target, colours[index], `waypoint ${index + 1}`)));
  if (rows.length) parts.push(el('ol', { class: 'places' }, rows));
  if ([...answer.targets, ...answer.waypoints, ...answer.steps.flatMap((step) => step.targets ?? [])].some((target) => target.position)) {
    parts.push(el('p', { class: 'quiet' }, `Positions are in ${answer.position_frame}.`));
  }
  for (const warning of answer.warnings) parts.push(el('p', { class: 'note' }, warning));
  if (answer.caution) parts.push(el('p', { class: 'note' }, capital(answer.caution)));
  if (Math.abs(answer.picture_off_s ?? 0) > 0.0005) {
    const off = `${Math.abs(answer.picture_off_s * 1000).toFixed(0)} ms ${answer.picture_off_s > 0 ? 'after' : 'before'}`;
    parts.push(el('p', { class: 'note' }, `The picture is not the one that was asked about, but ${off} it.`));
  }
  parts.push(latency(answer));
  if (answer.text) {
    parts.push(el('details', {}, el('summary', {}, 'What the model wrote'), el('pre', { class: 'mono' }, answer.text)));
  }
  return parts;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const metres = (position) => `(${position.map((value) => value.toFixed(3)).join(', ')}) m`;

function where(target) {
  const pixel = target.box ? `box ${target.box.map(Math.round).join(', ')}` : `pixel ${target.pixel.map(Math.round).join(', ')}`;
  const place = target.position ? metres(target.position) : STATUS[target.status] ?? '';
  const sure = target.confidence === null ? '' : `confidence ${(target.confidence * 100).toFixed(0)} %`;
  const said = target.model_depth === null ? '' : `${target.model_depth} m by the model`;
  return [pixel, place, said, sure].filter(Boolean).join(' · ');
}

function placeRow(target, colour, name) {
  return el('li', {}, dot(colour), name ? el('span', { class: 'name' }, name) : null, el('span', { class: 'quiet' }, where(target)));
}

function stepRow(step, index) {
  const place = step.targets?.[0];
  const waypoints = step.waypoints?.length ? `${step.waypoints.length} waypoints` : '';
  const status = { GROUNDED: '', FAILED: `failed: ${step.code}, ${step.message}` }[step.status] ?? '';
  const more = [place ? where(place) : '', waypoints, status].filter(Boolean).join(' · ');
  return el('li', {}, dot(step.status === 'FAILED' ? '#d9534f' : stepColour(index)), el('span', { class: 'name' }, `${index + 1}. ${step.description}`),
    more ? el('span', { class: step.status === 'FAILED' ? 'bad' : 'quiet' }, more) : null);
}

export function planSoFar(steps) {
  return el('ol', { class: 'places' }, steps.map((step, index) => stepRow(step, index)));
}

function latency(answer) {
  const shown = Object.entries(TIMES).map(([key, [name, colour]]) => [name, colour, answer.timings[key] ?? 0]);
  const bar = el('div', { class: 'latency', 'aria-hidden': 'true' });
  for (const [, colour, ms] of shown) {
    const part = el('span');
    part.style.background = colour;
    part.style.flex = `${Math.max(ms, 0)} 0 0`;
    bar.append(part);
  }
  const legend = shown.filter(([, , ms]) => ms >= 0.5).map(([name, colour, ms]) => el('li', {}, dot(colour), `${name} ${ms.toFixed(0)} ms`));
  const total = `${answer.timings.total.toFixed(0)} ms, ${answer.tokens} tokens`;
  return el('div', {}, el('p', { class: 'quiet' }, total), bar, el('ul', { class: 'legend', 'aria-label': 'Time by stage' }, legend));
}
