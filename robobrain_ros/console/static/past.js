// SPDX-License-Identifier: Apache-2.0
// The history: thumbnails, newest first.

import { el, find, get, post, time } from './dom.js';

export class Past {
  constructor(choose, complain) {
    this.choose = choose;
    this.current = null;
    this.oldest = null;
    find('older').addEventListener('click', () => this.load(this.oldest).catch(complain));
    find('forget').addEventListener('click', () => {
      if (window.confirm('Forget all answers and their pictures on this computer?')) post('/api/history/remove', { number: 0 }).catch(complain);
    });
  }

  async load(before = null) {
    const { questions } = await get(before ? `/api/history?before=${before}` : '/api/history');
    const list = find('past');
    if (!before) list.replaceChildren();
    list.append(...questions.map((question) => this.row(question)));
    this.oldest = questions.at(-1)?.number ?? this.oldest;
    find('older').hidden = questions.length < 60;
    const none = !list.children.length;
    find('past-none').hidden = !none;
    find('export').hidden = find('forget').hidden = none;
    this.mark(this.current);
  }

  row(question) {
    const { number, task, instruction, code } = question;
    const picture = question.thumbnail
      ? el('img', { src: `/api/history/${number}/thumbnail.jpg`, alt: '', loading: 'lazy' })
      : el('span', { class: 'blank' });
    const kind = code === 'OK' ? task : code;
    return el('li', {}, el('button', { type: 'button', title: `${task}: ${instruction}`, 'data-number': number, onclick: () => this.choose(number) },
      picture, el('span', { class: 'what' }, instruction), el('span', { class: 'when' }, `${kind} · ${time(question.asked_at)}`)));
  }

  mark(number) {
    this.current = number;
    for (const button of find('past').querySelectorAll('button')) {
      button.setAttribute('aria-current', String(Number(button.dataset.number) === number));
    }
  }
}
