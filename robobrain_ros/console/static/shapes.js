// SPDX-License-Identifier: Apache-2.0
// What of an answer is drawn, in pixels of the picture that it is about: marks (points and boxes) and ways.

export const STEPS = ['#ffd200', '#00dcff', '#ff78dc', '#82ff78', '#bea0ff', '#ff963c', '#ebebeb'];
const CANDIDATE = '#a8a8a8';
const NEAR = [255, 214, 64];
const FAR = [86, 110, 255];

export const stepColour = (index) => STEPS[index % STEPS.length];

const between = (share) => `rgb(${NEAR.map((near, i) => Math.round(near + (FAR[i] - near) * share)).join(' ')})`;

// Metres from the camera, as far as they are known: the model's own, else what the depth image says.
export const depthOf = (target) => target.model_depth ?? (target.position ? Math.hypot(...target.position) : null);

// Colours of a way's waypoints: near is yellow, far is blue; without depths from the first to the last.
export function wayColours(waypoints) {
  const depths = waypoints.map(depthOf);
  const known = depths.filter((depth) => depth !== null);
  const last = Math.max(waypoints.length - 1, 1);
  if (known.length < waypoints.length) return waypoints.map((_, index) => between(index / last));
  const [near, far] = [Math.min(...known), Math.max(...known)];
  return depths.map((depth) => between(far - near > 0.01 ? (depth - near) / (far - near) : 0));
}

const drawable = (target) => target.pixel.every((value) => Number.isFinite(value) && Math.abs(value) < 1e5);

export function shapes(answer) {
  const marks = [];
  const ways = [];
  const grey = answer.success ? null : CANDIDATE;
  const mark = (target, colour, number, name) => {
    if (!drawable(target)) return;
    const same = marks.find((other) => other.name === name && `${other.pixel}` === `${target.pixel}`);
    if (same) same.numbers.push(number); // several steps of a mission act at one place
    else marks.push({ ...target, colour: grey ?? colour, numbers: number ? [number] : [], name, unsure: !!grey });
  };
  const way = (waypoints, colours, label) => {
    const kept = waypoints.map((target, index) => [target, colours[index]]).filter(([target]) => drawable(target));
    if (kept.length) ways.push({ points: kept.map(([t]) => t.pixel), colours: kept.map(([, c]) => grey ?? c), label });
  };
  answer.targets.forEach((target, index) => {
    const own = target.label && target.label !== answer.instruction ? target.label : '';
    const many = answer.targets.length > 1;
    mark(target, STEPS[0], many ? index + 1 : 0, many ? own : own || target.label);
  });
  way(answer.waypoints, wayColours(answer.waypoints), '');
  answer.steps.forEach((step, index) => {
    const colour = stepColour(index);
    const places = step.targets ?? [];
    const path = step.waypoints ?? [];
    way(path, path.map(() => colour), places.length ? '' : `${index + 1}`);
    places.forEach((target) => mark(target, colour, index + 1, target.label));
  });
  for (const one of marks) one.label = [one.numbers.join(', '), one.name].filter(Boolean).join(' ');
  return { marks, ways };
}
