// Boxes in rows with text that fits: what flame graphs and timelines are drawn with.
import {theme} from './theme.js';

export const ROW = 18;
const PAD = 4, TEXT_MIN = 24;
const widths = new Map();

export function setFont(ctx) {
    ctx.font = `12px ${theme().font}`;
    ctx.textBaseline = 'middle';
}

function widthOf(ctx, text) {
    let w = widths.get(text);
    if (w === undefined) {
        if (widths.size > 50000) widths.clear();
        widths.set(text, w = ctx.measureText(text).width);
    }
    return w;
}

// The first of the texts that fits, else the start of the last one.
export function fit(ctx, texts, width) {
    for (const text of texts) if (text && widthOf(ctx, text) <= width) return text;
    const text = texts[texts.length - 1] || texts[0];
    let n = Math.floor(text.length * width / widthOf(ctx, text)) - 1;
    while (n > 0 && widthOf(ctx, text.slice(0, n) + '\u2026') > width) n--;
    return n > 1 ? text.slice(0, n) + '\u2026' : '';
}

// A box with a gap of one pixel to its right and below; texts may be a function that is only called when there is room.
export function box(ctx, x, y, w, fill, ink, texts) {
    ctx.fillStyle = fill;
    ctx.fillRect(x, y, w > 2 ? w - 1 : w, ROW - 1);
    if (w < TEXT_MIN) return;
    const left = Math.max(x, 0), text = fit(ctx, texts(), Math.min(x + w, ctx.canvas.clientWidth) - left - 2 * PAD);
    if (!text) return;
    ctx.fillStyle = ink;
    ctx.fillText(text, left + PAD, y + ROW / 2);
}

export function ring(ctx, x, y, w, colour) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2;
    ctx.strokeRect(x + 1, y + 1, Math.max(w - 3, 1), ROW - 3);
}
