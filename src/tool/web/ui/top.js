// The table of functions: as many rows in the document as the window shows, whatever the profile has.
import {load, shareText, count} from './kit/data.js';
import * as keys from './kit/keys.js';
import * as url from './kit/url.js';

const ROW = 20, NAME = 0, INLINE = 1, FLAT = 2, CUM = 3, FLAT_TEXT = 4, CUM_TEXT = 5;
const columns = [
    {key: 'flat', title: 'Flat', by: row => row[FLAT]},
    {key: 'flat', title: 'Flat%', share: true},
    {key: 'cum', title: 'Cum', by: row => row[CUM]},
    {key: 'cum', title: 'Cum%', share: true},
    {key: 'name', title: 'Name', by: row => row[NAME]},
];

const quoted = name => name.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

export function mount(main, tools, data, onMeta) {
    let meta = data.meta, all = data.rows, rows = all, selected = -1;
    const table = document.createElement('table'), head = table.createTHead(), body = table.createTBody();
    table.className = 'top';
    table.setAttribute('aria-label', 'Functions');
    tools.replaceChildren();
    main.replaceChildren(table);

    function header() {
        const row = document.createElement('tr'), [key, down] = order();
        for (const column of columns) {
            const th = document.createElement('th');
            th.scope = 'col';
            th.className = column.share ? 'share' : column.key === 'name' ? 'name' : '';
            if (column.share) {
                th.textContent = column.title;
            } else {
                const b = document.createElement('button');
                b.textContent = column.title;
                b.onclick = () => url.set({by: column.key, up: key === column.key && down ? '1' : ''}, {replace: true});
                th.append(b);
                th.setAttribute('aria-sort', key !== column.key ? 'none' : down ? 'descending' : 'ascending');
            }
            row.append(th);
        }
        head.replaceChildren(row);
    }

    // Names go up first, numbers down; as the report had it: by flat, or by cum with sort=cum.
    function order() {
        const key = url.get('by') || (url.get('sort') === 'cum' ? 'cum' : 'flat');
        return [key, (key !== 'name') !== (url.get('up') === '1')];
    }

    function arrange() {
        const [key, down] = order(), by = columns.find(c => c.key === key).by, sign = down ? -1 : 1;
        const text = url.get('q');
        let wanted = () => true;
        if (text) {
            let re = null;
            try { re = new RegExp(text); } catch { /* then it is just text */ }
            wanted = row => re ? re.test(row[NAME]) : row[NAME].includes(text);
        }
        rows = all.filter(wanted);
        if (key === 'name') rows.sort((a, b) => sign * (a[NAME] < b[NAME] ? -1 : a[NAME] > b[NAME] ? 1 : 0));
        else if (url.get('by')) rows.sort((a, b) => sign * (Math.abs(by(a)) - Math.abs(by(b))));
        else if (!down) rows.reverse();
        selected = -1;
        header();
        paint();
    }

    function cell(className, text) {
        const td = document.createElement('td');
        td.className = className;
        td.textContent = text;
        return td;
    }

    function line(row, index) {
        const tr = document.createElement('tr'), name = cell('name', ''), link = document.createElement('a');
        tr.setAttribute('aria-rowindex', index + 2);
        tr.setAttribute('aria-selected', index === selected);
        for (const [value, text] of [[row[FLAT], row[FLAT_TEXT]], [row[CUM], row[CUM_TEXT]]]) {
            const number = cell('meter', text), share = Math.min(1, Math.abs(value) / (meta.total || 1));
            number.style.backgroundSize = `${share * 100}% 100%`;
            tr.append(number, cell('share', shareText(value, meta.total)));
        }
        link.textContent = row[NAME];
        link.title = row[NAME];
        link.href = 'peek' + url.withParams({f: '^' + quoted(row[NAME]) + '$', q: '', by: '', up: ''});
        name.append(link);
        if (row[INLINE]) name.append(' ', Object.assign(document.createElement('span'), {className: 'inline', textContent: row[INLINE]}));
        tr.append(name);
        return tr;
    }

    function space(height) {
        const tr = document.createElement('tr');
        tr.setAttribute('aria-hidden', 'true');
        tr.style.height = height + 'px';
        return tr;
    }

    function paint() {
        const first = Math.max(0, Math.floor(main.scrollTop / ROW) - 10);
        const last = Math.min(rows.length, first + Math.ceil(main.clientHeight / ROW) + 20);
        table.setAttribute('aria-rowcount', rows.length + 1);
        body.replaceChildren(space(first * ROW), ...rows.slice(first, last).map((row, i) => line(row, first + i)), space((rows.length - last) * ROW));
        main.querySelector('.empty')?.remove();
        if (rows.length) return;
        const note = document.createElement('p');
        note.className = 'empty';
        note.textContent = all.length ? 'No name matches the search.' : 'No sample is left: the options above leave nothing to show.';
        main.append(note);
    }

    let waiting = false;
    main.addEventListener('scroll', () => {
        if (waiting) return;
        waiting = true;
        requestAnimationFrame(() => { waiting = false; paint(); });
    }, {passive: true});
    new ResizeObserver(paint).observe(main);

    function select(index) {
        selected = Math.max(0, Math.min(rows.length - 1, index));
        const y = selected * ROW;
        if (y < main.scrollTop) main.scrollTop = y;
        if (y + 3 * ROW > main.scrollTop + main.clientHeight) main.scrollTop = y + 3 * ROW - main.clientHeight;
        paint();
        const row = rows[selected];
        if (row) document.getElementById('detail').textContent = `${row[NAME]}: flat ${row[FLAT_TEXT]}, cum ${row[CUM_TEXT]}`;
    }

    keys.on('ArrowDown j', 'Next function', () => select(selected + 1));
    keys.on('ArrowUp k', 'Function before', () => select(selected - 1));
    keys.on('PageDown', 'A page on', () => select(selected + Math.floor(main.clientHeight / ROW) - 1));
    keys.on('PageUp', 'A page back', () => select(selected - Math.floor(main.clientHeight / ROW) + 1));
    keys.on('Home', 'First function', () => select(0));
    keys.on('End', 'Last function', () => select(rows.length - 1));
    keys.on('Enter', 'Callers and callees of the function', () => {
        if (selected >= 0) location.href = 'peek' + url.withParams({f: '^' + quoted(rows[selected][NAME]) + '$', q: '', by: '', up: ''});
    });

    async function reload() {
        const loaded = await load('top');
        meta = loaded.meta;
        all = loaded.rows;
        onMeta(meta);
        arrange();
    }

    arrange();
    document.documentElement.dataset.drawn = Math.round(performance.now());

    return {
        reload,
        find: async text => {
            arrange();
            return text ? `${count(rows.length)} of ${count(all.length)} functions` : `${count(all.length)} functions`;
        },
        async change(changed) {
            if ([...changed].some(name => !['q', 'by', 'up'].includes(name))) await reload();
            else arrange();
        },
        start: () => null,
    };
}
