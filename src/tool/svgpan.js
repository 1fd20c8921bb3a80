// Moves and zooms the group "viewport" of an SVG file: drag to move, wheel to zoom at the pointer, two fingers for both.
(function () {
  "use strict";
  var svg = document.documentElement;
  var view = null;
  var held = new Map(); // pointerId -> last place in the SVG's coordinates

  function group() {
    if (!view) view = svg.getElementById("viewport");
    return view;
  }

  function place(event) {
    var p = svg.createSVGPoint();
    p.x = event.clientX;
    p.y = event.clientY;
    return p.matrixTransform(svg.getScreenCTM().inverse());
  }

  function apply(change) {
    var list = group().transform.baseVal;
    var now = list.consolidate();
    var next = now ? change.multiply(now.matrix) : change;
    list.initialize(list.createSVGTransformFromMatrix(next));
  }

  // Keeps `at` where it is while everything grows by `factor`.
  function zoom(at, factor) {
    apply(svg.createSVGMatrix().translate(at.x, at.y).scale(factor).translate(-at.x, -at.y));
  }

  function middle(a, b) {
    var p = svg.createSVGPoint();
    p.x = (a.x + b.x) / 2;
    p.y = (a.y + b.y) / 2;
    return p;
  }

  function distance(a, b) {
    return Math.hypot(a.x - b.x, a.y - b.y);
  }

  svg.addEventListener("wheel", function (event) {
    event.preventDefault();
    var lines = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    zoom(place(event), Math.pow(1.002, -lines));
  }, {passive: false});

  svg.addEventListener("pointerdown", function (event) {
    held.set(event.pointerId, place(event));
    svg.setPointerCapture(event.pointerId);
  });

  svg.addEventListener("pointermove", function (event) {
    var old = held.get(event.pointerId);
    if (!old) return;
    var now = place(event);
    var other = null;
    held.forEach(function (p, id) {
      if (id !== event.pointerId) other = p;
    });
    if (other) {
      var before = distance(old, other);
      if (before > 0) zoom(other, distance(now, other) / before);
      var from = middle(old, other), to = middle(now, other);
      apply(svg.createSVGMatrix().translate((to.x - from.x) / 2, (to.y - from.y) / 2));
    } else {
      apply(svg.createSVGMatrix().translate(now.x - old.x, now.y - old.y));
    }
    held.set(event.pointerId, now);
  });

  function release(event) {
    held.delete(event.pointerId);
  }
  svg.addEventListener("pointerup", release);
  svg.addEventListener("pointercancel", release);
})();
