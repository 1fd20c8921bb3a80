// The frame around the views: facts, tabs, search, options. All options live in the URL (kit/url.js).
import {page, count} from './kit/data.js';
import * as keys from './kit/keys.js';
import * as url from './kit/url.js';
import * as flame from './flame.js';
import * as top from './top.js';

const $ = id => document.getElementById(id);
const views = {flamegraph: flame, top};
const refinements = [
    ['f', 'Focus', 'only stacks through what matches'], ['i', 'Ignore', 'no stacks through what matches'],
    ['h', 'Hide', 'frames that match are taken out'], ['s', 'Show', 'only frames that match'],
    ['sf', 'Show from', 'frames above the first match are taken out'],
    ['tf', 'Tag focus', 'only samples with such a tag'], ['ti', 'Tag ignore', 'no samples with such a tag'],
    ['ts', 'Tag show', 'only such tags'], ['th', 'Tag hide', 'no such tags'],
    ['n', 'Nodes', 'how many at most'], ['g', 'Granularity', ''], ['unit', 'Unit', 'ms, MB, ...'],
];
const granularities = ['', 'functions', 'filefunctions', 'files', 'lines', 'addresses'];
const own = ['z', 'w', 'q', 'inv', 'flip', 'by', 'up']; // of one view: not carried to another
const asked = ['format', 'path', 'prune', 'invert', 'find', 'nodes']; // of data that a page loaded

let view = null, meta = page.meta;

function element(tag, properties = {}, ...children) {
    const e = Object.assign(document.createElement(tag), properties);
    e.append(...children);
    return e;
}

function facts() {
    $('file').textContent = meta.file;
    $('total').textContent = meta.total_text;
    $('total').title = 'Total: what 100 % is';
    const line = meta.legend.find(l => l.startsWith('Duration: ')) || '';
    $('duration').textContent = line.replace(/^Duration: /, 'in ').replace(/, Total samples.*/, '');
    $('samples').textContent = `${count(meta.samples)} ${meta.samples === 1 ? 'sample' : 'samples'}`;
    $('samples').title = meta.legend.join('\n');
    $('type').replaceChildren(...meta.types.map((name, i) => element('option', {value: name, textContent: name, selected: i === meta.type_index})));
    $('type').disabled = meta.types.length < 2;
    $('doc').hidden = !meta.doc;
    if (meta.doc) $('doc').href = meta.doc;
    if (meta.errors.length) say(meta.errors.join('\n'));
}

function tabs() {
    const leave = Object.fromEntries(own.map(name => [name, '']));
    for (const link of document.querySelectorAll('nav a')) {
        const name = link.dataset.view;
        link.href = name + url.withParams(leave);
        if (name === page.view) link.setAttribute('aria-current', 'page');
    }
    document.querySelector('a[download]').href = 'download';
}

function chips() {
    $('chips').replaceChildren(...refinements.filter(([name]) => url.get(name)).map(([name, title]) => element('span', {className: 'chip'},
        `${title}: ${url.get(name)} `, element('button', {textContent: '\u00d7', ariaLabel: `Remove ${title}`, onclick: () => change({[name]: ''})}))));
}

function say(text) {
    $('problem').textContent = text;
    $('problem').hidden = !text;
}

// Options of the report changed: drawn again where the view can, else the page is loaded again.
function change(changes) {
    changes = {...changes, z: '', w: ''};
    if (view) url.set(changes);
    else location.search = url.withParams(changes);
}

function panels() {
    const panel = $('refine-panel');
    for (const [name, title, hint] of refinements) {
        const input = name === 'g'
            ? element('select', {id: 'option-g', name}, ...granularities.map(g => element('option', {value: g, textContent: g || 'default'})))
            : element('input', {id: 'option-' + name, name, placeholder: hint, autocomplete: 'off', spellcheck: false});
        panel.append(element('label', {htmlFor: 'option-' + name, textContent: title}), input);
    }
    panel.append(element('div', {className: 'end'}, element('button', {type: 'button', textContent: 'Reset', onclick: () => {
        change(Object.fromEntries(refinements.map(([name]) => [name, ''])));
        toggle('refine', false);
    }}), element('button', {textContent: 'Apply'})));
    panel.onsubmit = event => {
        event.preventDefault();
        change(Object.fromEntries(refinements.map(([name]) => [name, panel.elements[name].value])));
        toggle('refine', false);
    };
}

