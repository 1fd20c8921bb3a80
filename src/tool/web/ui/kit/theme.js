// Tokens of style.css for what is drawn on a canvas, and the hue of a package.
let tokens = null;

export function theme() {
    if (tokens) return tokens;
    const style = getComputedStyle(document.documentElement);
    const get = name => style.getPropertyValue('--' + name).trim();
    tokens = {fills: new Map()};
    for (const name of ['page', 'ink', 'quiet', 'line', 'accent', 'match', 'box-light', 'box-chroma', 'box-ink', 'rest', 'dim', 'dim-ink'])
        tokens[name] = get(name);
    tokens.font = style.fontFamily;
    return tokens;
}

export function onThemeChange(listener) {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
        tokens = null;
        listener();
    });
}

// Everything before the function itself: Go's import path and package, C++'s and Rust's namespaces, Java's package.
export function packageOf(name, file) {
    const plain = name.replace(/[(<].*$/, '');
    const scope = plain.lastIndexOf('::');
    if (scope > 0) return plain.slice(0, scope);
    const slash = plain.lastIndexOf('/'), dot = plain.indexOf('.', slash + 1);
    if (dot > 0) return plain.slice(0, dot);
    return file.slice(0, file.lastIndexOf('/'));
}

// Equal lightness and chroma: only the hue says which package.
export function fillOf(key) {
    const t = theme();
    let fill = t.fills.get(key);
    if (fill) return fill;
    let h = 2166136261;
    for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 16777619);
    h ^= h >>> 15;
    fill = `oklch(${t['box-light']} ${t['box-chroma']} ${(h >>> 0) % 360})`;
    t.fills.set(key, fill);
    return fill;
}
