// What the server cannot do: theme before the first paint, keys, copying. No framework, no inline script (the policy forbids it).
(() => {
  'use strict';
  const root = document.documentElement;
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode: the choice lasts as long as the page */ } };
  const recall = key => { try { return localStorage.getItem(key); } catch { return null; } };

  const setTheme = theme => { root.dataset.theme = theme; };
  // The deck is dark for everybody; the day side is for those who chose it here.
  setTheme(recall('deck-theme') === 'light' ? 'light' : 'dark');
  const toggleTheme = () => {
    const theme = root.dataset.theme === 'light' ? 'dark' : 'light';
    setTheme(theme);
    remember('deck-theme', theme);
  };

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

  document.addEventListener('click', async event => {
    const copy = event.target.closest('[data-copy]');
    if (copy) {
      try {
        await navigator.clipboard.writeText(copy.dataset.copy);
        say('Copied');
      } catch {
        say('The browser did not allow copying');
      }
      return;
    }
    if (event.target.closest('[data-theme-toggle]')) toggleTheme();
    if (event.target.closest('[data-reload]')) {
      event.preventDefault();
      location.reload();
    }
  });

  // Without DOM preservation: a link that is followed before the circuit is up loads its page, instead of patching one that is about to be taken over.
  document.addEventListener('DOMContentLoaded', () => Blazor.start({ ssr: { disableDomPreservation: true } }));

  let went = 0;
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target;
    if (at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName))) return;
    const page = key => document.querySelector(`[data-key="${key}"]`);
    if (event.timeStamp - went < 1200) {
      went = 0;
      const link = page(event.key);
      if (link) {
        event.preventDefault();
        link.click();
        return;
      }
    }
    if (event.key === 'g') went = event.timeStamp;
    else if (event.key === '?') page('h')?.click();
    else if (event.key === 't') toggleTheme();
    else if (event.key === 'p') document.querySelector('[data-hotkey="p"]')?.click();
    else if (event.key === '/') {
      const filter = document.querySelector('[data-filter]');
      if (filter) {
        event.preventDefault();
        filter.focus();
      }
    }
  });
})();
