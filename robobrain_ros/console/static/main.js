// SPDX-License-Identifier: Apache-2.0
// The page: what the server says, shown; what the user does, sent.

import { el, find, get, post, settings } from './dom.js';
import { drawAnswer } from './draw.js';
import { Live } from './live.js';
import { Past } from './past.js';
import { answerCard, failed, planSoFar, TOUR, welcome } from './answer.js';
import * as curve from './curve.js';
import * as node from './node.js';

const STAGES = { SENT: 'sent', QUEUED: 'queued', WAITING_IMAGE: 'image', PREFILL: 'prefill', DECODE: 'decoding', PARSE: 'reading', PROJECT: 'projection' };
const canvas = find('canvas');
const shown = { view: 'live', answer: null, picture: null, running: false, tasks: [], robot: null, events: null };

const tell = (text) => { find('nothing').textContent = text; find('nothing').hidden = !text; };
const live = new Live(canvas, tell, (text) => { find('rate').textContent = text; });
const past = new Past(showRecord, complain);

function complain(error) {
  find('refused').textContent = error.message;
  find('refused').hidden = false;
}

const task = () => document.querySelector('input[name="task"]:checked')?.value ?? 'pointing';
const camera = () => find('camera').value;

// --- what the picture shows ---
function view(name) {
  shown.view = name;
  document.querySelector(`input[name="view"][value="${name}"]`).checked = true;
  look();
}

function look() {
  const hears = shown.view !== 'answer' && !document.hidden && shown.robot?.cameras.length;
  live.show(hears ? { camera: camera(), depth: shown.view === 'depth' } : null);
  const name = { live: 'Live picture of the camera', depth: 'Depth: near is yellow, far is blue' }[shown.view];
  canvas.setAttribute('aria-label', name ?? inWords(shown.answer));
  if (shown.view === 'answer') draw();
}

function inWords(answer) {
  const places = [...answer.targets, ...answer.waypoints].map((target) => `${target.label} at ${target.pixel.map(Math.round)}`);
  return `${answer.task}: ${answer.instruction}. ${answer.success ? places.join('; ') || answer.reply : answer.message}`;
}

function draw() {
  if (!shown.answer) return;
  drawAnswer(canvas, shown.picture, shown.answer);
  find('rate').textContent = shown.answer.has_picture ? 'the picture that was asked about' : '';
  tell(shown.picture || !shown.answer.has_picture ? '' : 'Loading the picture');
  if (!shown.answer.has_picture) tell('No picture was kept with this answer');
}

async function showAnswer(answer, number) {
  shown.answer = answer;
  shown.picture = null;
  find('answer').replaceChildren(...answerCard(answer));
  document.querySelector('input[value="answer"]').disabled = false;
  past.mark(number);
  if (answer.has_picture) {
    const response = await fetch(`/api/history/${number}/picture.jpg`);
    if (response.ok && shown.answer === answer) shown.picture = await createImageBitmap(await response.blob());
  }
}

async function showRecord(number) {
  try {
    await showAnswer(await get(`/api/history/${number}`), number);
    view('answer');
    find('frame').scrollIntoView({ block: 'nearest' });
  } catch (error) {
    complain(error);
  }
}

// --- questions ---
function ask(name, instruction) {
  find('refused').hidden = true;
  post('/api/ask', { task: name, instruction, camera: camera() }).catch(complain);
}

async function showQuestion(question) {
  const was = shown.running;
  shown.running = question.running;
  find('go').hidden = find('instruction').readOnly = question.running;
  find('cancel').hidden = find('running').hidden = !question.running;
  if (question.running) {
    if (!was) {
      find('instruction').value = question.instruction;
      choose(question.task);
      if (shown.view === 'answer') view('live');
    }
    const reached = new Set(question.stages.map(([stage]) => stage));
    const now = question.stages.at(-1)[0];
    find('stages').replaceChildren(...Object.entries(STAGES).map(([stage, name]) =>
      el('li', { class: stage === now ? 'now' : reached.has(stage) ? 'done' : '', 'aria-current': stage === now ? 'step' : null }, name)));
    find('partial').textContent = question.text;
    find('said').textContent = STAGES[now];
    find('answer').replaceChildren(el('p', { class: 'asked' }, question.instruction),
      question.steps.length ? planSoFar(question.steps) : el('p', { class: 'quiet' }, question.tokens ? `${question.tokens} tokens so far` : 'on its way'));
    return;
  }
  if (question.failed) {
    find('answer').replaceChildren(...failed(question));
    find('said').textContent = question.failed.message;
  } else if (question.answer) {
    await showAnswer(question.answer, question.number);
    find('said').textContent = inWords(question.answer);
    if (was) view('answer');
  }
}

