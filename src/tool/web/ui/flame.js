// The flame graph: a tree on a canvas, and the same tree as a treegrid for the keyboard and for screen readers.
import {Canvas} from './kit/canvas.js';
import {load, valueText, shareText, count} from './kit/data.js';
import * as keys from './kit/keys.js';
import {theme, onThemeChange, packageOf, fillOf} from './kit/theme.js';
import {ROW, box, ring, setFont} from './kit/tiles.js';
import * as url from './kit/url.js';

const MIN_PIXELS = 0.7; // narrower boxes are not drawn one by one

// The server's breadth-first columns as arrays to walk in; frames of a path stand above the root.
class Tree {
    constructor(meta, flame) {
        Object.assign(this, {meta, flame, n: flame.frame.length, above: flame.above});
        this.value = flame.value;
        this.weight = flame.weight || flame.value;
        this.first = new Uint32Array(this.n);
        this.parent = new Int32Array(this.n).fill(-1);
        this.depth = new Uint32Array(this.n);
        this.x = new Float64Array(this.n); // in weight, from the root's left edge
        this.self = Float64Array.from(this.value);
        this.rest = new Map();
        for (const [node, frames, value, weight] of flame.rest) {
            this.rest.set(node, {frames, value, weight});
            this.self[node] -= value;
        }
        this.layOut();
        this.fills = flame.names.map((name, i) => fillOf(packageOf(name, flame.file_names[flame.files[i]] || '')));
    }

    layOut() {
        const children = this.flame.children;
        this.rows = 1;
        for (let i = 0, next = 1; i < this.n; i++) {
            this.first[i] = next;
            let x = this.x[i];
            for (let k = 0; k < children[i]; k++, next++) {
                this.parent[next] = i;
                this.depth[next] = this.depth[i] + 1;
                this.x[next] = x;
                x += this.weight[next];
                this.self[i] -= this.value[next];
            }
            const rest = this.rest.get(i);
            if (rest) rest.x = x;
            if (children[i] || rest) this.rows = Math.max(this.rows, this.depth[i] + 2);
        }
    }

    get height() { return (this.above.length + this.rows) * ROW; }

    frameName(frame) { return frame < 0 ? 'all' : this.flame.names[frame]; }

    texts(frame) {
        if (frame < 0) return ['all'];
        const name = this.flame.names[frame], short = this.flame.shorts[frame];
        return short ? [name, short] : [name];
    }

    file(frame) { return frame < 0 ? '' : this.flame.file_names[this.flame.files[frame]] || ''; }

    // Places from all samples to a node, as `path` wants them.
    path(node) {
        const places = [];
        for (let i = node; i > 0; i = this.parent[i]) places.push(this.flame.places[this.flame.frame[i]]);
        return [...this.flame.path, ...places.reverse()];
    }
}

