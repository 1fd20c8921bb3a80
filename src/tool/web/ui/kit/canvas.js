// A canvas that fills its scrolling parent's window and is drawn at most once a frame, when asked.
export class Canvas {
    // draw(ctx, width, height, top): top is how far the parent is scrolled.
    constructor(parent, draw) {
        this.parent = parent;
        this.draw = draw;
        this.element = document.createElement('canvas');
        this.element.className = 'drawing';
        this.element.setAttribute('aria-hidden', 'true');
        this.spacer = document.createElement('div');
        this.spacer.setAttribute('aria-hidden', 'true');
        parent.append(this.element, this.spacer);
        this.ctx = this.element.getContext('2d', {alpha: false});
        this.waiting = false;
        this.fullHeight = 0;
        new ResizeObserver(() => this.resize()).observe(parent);
        parent.addEventListener('scroll', () => this.ask(), {passive: true});
        this.measure();
    }

    // How high the drawing would be if the window were.
    setFullHeight(height) {
        this.fullHeight = height;
        this.spacer.style.height = Math.max(0, height - this.height) + 'px';
        this.ask();
    }

    resize() {
        this.measure();
        this.paint();
    }

    measure() {
        const scale = devicePixelRatio || 1;
        this.width = this.parent.clientWidth;
        this.height = this.parent.clientHeight;
        this.element.style.height = this.height + 'px';
        this.element.width = Math.round(this.width * scale);
        this.element.height = Math.round(this.height * scale);
        this.ctx.setTransform(scale, 0, 0, scale, 0, 0);
        this.spacer.style.height = Math.max(0, this.fullHeight - this.height) + 'px';
    }

    ask() {
        if (this.waiting) return;
        this.waiting = true;
        requestAnimationFrame(() => this.paint());
    }

    paint() {
        this.waiting = false;
        if (this.width && this.height) this.draw(this.ctx, this.width, this.height, this.parent.scrollTop);
    }

    // Of a mouse event, in drawing coordinates.
    point(event) {
        const box = this.element.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top + this.parent.scrollTop];
    }
}