function toggle(name, open = $(name + '-panel').hidden) {
    for (const other of ['refine', 'settings']) {
        const show = other === name && open;
        $(other + '-panel').hidden = !show;
        $(other).setAttribute('aria-expanded', show);
    }
    if (!open) {
        $(name).focus();
        return;
    }
    if (name === 'refine') for (const [option] of refinements) $('refine-panel').elements[option].value = url.get(option);
    if (name === 'settings') settings();
    $(name + '-panel').querySelector('input, a')?.focus();
}

async function post(path) {
    const answer = await fetch(path, {method: 'POST'});
    if (!answer.ok) {
        say((await answer.text()).trim());
        return;
    }
    location.reload();
}

function settings() {
    const name = element('input', {placeholder: 'Name', ariaLabel: 'Name of the settings to save'});
    const list = meta.configs.map(config => {
        const query = new URLSearchParams(config.url);
        for (const name of asked) query.delete(name);
        const row = element('div', {}, element('a', {href: page.view + '?' + query, textContent: config.name}), config.current ? ' (current)' : '');
        if (config.user) row.append(' ', element('button', {textContent: 'Delete', ariaLabel: `Delete ${config.name}`,
            onclick: () => post('deleteconfig' + url.withParams({config: config.name}, new URLSearchParams()))}));
        return row;
    });
    const save = () => post('saveconfig' + url.withParams({config: name.value}));
    name.onkeydown = event => { if (event.key === 'Enter') save(); };
    $('settings-panel').replaceChildren(...list, element('div', {}, name, ' ', element('button', {textContent: 'Save current options', onclick: save})));
}

async function search() {
    const text = url.get('q');
    if ($('search').value !== text) $('search').value = text;
    try {
        $('found').textContent = view ? await view.find(text) : '';
        say('');
    } catch (problem) {
        if (problem.name !== 'AbortError') say(problem.message);
    }
}

async function guarded(work) {
    try {
        say('');
        await work();
        chips();
    } catch (problem) {
        if (problem.name !== 'AbortError') say(problem.message);
    }
}

function start() {
    facts();
    tabs();
    chips();
    panels();
    const module = views[page.view];
    if (module) view = module.mount($('main'), $('view-tools'), page, loaded => { meta = loaded; facts(); });
    else document.documentElement.dataset.drawn = Math.round(performance.now());
    $('search').hidden = !view;
    if (!view && !$('main').firstElementChild) $('main').append(element('p', {className: 'empty', textContent: 'No sample is left: the options above leave nothing to show.'}));

    $('type').onchange = () => change({si: $('type').value});
    $('refine').onclick = () => toggle('refine');
    $('settings').onclick = () => toggle('settings');
    $('keys').onclick = () => keys.showHelp($('help'));
    let timer;
    $('search').oninput = () => {
        clearTimeout(timer);
        timer = setTimeout(() => url.set({q: $('search').value}, {replace: true}), 120);
    };
    $('search').onkeydown = event => { if (event.key === 'Escape' || event.key === 'Enter') $('main').focus(); };
    for (const name of ['refine', 'settings'])
        $(name + '-panel').addEventListener('keydown', event => { if (event.key === 'Escape') toggle(name, false); });

    keys.on('/', 'Search', () => $('search').focus());
    keys.on('r', 'Refine: focus, ignore, hide, tags', () => toggle('refine'));
    for (const [i, link] of [...document.querySelectorAll('nav a')].entries())
        keys.on(String(i + 1), `View: ${link.textContent}`, () => { location.href = link.href; });
    keys.on('?', 'This list', () => keys.showHelp($('help')));

    url.onChange(changed => {
        tabs();
        if (!view) return location.reload();
        guarded(async () => {
            const options = [...changed].filter(name => name !== 'q');
            if (options.length) await view.change(changed);
            if (changed.has('q') || options.some(name => !['w', 'flip', 'by', 'up'].includes(name))) await search();
        });
    });
    guarded(async () => {
        if (view) await view.start();
        if (view && (url.get('q') || page.view === 'top')) await search();
        if (meta.errors.length) say(meta.errors.join('\n'));
    });
}

start();