export function mount(main, tools, data, onMeta) {
    const scroller = main;
    let tree = new Tree(data.meta, data.flame);
    let from = 0, to = 1;      // the part of the root that is in the window
    let focus = 0, hover = null; // nodes; hover may also be {rest} or {above}
    let matches = null;        // Set of places

    const canvas = new Canvas(scroller, draw);
    const grid = document.createElement('div');
    grid.className = 'tree';
    grid.tabIndex = 0;
    grid.setAttribute('role', 'treegrid');
    grid.setAttribute('aria-label', 'Flame graph: functions by what they call');
    scroller.prepend(grid);
    const flip = button('Flame', 'Root at the bottom', () => url.set({flip: url.get('flip') ? '' : '1'}, {replace: true}));
    const invert = button('Inverted', 'Leaves first, callers below', () => url.set({inv: url.get('inv') ? '' : '1', z: '', w: ''}));
    const back = button('All', 'Back to all samples', () => zoomTo([]));
    tools.replaceChildren(back, invert, flip);

    function button(text, title, act) {
        const b = document.createElement('button');
        b.textContent = text;
        b.title = title;
        b.onclick = act;
        return b;
    }

    const root = () => tree.weight[0] || 1;
    const scale = width => width / ((to - from) * root());
    const flipped = () => url.get('flip') === '1';

    // Top of a row, in drawing coordinates.
    function rowTop(row, height) {
        return flipped() ? Math.max(height, tree.height) - (row + 1) * ROW : row * ROW;
    }

    function draw(ctx, width, height, top) {
        const t = theme();
        ctx.fillStyle = t.page;
        ctx.fillRect(0, 0, width, height);
        setFont(ctx);
        tree.above.forEach(([frame], row) => {
            const y = rowTop(row, height) - top;
            if (y > -ROW && y < height) paintFrame(ctx, t, frame, 0, y, width);
        });
        const k = scale(width), left = from * root();
        for (let i = 0; i < tree.n; i++) {
            const y = rowTop(tree.above.length + tree.depth[i], height) - top;
            const x = (tree.x[i] - left) * k, w = tree.weight[i] * k;
            if (y > -ROW && y < height && x < width && x + w > 0) {
                if (w >= MIN_PIXELS) paintFrame(ctx, t, tree.flame.frame[i], x, y, w);
                else shade(ctx, t, x, y, w);
            }
            const rest = tree.rest.get(i);
            if (rest) paintRest(ctx, t, rest, (rest.x - left) * k, y + (flipped() ? -ROW : ROW), rest.weight * k, width, height);
        }
        if (document.activeElement === grid) paintRing(ctx, t, focus, k, left, top, height);
        else if (typeof hover === 'number') paintRing(ctx, t, hover, k, left, top, height);
        if (!tree.weight[0]) paintEmpty();
    }

    function paintFrame(ctx, t, frame, x, y, w) {
        const found = !matches || (frame >= 0 && matches.has(tree.flame.places[frame]));
        const fill = frame < 0 ? t.rest : found ? tree.fills[frame] : t.dim;
        box(ctx, x, y, w, fill, found || frame < 0 ? t['box-ink'] : t['dim-ink'], () => tree.texts(frame));
        if (matches && found) {
            ctx.fillStyle = t.match;
            ctx.fillRect(x, y + ROW - 3, w > 2 ? w - 1 : w, 2);
        }
    }

    // What is too narrow for a box: many of them side by side make a grey as strong as they are wide.
    function shade(ctx, t, x, y, w) {
        ctx.fillStyle = t.rest;
        ctx.fillRect(x, y, w, ROW - 1);
    }

    function paintRest(ctx, t, rest, x, y, w, width, height) {
        if (y <= -ROW || y >= height || x >= width || x + w <= 0) return;
        if (w < 3) shade(ctx, t, x, y, w);
        else box(ctx, x, y, w, t.rest, t.quiet, () => [restText(rest), count(rest.frames)]);
    }

    function paintRing(ctx, t, node, k, left, top, height) {
        const y = rowTop(tree.above.length + tree.depth[node], height) - top;
        ring(ctx, (tree.x[node] - left) * k, y, tree.weight[node] * k, t.accent);
    }

    function paintEmpty() {
        if (scroller.querySelector('.empty')) return;
        const note = document.createElement('p');
        note.className = 'empty';
        note.textContent = tree.meta.samples
            ? 'No sample is left: the options above leave nothing to show, or all values of this sample type are 0.'
            : 'The profile has no samples.';
        scroller.append(note);
    }

    function restText(rest) {
        return `${count(rest.frames)} ${rest.frames === 1 ? 'frame' : 'frames'}, ${shareText(rest.value, tree.meta.total)}`;
    }

    // What is at a point: a node, {rest, node}, {above} or null.
    function at(px, py) {
        const height = canvas.height, width = canvas.width;
        const row = flipped() ? Math.floor((Math.max(height, tree.height) - py) / ROW) : Math.floor(py / ROW);
        if (row < tree.above.length) return row < 0 ? null : {above: row};
        const depth = row - tree.above.length, where = from * root() + px / scale(width);
        let node = 0;
        if (where < 0 || where > root()) return null;
        while (tree.depth[node] < depth) {
            const next = childAt(node, where);
            if (next === null) return null;
            if (typeof next === 'object') return tree.depth[node] + 1 === depth ? next : null;
            node = next;
        }
        return node;
    }

    function childAt(node, where) {
        for (let i = tree.first[node], end = i + tree.flame.children[node]; i < end; i++)
            if (where >= tree.x[i] && where < tree.x[i] + tree.weight[i]) return i;
        const rest = tree.rest.get(node);
        return rest && where >= rest.x && where < rest.x + rest.weight ? {rest, node} : null;
    }

    const detail = document.getElementById('detail');
    function span(className, text) {
        const s = document.createElement('span');
        s.className = className;
        s.textContent = text;
        return s;
    }

    function describe(what) {
        if (what === null || what === undefined) {
            detail.replaceChildren(span('where', 'Click a box to zoom; ? lists the keys'));
        } else if (typeof what === 'object' && what.rest) {
            detail.replaceChildren(span('name', `${restText(what.rest)}: too narrow here, zoom in to see them`),
                span('', valueText(tree.meta, what.rest.value)));
        } else {
            const frame = typeof what === 'object' ? tree.above[what.above][0] : tree.flame.frame[what];
            const value = typeof what === 'object' ? tree.above[what.above][1] : tree.value[what];
            const parts = [span('name', tree.frameName(frame)), span('', `${valueText(tree.meta, value)} (${shareText(value, tree.meta.total)})`)];
            if (typeof what === 'number' && tree.self[what]) parts.push(span('', `self ${valueText(tree.meta, tree.self[what])} (${shareText(tree.self[what], tree.meta.total)})`));
            parts.push(span('where', tree.file(frame)));
            detail.replaceChildren(...parts);
        }
    }

    // The path from the root to the focus, and what lies beside and below it: enough to walk everywhere.
    function fillGrid() {
        const rows = [], chain = [];
        for (let i = focus; i >= 0; i = tree.parent[i]) chain.unshift(i);
        const add = node => {
            const row = document.createElement('div'), level = tree.above.length + tree.depth[node] + 1;
            const p = tree.parent[node];
            row.id = 'node' + node;
            row.setAttribute('role', 'row');
            row.setAttribute('aria-level', level);
            row.setAttribute('aria-posinset', p < 0 ? 1 : node - tree.first[p] + 1);
            row.setAttribute('aria-setsize', p < 0 ? 1 : tree.flame.children[p]);
            if (tree.flame.children[node]) row.setAttribute('aria-expanded', chain.includes(node));
            row.setAttribute('aria-selected', node === focus);
            for (const text of [tree.frameName(tree.flame.frame[node]), `total ${valueText(tree.meta, tree.value[node])}`,
                shareText(tree.value[node], tree.meta.total), `self ${valueText(tree.meta, tree.self[node])}`]) {
                const cell = document.createElement('span');
                cell.setAttribute('role', 'gridcell');
                cell.textContent = text;
                row.append(cell);
            }
            rows.push(row);
        };
        const children = node => { for (let i = 0; i < Math.min(tree.flame.children[node], 50); i++) add(tree.first[node] + i); };
        for (const node of chain.slice(0, -1)) add(node);
        const p = tree.parent[focus];
        if (p < 0) add(focus);
        else for (let i = Math.max(tree.first[p], focus - 25); i < Math.min(tree.first[p] + tree.flame.children[p], focus + 25); i++) add(i);
        children(focus);
        grid.replaceChildren(...rows);
        grid.setAttribute('aria-activedescendant', 'node' + focus);
    }

    function setFocus(node) {
        focus = node;
        fillGrid();
        describe(focus);
        reveal(focus);
        canvas.ask();
    }

    // Scrolls and pans as little as needed to see a node.
    function reveal(node) {
        const y = rowTop(tree.above.length + tree.depth[node], canvas.height);
        if (y < scroller.scrollTop) scroller.scrollTop = y;
        if (y + ROW > scroller.scrollTop + canvas.height) scroller.scrollTop = y + ROW - canvas.height;
        const left = tree.x[node] / root(), right = (tree.x[node] + tree.weight[node]) / root();
        if (left < to && right > from) return;
        const size = to - from, middle = (left + right) / 2;
        setWindow(middle - size / 2, middle + size / 2);
    }

    function setWindow(a, b) {
        const size = Math.min(1, Math.max(b - a, 1e-9));
        from = Math.min(Math.max(0, a), 1 - size);
        to = from + size;
        canvas.ask();
        clearTimeout(settle.timer);
        settle.timer = setTimeout(settle, 250);
    }

    // Once the reader stopped: what the window shows goes into the URL, and if one box fills it, what is below that is loaded.
    function settle() {
        let node = 0;
        for (;;) {
            const next = childAt(node, (from + to) / 2 * root());
            if (typeof next !== 'number' || tree.x[next] > from * root() || tree.x[next] + tree.weight[next] < to * root()) break;
            node = next;
        }
        const relative = [(from * root() - tree.x[node]) / (tree.weight[node] || 1), (to * root() - tree.x[node]) / (tree.weight[node] || 1)];
        const all = relative[0] <= 0 && relative[1] >= 1;
        url.set({z: tree.path(node).join('.'), w: all ? '' : relative.map(v => v.toPrecision(6)).join('_')}, {replace: true});
    }

    function readWindow() {
        const [a, b] = url.get('w').split('_').map(Number);
        from = 0;
        to = 1;
        if (b > a && a >= 0 && b <= 1) [from, to] = [a, b];
    }

    function zoomTo(path) {
        url.set({z: path.join('.'), w: ''});
    }

    function zoomAt(what) {
        if (what === null || what === undefined) return;
        if (typeof what === 'number') zoomTo(tree.path(what));
        else if (what.rest) zoomTo(tree.path(what.node));
        else zoomTo(tree.flame.path.slice(0, what.above));
    }

    // Draws what is here already for a new path, until its own data comes.
    function previewZoom() {
        const path = url.get('z') ? url.get('z').split('.').map(Number) : [];
        let node = 0;
        if (tree.flame.path.some((place, i) => path[i] !== place)) return;
        for (const place of path.slice(tree.flame.path.length)) {
            let next = -1;
            for (let i = tree.first[node], end = i + tree.flame.children[node]; i < end; i++)
                if (tree.flame.places[tree.flame.frame[i]] === place) next = i;
            if (next < 0) return;
            node = next;
        }
        from = tree.x[node] / root();
        to = from + tree.weight[node] / root();
        canvas.ask();
    }

    function options() {
        const more = {prune: (MIN_PIXELS / Math.max(canvas.width, 300)).toPrecision(4)};
        if (url.get('z')) more.path = url.get('z');
        if (url.get('inv')) more.invert = 1;
        return more;
    }

    async function reload() {
        const loaded = await load('flamegraph', options());
        show(loaded);
        onMeta(loaded.meta);
    }

    function show(loaded) {
        tree = new Tree(loaded.meta, loaded.flame);
        focus = 0;
        hover = null;
        readWindow();
        scroller.querySelector('.empty')?.remove();
        canvas.setFullHeight(tree.height);
        if (flipped()) scroller.scrollTop = scroller.scrollHeight;
        back.disabled = !tree.flame.path.length;
        flip.setAttribute('aria-pressed', flipped());
        invert.setAttribute('aria-pressed', tree.flame.inverted);
        fillGrid();
        describe(null);
        canvas.paint();
    }

    // The search: which frames match, and what all stacks through them are worth.
    async function find(text) {
        if (!text) {
            matches = null;
            canvas.ask();
            return '';
        }
        const {find: found} = await load('flamegraph', {...options(), find: text, nodes: 0}, 'find');
        matches = new Set(found.places);
        canvas.ask();
        const frames = `${count(found.places.length)} ${found.places.length === 1 ? 'function' : 'functions'}`;
        return `${frames}, ${valueText(tree.meta, found.value)} (${shareText(found.value, tree.meta.total)})`;
    }

    // Depth first, so that the next match is the one below or to the right.
    function nextMatch(step) {
        if (!matches) return;
        const order = [], stack = [0];
        while (stack.length) {
            const node = stack.pop();
            if (matches.has(tree.flame.places[tree.flame.frame[node]])) order.push(node);
            for (let i = tree.flame.children[node] - 1; i >= 0; i--) stack.push(tree.first[node] + i);
        }
        if (!order.length) return;
        const i = order.indexOf(focus);
        setFocus(order[i < 0 ? (step > 0 ? 0 : order.length - 1) : (i + step + order.length) % order.length]);
        grid.focus({preventScroll: true});
    }

    canvas.element.addEventListener('mousemove', event => {
        if (drag) return;
        const what = at(...canvas.point(event));
        canvas.element.style.cursor = what === null ? '' : 'pointer';
        if (what !== hover) {
            hover = what;
            describe(hover);
            canvas.ask();
        }
    });
    canvas.element.addEventListener('mouseleave', () => {
        hover = null;
        describe(document.activeElement === grid ? focus : null);
        canvas.ask();
    });

    // A drag pans, with shift it picks the part to zoom to, and a press that doesn't move is a click.
    let drag = null;
    canvas.element.addEventListener('pointerdown', event => {
        if (event.button) return;
        drag = {x: event.clientX, from, to, moved: false, box: event.shiftKey};
        canvas.element.setPointerCapture(event.pointerId);
    });
    canvas.element.addEventListener('pointermove', event => {
        if (!drag) return;
        const dx = event.clientX - drag.x;
        if (Math.abs(dx) > 3) drag.moved = true;
        if (drag.moved && !drag.box) {
            const by = dx / canvas.width * (drag.to - drag.from);
            setWindow(drag.from - by, drag.to - by);
        }
    });
    canvas.element.addEventListener('pointerup', event => {
        const done = drag;
        drag = null;
        if (!done) return;
        if (!done.moved) {
            zoomAt(at(...canvas.point(event)));
        } else if (done.box) {
            const left = canvas.element.getBoundingClientRect().left, size = to - from;
            const [a, b] = [done.x - left, event.clientX - left].sort((p, q) => p - q);
            setWindow(from + a / canvas.width * size, from + b / canvas.width * size);
        }
    });
    canvas.element.addEventListener('wheel', event => {
        if (!event.ctrlKey && !event.altKey && !event.deltaX) return;
        event.preventDefault();
        if (event.ctrlKey || event.altKey) zoomBy(Math.exp(event.deltaY / 300), canvas.point(event)[0] / canvas.width);
        else panBy(event.deltaX / canvas.width);
    }, {passive: false});

    function zoomBy(factor, where = 0.5) {
        const middle = from + where * (to - from);
        setWindow(middle - (middle - from) * factor, middle + (to - middle) * factor);
    }

    function panBy(share) {
        const by = share * (to - from);
        setWindow(from + by, to + by);
    }

    function moveFocus(direction) {
        const p = tree.parent[focus];
        if (direction === 'out' && p >= 0) setFocus(p);
        if (direction === 'in' && tree.flame.children[focus]) setFocus(tree.first[focus]);
        if (direction === 'left' && p >= 0 && focus > tree.first[p]) setFocus(focus - 1);
        if (direction === 'right' && p >= 0 && focus + 1 < tree.first[p] + tree.flame.children[p]) setFocus(focus + 1);
        grid.focus({preventScroll: true});
    }

    keys.on('ArrowDown', 'To the heaviest function that it calls', () => moveFocus(flipped() ? 'out' : 'in'));
    keys.on('ArrowUp', 'To the caller', () => moveFocus(flipped() ? 'in' : 'out'));
    keys.on('ArrowLeft', 'To the neighbour that is heavier', () => moveFocus('left'));
    keys.on('ArrowRight', 'To the neighbour that is lighter', () => moveFocus('right'));
    keys.on('Enter', 'Zoom to the function', () => zoomAt(focus));
    keys.on('Escape Backspace', 'Zoom out by one caller', () => zoomTo(tree.flame.path.slice(0, -1)));
    keys.on('0', 'Zoom out to all samples', () => zoomTo([]));
    keys.on('+ w', 'Zoom in', () => zoomBy(0.7));
    keys.on('- s', 'Zoom out', () => zoomBy(1 / 0.7));
    keys.on('a', 'Pan left', () => panBy(-0.2));
    keys.on('d', 'Pan right', () => panBy(0.2));
    keys.on('n', 'Next match of the search', () => nextMatch(1));
    keys.on('N', 'Match before', () => nextMatch(-1));
    keys.on('i', 'Inverted: leaves first', () => invert.click());
    keys.on('f', 'Flames: root at the bottom', () => flip.click());
    keys.on('c', 'Copy the name of the function', () => {
        const node = typeof hover === 'number' ? hover : focus;
        navigator.clipboard?.writeText(tree.frameName(tree.flame.frame[node]));
    });

    grid.addEventListener('focus', () => { describe(focus); canvas.ask(); });
    grid.addEventListener('blur', () => canvas.ask());
    onThemeChange(() => show({meta: tree.meta, flame: tree.flame}));

    // Data that came with the page is of the whole tree at a default width.
    show(data);
    document.documentElement.dataset.drawn = Math.round(performance.now());

    return {
        find,
        reload,
        async change(changed) {
            if (changed.has('flip')) show({meta: tree.meta, flame: tree.flame});
            if (changed.has('w') && !changed.has('z')) readWindow();
            const path = url.get('z') === tree.flame.path.join('.');
            const other = [...changed].some(name => !['z', 'w', 'q', 'flip'].includes(name));
            if (path && !other) {
                readWindow();
                canvas.ask();
                return;
            }
            if (!other) previewZoom();
            await reload();
        },
        start: () => url.get('z') || url.get('inv') ? reload() : null,
    };
}

