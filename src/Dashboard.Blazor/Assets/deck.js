// What the server cannot do: settings before the first paint, keys, copying, dialogs. No framework, no inline script (the policy forbids it).
(() => {
  'use strict';
  const root = document.documentElement;
  const find = selector => document.querySelector(selector);

  // ---- Settings of this browser: theme, density, time zone. The first value is everybody's until another is chosen here.
  const settings = { theme: ['dark', 'light'], density: ['comfortable', 'compact'], zone: ['utc', 'local'] };
  const recall = name => {
    try {
      const value = localStorage.getItem('deck-' + name);
      return settings[name].includes(value) ? value : settings[name][0];
    } catch {
      return settings[name][0];
    }
  };
  const show = name => {
    const radio = find(`input[name="deck-${name}"][value="${root.dataset[name]}"]`);
    if (radio) radio.checked = true;
  };
  const choose = (name, value) => {
    root.dataset[name] = value;
    try { localStorage.setItem('deck-' + name, value); } catch { /* private mode: the choice lasts as long as the page */ }
    show(name);
  };
  for (const name of Object.keys(settings)) root.dataset[name] = recall(name);
  const toggleTheme = () => choose('theme', root.dataset.theme === 'light' ? 'dark' : 'light');
  const showSettings = () => Object.keys(settings).forEach(show);
  document.addEventListener('change', event => {
    const [, name] = /^deck-(\w+)$/.exec(event.target.name ?? '') ?? [];
    if (!settings[name]) return;
    choose(name, event.target.value);
    // Times that were already written anew cannot be told from others.
    if (name === 'zone') location.reload();
  });

  // ---- Times in this browser's zone, for those who chose that: the server writes UTC and the moment itself into each <time>.
  const clock = /^\d\d:\d\d:\d\d$/;
  const local = time => {
    const at = new Date(time.dateTime);
    if (isNaN(at)) return;
    if (time.title) time.title = at.toLocaleString('sv-SE') + ' ' + (at.toLocaleTimeString('en', { timeZoneName: 'short' }).split(' ').pop());
    const text = time.firstChild;
    if (text?.nodeType === Node.TEXT_NODE && clock.test(text.data)) text.data = at.toLocaleTimeString('sv-SE');
  };
  if (root.dataset.zone === 'local') {
    new MutationObserver(changes => {
      for (const change of changes) {
        if (change.type === 'attributes') local(change.target);
        for (const node of change.addedNodes) if (node instanceof Element) (node.matches('time') ? [node] : node.querySelectorAll('time')).forEach(local);
      }
    }).observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ['datetime'] });
  }

  // ---- Copying, and saying so.
  const say = words => {
    let box = document.getElementById('deck-said');
    if (!box) {
      box = document.createElement('div');
      box.id = 'deck-said';
      box.className = 'said';
      box.setAttribute('role', 'status');
      document.body.append(box);
    }
    box.textContent = words;
    box.classList.add('said-on');
    clearTimeout(box.timer);
    box.timer = setTimeout(() => box.classList.remove('said-on'), 1600);
  };
  const copy = async text => {
    try {
      await navigator.clipboard.writeText(text);
      say('Copied');
    } catch {
      say('The browser did not allow copying');
    }
  };

  // ---- The palette (CommandPalette.razor). Opening asks the server for the places of now.
  const palette = () => find('#palette');
  const openPalette = () => {
    const dialog = palette();
    if (!dialog || dialog.open) return;
    const input = dialog.querySelector('input');
    input.value = '';
    dialog.showModal();
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const closePalette = () => palette()?.close();

  document.addEventListener('click', event => {
    const on = selector => event.target.closest(selector);
    const copied = on('[data-copy]');
    if (copied) copy(copied.dataset.copy);
    else if (on('[data-theme-toggle]')) toggleTheme();
    else if (on('[data-palette]')) openPalette();
    else if (on('[data-palette-close]') || event.target === palette()) closePalette(); // outside of its box is the dialog itself
    else if (on('[popover] a')) on('[popover]').hidePopover();
    else if (on('[data-reload]')) {
      event.preventDefault();
      location.reload();
    }
  });

  // ---- Remembered head of the log (the verify page): kept by this browser, where the deck does not exchange it.
  document.addEventListener('click', event => {
    const kept = event.target.closest('[data-head-keep]');
    if (!kept && !event.target.closest('[data-head-recall]')) return;
    try {
      if (kept) {
        localStorage.setItem('deck-head', kept.dataset.headKeep);
        say('This browser remembers the head');
        return;
      }
      const head = localStorage.getItem('deck-head');
      const box = find('#head-note');
      if (head && box) {
        box.value = head;
        box.dispatchEvent(new Event('change', { bubbles: true }));
      }
      say(head ? 'The remembered head is in the box' : 'This browser remembers no head yet');
    } catch {
      say('The browser did not allow it');
    }
  });

  // Without DOM preservation: a link that is followed before the circuit is up loads its page, instead of patching one that is about to be taken over.
  document.addEventListener('DOMContentLoaded', () => Blazor.start({ ssr: { disableDomPreservation: true } }));

  // ---- Keys; Model/Hotkeys.cs lists them. The rows of a page are the children of [data-rows], else of its first table.
  const rows = () => [...(find('main [data-rows]') ?? find('main tbody:not(figure *, details *)'))?.children ?? []].filter(row => row.childElementCount > 0);
  const step = by => {
    const all = rows();
    const at = all.findIndex(row => row.contains(document.activeElement));
    const row = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
    if (!row) return;
    row.tabIndex = -1;
    row.focus();
  };
  const copyId = () => {
    const row = rows().find(one => one.contains(document.activeElement));
    const near = document.activeElement.closest('[data-copy]') ?? (row ?? find('main'))?.querySelector('[data-copy]');
    const id = near?.dataset.copy ?? /[0-9a-f]{32}/.exec(row?.querySelector('a[href]')?.pathname ?? location.pathname)?.[0];
    if (id) copy(id);
    else say('No id here');
  };
  const press = {
    j: () => step(1),
    k: () => step(-1),
    c: copyId,
    p: () => find('[data-hotkey="p"]')?.click(),
    t: toggleTheme,
    '?': () => find('[data-key="h"]')?.click(),
    '/': () => find('[data-filter]')?.focus(),
  };
  let went = -Infinity;
  document.addEventListener('keydown', event => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      openPalette();
      return;
    }
    const at = event.target;
    // The server moves the choice; the caret shall stay.
    if (at.closest?.('#palette') && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.altKey || find('dialog[open]')) return;
    if (at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName))) return;
    if (event.key === 'Enter') {
      if (rows().includes(at)) (at.querySelector('[data-opens]') ?? at.querySelector('a[href]'))?.click();
      return;
    }
    const link = event.timeStamp - went < 1200 ? find(`[data-key="${CSS.escape(event.key)}"]`) : null;
    went = event.key === 'g' && !link ? event.timeStamp : -Infinity;
    const act = link ? () => link.click() : Object.hasOwn(press, event.key) ? press[event.key] : null;
    if (!act) return;
    event.preventDefault();
    act();
  });

  // ---- Long tables (RowWindow.razor): which rows are on screen, or would be where a spacer is. Height, place and number of rows are of one moment of this document.
  const rowWindow = (before, after, server) => {
    const listening = new AbortController();
    let asking = false;
    let asked = '';
    const look = async () => {
      if (!before.isConnected) return listening.abort();
      if (asking) return;
      const body = before.parentElement;
      const all = [...body.children];
      const [from, to] = [all.indexOf(before), all.indexOf(after)];
      // Rows before the window are always drawn: as high as they are on average are all others taken to be.
      const row = from > 0 ? (before.getBoundingClientRect().top - body.getBoundingClientRect().top) / from : 62;
      body.style.setProperty('--row', row + 'px');
      const [above, below] = [before.getBoundingClientRect(), after.getBoundingClientRect()];
      const near = box => box.height > 0 && box.top < 1.5 * innerHeight && box.bottom > -innerHeight / 2;
      if (!near(above) && !near(below)) return;
      // A screen before and one behind are drawn too.
      const edge = -innerHeight;
      const first = edge < above.bottom ? Math.floor((edge - above.top) / row) : Number(before.dataset.rows) + to - from - 1 + Math.floor((edge - below.top) / row);
      const wanted = [Math.max(0, first), Math.ceil(3 * innerHeight / row)];
      if (asked === wanted.join()) return;
      asked = wanted.join();
      asking = true;
      try {
        await server.invokeMethodAsync('ShowAsync', ...wanted);
      } catch {
        asked = ''; // the circuit is away: the next scroll asks again
        return;
      } finally {
        asking = false;
      }
      look();
    };
    for (const event of ['scroll', 'resize']) addEventListener(event, look, { passive: true, signal: listening.signal });
    look();
  };

  // ---- What components call.
  window.deck = { copy, closePalette, showSettings, rowWindow };
})();
