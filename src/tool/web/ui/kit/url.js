// The state of a page is its query: reading, changing, going back.
const listeners = [];

export function params() {
    return new URLSearchParams(location.search);
}

export function get(name) {
    return params().get(name) || '';
}

// The query with some parameters set ('' or null: taken away).
export function withParams(changes, from = params()) {
    const q = new URLSearchParams(from);
    for (const [name, value] of Object.entries(changes)) {
        if (value === '' || value === null || value === undefined) q.delete(name);
        else q.set(name, value);
    }
    const text = q.toString();
    return text ? '?' + text : '';
}

// Changes the state; a step back undoes it unless `replace` is set. Listeners hear the names that changed.
export function set(changes, {replace = false} = {}) {
    const before = params(), to = location.pathname + withParams(changes);
    if (to === location.pathname + location.search) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', to);
    tell(before);
}

export function onChange(listener) {
    listeners.push(listener);
}

let known = params();
function tell(before) {
    const now = params(), changed = new Set();
    for (const name of [...before.keys(), ...now.keys()])
        if (before.get(name) !== now.get(name)) changed.add(name);
    known = now;
    if (changed.size) for (const listener of listeners) listener(changed);
}

addEventListener('popstate', () => tell(known));
