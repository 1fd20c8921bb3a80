// The server's data: loading it, and the texts of values. Shapes: tool/web/data.h.
import {params} from './url.js';

export const page = JSON.parse(document.getElementById('data').textContent);

// What only the page itself knows.
const ours = ['z', 'w', 'q', 'inv', 'flip', 'by', 'up'];

// Data of a view for the options of the URL. A failed report rejects with the server's sentence.
let pending = {};
export async function load(view, more = {}, slot = 'view') {
    const q = params();
    for (const name of ours) q.delete(name);
    q.set('format', 'json');
    for (const [name, value] of Object.entries(more)) q.set(name, value);
    if (pending[slot]) pending[slot].abort();
    const abort = pending[slot] = new AbortController();
    const answer = await fetch(view + '?' + q, {signal: abort.signal});
    if (!answer.ok) throw new Error((await answer.text()).trim() || answer.statusText);
    return answer.json();
}

// As the reports print it: the largest unit that the value reaches, two decimals.
export function valueText(meta, value) {
    const v = value * meta.ratio;
    if (!v) return '0';
    let [name, size] = meta.units[0];
    for (const unit of meta.units) if (Math.abs(v) >= unit[1]) [name, size] = unit;
    return (v / size).toFixed(2).replace(/\.00$/, '') + name;
}

export function shareText(value, total) {
    if (!total) return '0%';
    const share = Math.abs(value / total) * 100;
    if (share >= 99.95 && share <= 100.05) return '100%';
    return (share >= 1 ? share.toFixed(2) : String(Number(share.toPrecision(2)))) + '%';
}

export const count = new Intl.NumberFormat('en-US').format;
