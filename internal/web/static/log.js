// The log viewer. A log may have a million lines: what is in the page is a window of them,
// what is in memory are the pages of lines around it. Which line lies how far down is told
// by the outline, a list of runs of lines [first, last, step, hidden].

import { refresh, typing } from './app.js';

const PAGE = 200;    // lines that are asked for at once
const KEEP = 60;     // pages in memory
const ROW = 20;      // height of a line that is not wrapped
const OVER = 12;     // rows above and below the window
const TALLEST = 12e6; // browsers draw nothing that is much taller

// ask gets JSON. A network that changes under a browser breaks off what is under way:
// what was only asked for is asked for again.
async function ask(url) {
  for (let tries = 1; ; tries++) {
    try {
      return await fetch(url, { headers: { Accept: 'application/json' } });
    } catch (fault) {
      if (tries === 5) throw fault;
      await new Promise((done) => setTimeout(done, 200 * tries));
    }
  }
}

class Viewer {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.outline = data.outline;
    this.last = data.last;
    this.ended = data.ended;
    this.pages = new Map();
    this.asked = new Set();
    this.rows = new Map();
    this.step = 0;
    this.hidden = false;
    this.wrap = localStorage.getItem('log-wrap') === '1';
    this.times = localStorage.getItem('log-times') || 'off';
    this.follow = !data.ended;
    this.missed = 0;
    this.found = null;
    this.mark = { from: 0, to: 0 };
    this.screen = root.querySelector('.screen');
    this.size = root.querySelector('.size');
    this.box = root.querySelector('.rows');
    this.link = root.querySelector('.link');
    for (const line of data.lines) this.put(line);
    this.layout();
    this.buttons();
    this.show();
    this.begin();
    if (!this.ended) this.listen();
  }

  // Rows

  // layout makes the list of runs that are shown, each with the number of its first row.
  layout() {
    let rows = 0;
    this.runs = [];
    for (const [first, last, step, hidden] of this.outline) {
      if (hidden && !this.hidden) continue;
      if (this.step && step !== this.step) continue;
      this.runs.push({ first, last, row: rows });
      rows += last - first + 1;
    }
    this.count = rows;
    this.resize();
  }

  resize() {
    const whole = this.count * ROW;
    const height = Math.min(whole, TALLEST);
    this.scale = height > 0 ? whole / height : 1;
    // A wrapped line is taller than a row: the last one must be able to come up to the top.
    this.size.style.height = height + (this.wrap ? this.screen.clientHeight - ROW : 0) + 'px';
  }

  seqAt(row) {
    let low = 0, high = this.runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.runs[middle].row <= row) low = middle;
      else high = middle - 1;
    }
    const run = this.runs[low];
    return run.first + row - run.row;
  }

  // rowOf is the row of a line, or of the next one that is shown.
  rowOf(seq) {
    for (const run of this.runs) {
      if (seq <= run.last) return run.row + Math.max(seq - run.first, 0);
    }
    return Math.max(this.count - 1, 0);
  }

  // Lines

  put(line) {
    const key = Math.floor((line.n - 1) / PAGE);
    let page = this.pages.get(key);
    if (!page) this.pages.set(key, page = new Map());
    page.set(line.n, line);
    if (this.pages.size > KEEP) {
      for (const old of this.pages.keys()) {
        if (old !== key && !this.near(old)) {
          this.pages.delete(old);
          break;
        }
      }
    }
  }

  near(key) {
    return this.top !== undefined && Math.abs(key - Math.floor((this.top - 1) / PAGE)) < 4;
  }

  line(seq) {
    return this.pages.get(Math.floor((seq - 1) / PAGE))?.get(seq);
  }

  async load(key) {
    if (this.asked.has(key)) return;
    this.asked.add(key);
    try {
      const reply = await ask(`${this.data.base}/lines?from=${key * PAGE + 1}&limit=${PAGE}`);
      if (reply.ok) {
        for (const line of (await reply.json()).lines) this.put(line);
        this.paint();
      }
    } catch {
      setTimeout(() => this.paint(), 2000);
    } finally {
      this.asked.delete(key);
    }
  }

  // Drawing

  paint() {
    if (this.painting) return;
    this.painting = requestAnimationFrame(() => {
      this.painting = 0;
      this.draw();
    });
  }

  draw() {
    if (!this.count) {
      this.place([]);
      return;
    }
    const view = this.screen.clientHeight, top = this.screen.scrollTop;
    const most = this.size.offsetHeight - view;
    const atEnd = most <= 0 ? false : top >= most - 1;
    const exact = Math.min(top * this.scale / ROW, Math.max(this.count - 1, 0));
    let from = Math.max(Math.floor(exact) - OVER, 0);
    let to = Math.min(Math.ceil(exact + view / ROW) + OVER, this.count);
    if (atEnd) from = Math.max(this.count - Math.ceil(view / ROW) - OVER, 0);
    if (atEnd) to = this.count;
    const wanted = [];
    const missing = new Set();
    for (let row = from; row < to; row++) {
      const seq = this.seqAt(row);
      wanted.push(seq);
      if (!this.line(seq)) missing.add(Math.floor((seq - 1) / PAGE));
    }
    this.top = wanted[0];
    this.place(wanted);
    for (const key of missing) this.load(key);
    if (atEnd) {
      this.box.style.top = top + view - this.box.offsetHeight + 'px';
    } else {
      const head = this.rows.get(this.seqAt(Math.floor(exact)));
      const into = head ? head.offsetTop + (exact % 1) * head.offsetHeight : 0;
      this.box.style.top = top - into + 'px';
    }
    this.highlight();
  }

  // place makes the rows of these lines be there, in order, and keeps those that are:
  // what a person has selected stays selected.
  place(wanted) {
    const keep = new Set(wanted);
    for (const [seq, el] of this.rows) {
      if (!keep.has(seq)) {
        el.remove();
        this.rows.delete(seq);
      }
    }
    let before = null;
    for (const seq of wanted) {
      const line = this.line(seq);
      let el = this.rows.get(seq);
      if (!el || (line && el.dataset.blank)) {
        const fresh = this.row(seq, line);
        if (el) el.replaceWith(fresh);
        this.rows.set(seq, el = fresh);
      }
      const after = before ? before.nextSibling : this.box.firstChild;
      if (el !== after) this.box.insertBefore(el, after);
      before = el;
    }
  }

  row(seq, line) {
    const el = document.createElement('div');
    el.className = 'row';
    el.dataset.n = seq;
    const number = document.createElement('a');
    number.className = 'no';
    number.href = '#L' + seq;
    number.textContent = seq;
    number.tabIndex = -1;
    el.append(number);
    if (!line) {
      el.dataset.blank = '1';
      return el;
    }
    if (line.t) el.classList.add({ e: 'err', i: 'info', w: 'warning' }[line.t]);
    if (line.h) el.classList.add('hid');
    const time = document.createElement('span');
    time.className = 'at';
    time.textContent = this.time(line.a);
    el.append(time);
    if (line.t === 'e') {
      const sign = document.createElement('span');
      sign.className = 'sign';
      sign.title = 'standard error';
      sign.textContent = '│';
      el.append(sign);
    }
    const text = document.createElement('span');
    text.className = 'text';
    for (const [looks, piece] of line.p) {
      if (!looks) {
        text.append(piece);
        continue;
      }
      const part = document.createElement('span');
      part.className = looks;
      part.textContent = piece;
      text.append(part);
    }
    if (line.c) {
      const command = document.createElement('span');
      command.className = 'cmd';
      command.textContent = ' $ ' + line.c;
      text.append(command);
    }
    el.append(text);
    this.dress(el, seq);
    return el;
  }

  dress(el, seq) {
    el.classList.toggle('marked', seq >= this.mark.from && seq <= this.mark.to);
    el.classList.toggle('hit', this.found !== null && this.found.set.has(seq));
    el.classList.toggle('now', this.found !== null && this.found.lines[this.found.at] === seq);
  }

  dressAll() {
    for (const [seq, el] of this.rows) this.dress(el, seq);
    this.highlight();
  }

  time(at) {
    if (this.times === 'off') return '';
    if (this.times === 'since') return '+' + ((at - this.data.start) / 1000).toFixed(2);
    const date = new Date(at);
    if (this.times === 'utc') return date.toISOString().slice(11, 23);
    return date.toLocaleTimeString([], { hour12: false }) + '.' + String(at % 1000).padStart(3, '0');
  }

  redraw() {
    for (const el of this.rows.values()) el.remove();
    this.rows.clear();
    this.draw();
  }

  // highlight marks the found text itself where the browser can.
  highlight() {
    if (!window.Highlight || !CSS.highlights) return;
    CSS.highlights.delete('found');
    if (!this.found || !this.found.text) return;
    const ranges = [], wanted = this.found.text.toLowerCase();
    for (const el of this.rows.values()) {
      if (!el.classList.contains('hit')) continue;
      const walk = document.createTreeWalker(el.querySelector('.text') || el, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const text = node.data.toLowerCase();
        for (let i = text.indexOf(wanted); i >= 0; i = text.indexOf(wanted, i + wanted.length)) {
          const range = new Range();
          range.setStart(node, i);
          range.setEnd(node, i + wanted.length);
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set('found', new Highlight(...ranges));
  }

  // Moving

  begin() {
    const [from, to] = address();
    if (from) {
      this.choose(from, to);
      this.go(from);
    } else if (this.data.at > 1) {
      this.go(this.data.at);
    } else if (this.follow) {
      this.toEnd();
    }
    this.draw();
    window.addEventListener('hashchange', () => {
      const [from, to] = address();
      if (!from) return;
      this.choose(from, to);
      this.go(from);
    });
    this.screen.addEventListener('scroll', () => {
      this.scrolled();
      this.paint();
    }, { passive: true });
    new ResizeObserver(() => {
      this.resize();
      if (this.follow) this.toEnd();
      this.paint();
    }).observe(this.screen);
    document.fonts?.ready.then(() => this.paint());
  }

  go(seq) {
    this.follow = false;
    if (!this.runs.some((run) => seq >= run.first && seq <= run.last) && this.step) this.only(0);
    if (!this.hidden && this.outline.some(([first, last, , hidden]) => hidden && seq >= first && seq <= last)) this.press('hidden');
    const row = this.rowOf(seq);
    this.screen.scrollTop = Math.max((row * ROW - this.screen.clientHeight / 3) / this.scale, 0);
    this.foot();
    this.draw();
  }

  toEnd() {
    this.screen.scrollTop = this.size.offsetHeight;
  }

  scrolled() {
    const most = this.size.offsetHeight - this.screen.clientHeight;
    const atEnd = this.screen.scrollTop >= most - 2;
    if (!this.ended && atEnd !== this.follow && !this.growing) {
      this.follow = atEnd;
      this.missed = 0;
      this.foot();
    }
  }

  foot() {
    const button = this.root.querySelector('[data-do=follow]');
    button.hidden = this.ended || this.follow;
    button.lastElementChild.textContent = this.missed ? `${this.missed} new ${this.missed === 1 ? 'line' : 'lines'}` : 'Follow';
  }

  only(step) {
    this.step = step;
    const button = this.root.querySelector('[data-do=step]');
    button.hidden = !step;
    this.layout();
    this.screen.scrollTop = 0;
    this.redraw();
  }

  // Chosen lines

  choose(from, to) {
    this.mark = { from, to };
    this.dressAll();
  }

  // Finding

  async find(text) {
    const mine = this.finding = (this.finding || 0) + 1;
    const count = this.root.querySelector('.count'), steps = this.root.querySelector('.find-steps');
    if (!text) {
      this.found = null;
      count.textContent = '';
      steps.hidden = true;
      this.dressAll();
      return;
    }
    const reply = await ask(`${this.data.base}/find?q=${encodeURIComponent(text)}${this.hidden ? '&hidden=1' : ''}`);
    if (!reply.ok || mine !== this.finding) return;
    const found = await reply.json();
    this.found = { text, lines: found.lines, count: found.count, set: new Set(found.lines), at: -1 };
    steps.hidden = found.count === 0;
    if (found.count === 0) {
      count.textContent = 'No match';
      this.dressAll();
      return;
    }
    const here = !this.count ? 1 : this.seqAt(Math.min(Math.floor(this.screen.scrollTop * this.scale / ROW), Math.max(this.count - 1, 0)));
    this.found.at = Math.max(found.lines.findIndex((seq) => seq >= here), 0) - 1;
    this.next(1);
  }

  next(by) {
    if (!this.found || this.found.lines.length === 0) return;
    const n = this.found.lines.length;
    this.found.at = (this.found.at + by + n) % n;
    this.root.querySelector('.count').textContent = `${this.found.at + 1} of ${this.found.count}`;
    this.go(this.found.lines[this.found.at]);
    this.dressAll();
  }

  async error() {
    const reply = await ask(`${this.data.base}/first-error`);
    if (!reply.ok) return;
    const { line } = await reply.json();
    if (!line) {
      this.say('No line tells of an error.', 4000);
      return;
    }
    history.replaceState(null, '', '#L' + line);
    this.choose(line, line);
    this.go(line);
  }

  // Buttons

  press(what) {
    const button = this.root.querySelector(`[data-do=${what}]`);
    switch (what) {
      case 'hidden':
        this.hidden = !this.hidden;
        button.setAttribute('aria-pressed', String(this.hidden));
        this.keeping(() => this.layout());
        break;
      case 'wrap':
        this.wrap = !this.wrap;
        localStorage.setItem('log-wrap', this.wrap ? '1' : '0');
        this.keeping(() => this.show());
        break;
      case 'times':
        this.times = { off: 'since', since: 'local', local: 'utc', utc: 'off' }[this.times];
        localStorage.setItem('log-times', this.times);
        this.show();
        this.redraw();
        break;
      case 'step': this.only(0); break;
      case 'follow':
        this.follow = true;
        this.missed = 0;
        this.toEnd();
        this.foot();
        this.paint();
        break;
      case 'next': this.next(1); break;
      case 'previous': this.next(-1); break;
      case 'error': this.error(); break;
      case 'copy': this.copy(); break;
    }
  }

  // keeping changes what is shown and stays at the same line.
  keeping(change) {
    const seq = this.count ? this.seqAt(Math.min(Math.floor(this.screen.scrollTop * this.scale / ROW), this.count - 1)) : 1;
    const follow = this.follow;
    change();
    if (follow) this.toEnd();
    else this.screen.scrollTop = this.rowOf(seq) * ROW / this.scale;
    this.follow = follow;
    this.redraw();
  }

  show() {
    this.root.classList.toggle('wraps', this.wrap);
    this.root.dataset.times = this.times;
    this.root.querySelector('[data-do=wrap]').setAttribute('aria-pressed', String(this.wrap));
    this.root.querySelector('[data-do=times]').lastElementChild.textContent = { off: 'No times', since: 'Since start', local: 'Local time', utc: 'UTC' }[this.times];
    this.resize();
  }

  async copy() {
    const { from, to } = this.mark;
    const runs = from ? [[from, to]] : this.runs.length ? [[this.runs[0].first, this.runs[this.runs.length - 1].last]] : [];
    let text = '';
    for (const [a, b] of runs) {
      const reply = await fetch(`${this.data.base}/log.txt?bare=1&from=${a}&to=${b}${this.hidden ? '&hidden=1' : ''}`);
      if (reply.ok) text += await reply.text();
    }
    await navigator.clipboard.writeText(text);
    this.say(from ? 'The chosen lines are copied.' : 'The log is copied.', 2500);
  }

  buttons() {
    this.root.querySelector('.scripted').hidden = false;
    this.root.addEventListener('click', (event) => {
      const button = event.target.closest('[data-do]');
      if (button) {
        event.preventDefault();
        this.press(button.dataset.do);
        return;
      }
      const number = event.target.closest('.no');
      if (!number) return;
      event.preventDefault();
      const seq = Number(number.parentElement.dataset.n);
      let from = seq, to = seq;
      if (event.shiftKey && this.mark.from) {
        from = Math.min(seq, this.mark.from);
        to = Math.max(seq, this.mark.from);
      }
      history.replaceState(null, '', from === to ? `#L${from}` : `#L${from}-L${to}`);
      this.choose(from, to);
    });
    document.addEventListener('click', (event) => {
      const step = event.target.closest('[data-show-step]');
      if (!step) return;
      event.preventDefault();
      this.follow = false;
      this.only(Number(step.dataset.showStep));
      this.foot();
      this.root.scrollIntoView({ block: 'nearest' });
    });
    const form = this.root.querySelector('.find'), input = form.querySelector('input');
    let timer = 0;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.found && this.found.text === input.value) this.next(1);
      else this.find(input.value);
    });
    input.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.find(input.value), 250);
    });
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        input.value = '';
        this.find('');
        this.screen.focus();
      } else if (event.key === 'Enter' && event.shiftKey) {
        event.preventDefault();
        this.next(-1);
      }
    });
    document.addEventListener('keydown', (event) => {
      if (typing(event) || document.querySelector('dialog[open]')) return;
      const does = { n: 'next', N: 'previous', e: 'error', w: 'wrap', f: 'follow' }[event.key];
      if (does && !(does === 'follow' && this.ended)) this.press(does);
      else if (event.key === '/') {
        event.preventDefault();
        input.focus();
        input.select();
      }
    });
  }

  // Live

  say(text, forgotten) {
    this.link.textContent = text;
    clearTimeout(this.forget);
    if (forgotten) this.forget = setTimeout(() => { this.link.textContent = this.ended ? '' : 'Live'; }, forgotten);
  }

  listen() {
    const source = new EventSource(`${this.data.base}/stream?after=${this.last}`);
    source.addEventListener('open', () => {
      if (this.lost) {
        this.say('Connected again. No line is missing.', 5000);
        refresh();
      } else {
        this.say('Live');
      }
      this.lost = false;
      this.wait = 0;
    });
    source.addEventListener('lines', (event) => this.grow(JSON.parse(event.data)));
    source.addEventListener('changed', () => refresh());
    source.addEventListener('end', () => {
      source.close();
      this.ended = true;
      this.say('', 0);
      this.foot();
      refresh();
    });
    source.addEventListener('error', () => {
      if (this.ended) return;
      this.lost = true;
      this.say('The connection is lost. Connecting again…');
      if (source.readyState !== EventSource.CLOSED) return;
      this.wait = Math.min((this.wait || 250) * 2, 10000);
      setTimeout(() => this.listen(), this.wait);
    });
  }

  grow(lines) {
    let shown = 0;
    for (const line of lines) {
      if (line.n <= this.last) continue; // it came before the connection was lost
      const end = this.outline[this.outline.length - 1], hidden = line.h ? 1 : 0;
      if (end && end[1] === line.n - 1 && end[2] === line.s && end[3] === hidden) end[1] = line.n;
      else this.outline.push([line.n, line.n, line.s, hidden]);
      this.last = line.n;
      this.put(line);
      if (!hidden || this.hidden) shown++;
    }
    this.growing = true;
    this.layout();
    if (this.follow) this.toEnd();
    else this.missed += shown;
    this.growing = false;
    this.foot();
    this.paint();
  }
}

// address reads #L12 or #L12-L40.
function address() {
  const found = /^#L(\d+)(?:-L?(\d+))?$/.exec(location.hash);
  if (!found) return [0, 0];
  const a = Number(found[1]), b = Number(found[2] || found[1]);
  return [Math.min(a, b), Math.max(a, b)];
}

const root = document.querySelector('#log');
if (root) window.viewer = new Viewer(root, JSON.parse(document.querySelector('#log-data').textContent));
