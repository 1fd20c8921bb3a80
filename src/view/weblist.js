// Source lines that have instructions open and close: by click, Enter, Space; "a" opens or closes all of a page.
(function () {
  'use strict';
  function asmOf(line) {
    var next = line && line.nextElementSibling;
    return next && next.className === 'asm' ? next : null;
  }
  function show(line, open) {
    var asm = asmOf(line);
    if (!asm) return;
    asm.style.display = open ? 'block' : '';
    line.setAttribute('aria-expanded', String(open));
  }
  function isOpen(line) { return line.getAttribute('aria-expanded') === 'true'; }
  window.pprof_toggle_asm = function (e) {
    var line = e.target.closest && e.target.closest('.livesrc');
    if (line && String(window.getSelection())) return; // text is being marked, not a line opened
    if (line) show(line, !isOpen(line));
  };
  document.addEventListener('DOMContentLoaded', function () {
    var lines = document.querySelectorAll('.livesrc');
    lines.forEach(function (line) {
      line.tabIndex = 0;
      line.setAttribute('role', 'button');
      line.setAttribute('aria-expanded', 'false');
    });
    document.addEventListener('keydown', function (e) {
      if (e.ctrlKey || e.altKey || e.metaKey) return;
      var line = document.activeElement;
      if ((e.key === 'Enter' || e.key === ' ') && asmOf(line)) {
        show(line, !isOpen(line));
        e.preventDefault();
      } else if (e.key === 'a') {
        var open = !Array.prototype.every.call(lines, isOpen);
        lines.forEach(function (l) { show(l, open); });
      }
    });
  });
})();
