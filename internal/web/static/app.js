// What every page has: true times, the palette, shortcuts, and parts of a page that are
// kept up to date. Nothing here is needed to use the product.

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Times

function since(seconds) {
  if (seconds < 0) return 'in ' + since(-seconds).replace(' ago', '');
  if (seconds < 5) return 'just now';
  if (seconds < 60) return Math.floor(seconds) + ' s ago';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min ago';
  if (seconds < 48 * 3600) return Math.floor(seconds / 3600) + ' h ago';
  return Math.floor(seconds / 86400) + ' d ago';
}

export function took(seconds) {
  if (seconds < 10) return Math.max(seconds, 0).toFixed(1) + ' s';
  if (seconds < 60) return Math.floor(seconds) + ' s';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min ' + String(Math.floor(seconds) % 60).padStart(2, '0') + ' s';
  return Math.floor(seconds / 3600) + ' h ' + String(Math.floor(seconds / 60) % 60).padStart(2, '0') + ' min';
}

function tick() {
  for (const el of all('time[data-ago]')) {
    const text = since((Date.now() - Date.parse(el.dateTime)) / 1000);
    if (el.textContent !== text) el.textContent = text;
  }
  for (const el of all('[data-since]')) {
    const text = took((Date.now() - Date.parse(el.dataset.since)) / 1000);
    if (el.textContent !== text) el.textContent = text;
  }
}
setInterval(tick, 1000);
tick();

// Parts that are kept up to date: elements with data-live and an id. The page is asked
// for again and their insides are put in place of the old.

let fetching = false, again = false;
export async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const url = new URL(location.href);
    url.searchParams.set('part', 'live');
    const reply = await fetch(url, { headers: { 'X-Part': 'live' } });
    if (reply.redirected && new URL(reply.url).pathname === '/login') {
      location.reload();
      return;
    }
    if (!reply.ok) return;
    const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
    for (const el of all('[data-live]')) {
      const fresh = page.getElementById(el.id);
      if (fresh && fresh.innerHTML !== el.innerHTML) {
        const open = all('details[open][id]', el).map((d) => d.id);
        const focus = el.contains(document.activeElement) ? document.activeElement.id : '';
        el.replaceChildren(...fresh.childNodes);
        for (const id of open) document.getElementById(id)?.setAttribute('open', '');
        if (focus) document.getElementById(focus)?.focus();
      }
    }
    tick();
    document.dispatchEvent(new CustomEvent('refreshed'));
  } catch {
    // The controller is away: the stream says so and comes back.
  } finally {
    fetching = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

const live = one('[data-events]');
if (live) {
  let wait = 0, timer = 0;
  const listen = () => {
    const source = new EventSource(live.dataset.events);
    source.addEventListener('changed', () => {
      clearTimeout(timer);
      timer = setTimeout(refresh, 150);
    });
    source.addEventListener('open', () => {
      if (wait) refresh();
      wait = 0;
    });
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED) return;
      wait = Math.min((wait || 500) * 2, 15000);
      setTimeout(listen, wait);
    });
  };
  listen();
}

// Buttons that ask first, and buttons that copy

document.addEventListener('submit', (event) => {
  const text = event.submitter?.dataset.confirm || event.target.dataset.confirm;
  if (text && !confirm(text)) event.preventDefault();
});

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const word = one('span', button) || button;
  const before = word.textContent;
  word.textContent = 'Copied';
  setTimeout(() => { word.textContent = before; }, 1500);
});

// The theme changes in place; the cookie comes from the form.

const themeButton = one('[data-theme-button]');
themeButton?.closest('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const next = themeButton.value;
  await fetch('/theme', { method: 'POST', body: new URLSearchParams({ theme: next, back: '/' }), redirect: 'manual' });
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  themeButton.value = { dark: 'light', light: 'auto', auto: 'dark' }[next];
  one('.theme-word', themeButton).textContent = { dark: 'Dark', light: 'Light', auto: 'Theme: system' }[next];
});

// The palette

const palette = one('#palette');
if (palette) {
  const input = one('input', palette), list = one('#palette-list', palette);
  let asked = 0, chosen = 0, timer = 0;

  const choose = (index) => {
    const items = all('[role=option]', list);
    if (items.length === 0) return;
    chosen = (index + items.length) % items.length;
    items.forEach((item, i) => item.setAttribute('aria-selected', String(i === chosen)));
    items[chosen].scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', items[chosen].id);
  };

  const fill = (found) => {
    list.replaceChildren(...found.map((hit, i) => {
      const item = document.createElement('li');
      item.id = 'hit-' + i;
      item.setAttribute('role', 'option');
      item.dataset.path = hit.path;
      const name = document.createElement('span'), what = document.createElement('span');
      name.className = 'name';
      name.textContent = hit.name;
      what.className = 'sub';
      what.textContent = hit.what;
      item.append(name, what);
      item.addEventListener('click', () => { location.href = hit.path; });
      item.addEventListener('mousemove', () => choose(i));
      return item;
    }));
    if (found.length === 0) {
      const none = document.createElement('li');
      none.className = 'none';
      none.textContent = 'Nothing has that name.';
      list.append(none);
    }
    choose(0);
  };

  const ask = async () => {
    const mine = ++asked;
    const reply = await fetch('/search?q=' + encodeURIComponent(input.value), { headers: { Accept: 'application/json' } });
    if (reply.ok && mine === asked) fill((await reply.json()).found);
  };

  const open = () => {
    if (palette.open) return;
    input.value = '';
    palette.showModal();
    ask();
  };

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      choose(chosen + (event.key === 'ArrowDown' ? 1 : -1));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const item = all('[role=option]', list)[chosen];
      if (item) location.href = item.dataset.path;
    }
  });
  palette.addEventListener('click', (event) => {
    if (event.target === palette) palette.close();
  });
  for (const link of all('[data-palette]')) {
    link.addEventListener('click', (event) => {
      event.preventDefault();
      open();
    });
  }

  const places = { o: '/', p: '/projects', d: '/deployments', s: '/servers', k: '/security/keys', t: '/security/tokens' };
  let leading = 0;
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      open();
      return;
    }
    if (typing(event) || one('dialog[open]')) return;
    if (event.key === '?') one('#shortcuts').showModal();
    if (event.key === 'g') leading = Date.now();
    else if (Date.now() - leading < 1200 && places[event.key]) location.href = places[event.key];
    else leading = 0;
  });
}

// typing says whether a key belongs to a field or to the browser.
export function typing(event) {
  return event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.('input, textarea, select, [contenteditable]');
}
