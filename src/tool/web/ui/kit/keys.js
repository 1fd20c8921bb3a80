// Keys of the page: one table, which is also the list that `?` shows.
const keys = [];

// key: as KeyboardEvent.key, several with blanks between; `when` may say no.
export function on(names, what, act, when = () => true) {
    keys.push({names: names.split(' '), what, act, when});
}

function typing(target) {
    return target.matches('input:not([type=checkbox]), textarea, select') || target.isContentEditable;
}

addEventListener('keydown', event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector('dialog[open]')) return;
    const interactive = event.target.closest('button, a, summary');
    if (interactive && (event.key === 'Enter' || event.key === ' ')) return;
    for (const key of keys) {
        if (!key.names.includes(event.key) || !key.when()) continue;
        event.preventDefault();
        key.act(event);
        return;
    }
});

const shown = {ArrowUp: '\u2191', ArrowDown: '\u2193', ArrowLeft: '\u2190', ArrowRight: '\u2192', Escape: 'Esc'};

export function showHelp(dialog) {
    const list = document.createElement('dl');
    for (const key of keys) {
        const names = document.createElement('dt'), what = document.createElement('dd');
        for (const name of key.names) {
            const one = document.createElement('kbd');
            one.textContent = shown[name] || name;
            names.append(one, ' ');
        }
        what.textContent = key.what;
        list.append(names, what);
    }
    dialog.replaceChildren(list);
    dialog.showModal();
    dialog.onclick = event => { if (event.target === dialog) dialog.close(); };
}