// --- the form ---
function choose(name) {
  const input = document.querySelector(`input[name="task"][value="${name}"]`);
  if (input) input.checked = true;
  find('instruction').placeholder = TOUR[task()] ?? '';
}

function showTasks(tasks) {
  shown.tasks = tasks;
  find('tasks').replaceChildren(...tasks.map((name) => el('label', {}, el('input', { type: 'radio', name: 'task', value: name }), el('span', {}, name))));
  const kept = settings.get('task');
  choose(tasks.includes(kept) ? kept : tasks[0]);
}

function showRobot(robot) {
  shown.robot = robot;
  node.showRobot(robot);
  const select = find('camera');
  const names = robot.cameras.map(({ name }) => name);
  if (JSON.stringify(names) !== select.dataset.names) {
    const kept = select.value;
    select.dataset.names = JSON.stringify(names);
    select.replaceChildren(...names.map((name) => el('option', { value: name }, name || 'camera')));
    if (names.includes(kept)) select.value = kept;
    select.hidden = names.length < 2;
  }
  if (!robot.cameras.length) tell(robot.name ? 'The node has not said what its cameras are' : 'No node is running: robobrain up starts one');
  look();
}

// --- the server's events; only a visible page holds a connection ---
const SHOW = {
  tasks: showTasks, robot: showRobot, question: showQuestion, history: () => past.load().catch(complain), monitor: curve.show,
  diagnostics: node.showDiagnostics, transition: node.showTransition,
};

function connect() {
  if (document.hidden || shown.events) return;
  shown.events = new EventSource('/api/events');
  shown.events.onopen = () => { find('banner').hidden = true; };
  shown.events.onerror = () => {
    find('banner').textContent = 'The console does not answer. Is "robobrain console" still running?';
    find('banner').hidden = false;
    if (shown.events?.readyState === EventSource.CLOSED) {
      shown.events = null;
      setTimeout(connect, 2000);
    }
  };
  shown.events.onmessage = ({ data }) => {
    for (const [name, value] of Object.entries(JSON.parse(data))) SHOW[name]?.(value);
  };
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    shown.events?.close();
    shown.events = null;
  }
  connect();
  look();
});

function theme(name) {
  document.documentElement.dataset.theme = name;
}
const dark = window.matchMedia('(prefers-color-scheme: dark)');
theme(settings.get('theme') ?? (dark.matches ? 'dark' : 'light'));
dark.addEventListener('change', () => { if (!settings.get('theme')) theme(dark.matches ? 'dark' : 'light'); });
find('theme').addEventListener('click', () => {
  const name = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  settings.set('theme', name);
  theme(name);
});

find('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  const instruction = find('instruction').value.trim();
  if (instruction && !shown.running) ask(task(), instruction);
});
find('cancel').addEventListener('click', () => post('/api/cancel').catch(complain));
find('tasks').addEventListener('change', () => { settings.set('task', task()); choose(task()); });
find('camera').addEventListener('change', look);
for (const input of document.querySelectorAll('input[name="view"]')) input.addEventListener('change', () => view(input.value));
window.addEventListener('resize', () => (shown.view === 'answer' ? draw() : live.redraw()));
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    if (shown.running) post('/api/cancel').catch(complain);
    else document.activeElement?.blur(); // so that the other keys are no letters of the question
  }
  if (event.target.matches('input:not([type="radio"]), select, textarea') || event.ctrlKey || event.metaKey || event.altKey) return;
  const name = { l: 'live', d: 'depth', a: 'answer' }[event.key];
  if (name && !document.querySelector(`input[value="${name}"]`).disabled) view(name);
  if (event.key === '/') {
    event.preventDefault();
    find('instruction').focus();
  }
});
node.listen(complain);
curve.listen(camera, complain);
find('answer').replaceChildren(...welcome(ask));
past.load().catch(complain);
connect();
