/* tool/svg.h - what dot draws, made to fill a browser's window and to be moved and zoomed there. */
#ifndef PP_TOOL_SVG_H
#define PP_TOOL_SVG_H

#include "base/arena.h"

/* Width and height become 100 %, the graph gets a group "viewport" around it and the script of svgpan.js. "&;", which some
 * versions of dot write, becomes "&amp;;". */
pp_str pp_svg_massage(struct pp_arena *a, pp_str svg);

#endif
