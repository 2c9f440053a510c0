// SPDX-License-Identifier: Apache-2.0
// The node: which one, its state, lifecycle, diagnostics and parameters.

import { el, dot, find, get, post } from './dom.js';

const ALLOWED = { unconfigured: ['configure'], inactive: ['activate', 'cleanup'], active: ['deactivate'] };
const LEVELS = [['ok', '#2f9e5b'], ['warning', '#d99a1c'], ['error', '#d9534f'], ['stale', '#8b95a7']];
let transitionRuns = false;
let state = '';

export function listen(complain) {
  find('node').addEventListener('change', (event) => post('/api/node', { name: event.target.value }).catch(complain));
  for (const button of document.querySelectorAll('[data-transition]')) {
    button.addEventListener('click', () => post('/api/transition', { transition: button.dataset.transition }).catch((error) => {
      find('transition').textContent = error.message;
    }));
  }
  find('settings').addEventListener('toggle', () => { if (find('settings').open) loadParameters(); });
}

export function showRobot(robot) {
  const select = find('node');
  const names = robot.name && !robot.nodes.includes(robot.name) ? [robot.name, ...robot.nodes] : robot.nodes;
  if (JSON.stringify(names) !== select.dataset.names) {
    select.dataset.names = JSON.stringify(names);
    select.replaceChildren(...names.map((name) => el('option', { value: name }, name)));
  }
  select.value = robot.name;
  select.hidden = find('node-label').hidden = !names.length;
  const pill = find('state');
  state = robot.state;
  const words = { active: 'active', busy: 'busy', '': robot.name ? 'not there' : 'looking for a node' };
  pill.textContent = words[state] ?? state;
  pill.className = `pill ${state === 'active' ? 'good' : state ? 'warn' : robot.name ? 'bad' : ''}`;
  showButtons();
}

export function showTransition(transition) {
  transitionRuns = !!transition.running;
  const text = { configure: 'Starting the engine; a large model takes minutes …' }[transition.running] ?? `${transition.running} …`;
  find('transition').textContent = transition.running ? text : transition.failed;
  find('transition').className = transition.failed ? 'bad' : '';
  showButtons();
}

function showButtons() {
  for (const button of document.querySelectorAll('[data-transition]')) {
    button.disabled = transitionRuns || !(ALLOWED[state] ?? []).includes(button.dataset.transition);
  }
}

export function showDiagnostics(statuses) {
  const open = new Set([...find('diagnostics').querySelectorAll('details[open]')].map((one) => one.dataset.name));
  const worst = statuses.reduce((most, status) => Math.max(most, status.level), 0);
  find('worst').textContent = statuses.length ? (worst ? LEVELS[worst][0] : 'all is well') : '';
  find('diagnostics').replaceChildren(...statuses.map(({ name, level, message, values }) => {
    const [word, colour] = LEVELS[level] ?? LEVELS[3];
    const rows = Object.entries(values).flatMap(([key, value]) => [el('dt', {}, key), el('dd', {}, value)]);
    return el('details', { 'data-name': name, open: open.has(name) },
      el('summary', {}, dot(colour), el('b', {}, name), el('span', { class: 'hidden' }, word), el('span', {}, message)), el('dl', {}, rows));
  }));
}

async function loadParameters() {
  try {
    const { parameters } = await get('/api/parameters');
    find('parameters').replaceChildren(...parameters.map(parameterRow));
    find('set').textContent = '';
  } catch (error) {
    find('set').textContent = error.message;
  }
}

function parameterRow(parameter) {
  const id = `parameter-${parameter.name}`;
  const input = control(parameter, id);
  const limits = parameter.low === null ? '' : ` (${parameter.low} to ${parameter.high})`;
  input.addEventListener('change', async () => {
    find('set').className = '';
    try {
      const value = read(parameter, input);
      await post('/api/parameters', { name: parameter.name, value });
      find('set').textContent = `${parameter.name} is ${JSON.stringify(value)} now`;
      parameter.value = value;
    } catch (error) {
      find('set').textContent = error.message;
      find('set').className = 'bad';
      write(parameter, input);
    }
  });
  return el('div', { class: 'parameter' }, el('label', { for: id }, parameter.name), input,
    el('p', { class: 'quiet', id: `${id}-about` }, `${parameter.description}${limits}; default ${JSON.stringify(parameter.default)}`));
}

function control(parameter, id) {
  const about = { id, 'aria-describedby': `${id}-about` };
  let input;
  if (parameter.choices.length) input = el('select', about, parameter.choices.map((choice) => el('option', { value: choice }, choice || '(none)')));
  else if (parameter.type === 'bool') input = el('input', { ...about, type: 'checkbox' });
  else if (parameter.type === 'str' || parameter.type === 'list') input = el('input', { ...about, type: 'text' });
  else input = el('input', { ...about, type: 'number', min: parameter.low, max: parameter.high, step: parameter.type === 'int' ? parameter.step ?? 1 : 'any' });
  write(parameter, input);
  return input;
}

function write(parameter, input) {
  if (parameter.type === 'bool') input.checked = parameter.value;
  else input.value = parameter.type === 'list' ? parameter.value.join(', ') : parameter.value;
}

function read(parameter, input) {
  if (parameter.type === 'bool') return input.checked;
  if (parameter.type === 'list') return input.value.split(',').map((text) => text.trim());
  if (parameter.type === 'str') return input.value;
  if (input.value === '') throw new Error(`${parameter.name} must be a number`);
  return Number(input.value);
}
