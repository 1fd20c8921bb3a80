// SPDX-License-Identifier: Apache-2.0
#include "endpoint/index.h"

#include "export/profile.h"

static const char head[] = "<html>\n"
                           "<head>\n"
                           "<title>/debug/pprof/</title>\n"
                           "<style>\n"
                           ".profile-name{\n"
                           "\tdisplay:inline-block;\n"
                           "\twidth:6rem;\n"
                           "}\n"
                           "</style>\n"
                           "</head>\n"
                           "<body>\n"
                           "/debug/pprof/\n"
                           "<br>\n"
                           "<p>Set debug=1 as a query parameter to export in legacy text format</p>\n"
                           "<br>\n"
                           "Types of profiles available:\n"
                           "<table>\n"
                           "<thead><td>Count</td><td>Profile</td></thead>\n";

static const char middle[] = "</table>\n"
                             "<a href=\"goroutine?debug=2\">full goroutine stack dump</a>\n"
                             "<br>\n"
                             "<p>\n"
                             "Profile Descriptions:\n"
                             "<ul>\n";

static const char tail[] = "</ul>\n"
                           "</p>\n"
                           "</body>\n"
                           "</html>";

/* By name. kind -1: a page without a count. The texts are Go's: tools and people know them. */
static const struct {
    const char *name;
    int kind;
    const char *description;
} entries[] = {
    {"allocs", PP_EXPORT_ALLOCS, "A sampling of all past memory allocations"},
    {"block", PP_EXPORT_BLOCK, "Stack traces that led to blocking on synchronization primitives"},
    {"cmdline", -1, "The command line invocation of the current program"},
    {"goroutine", PP_EXPORT_THREADS,
     "Stack traces of all current goroutines. Use debug=2 as a query parameter to export in the same format as an "
     "unrecovered panic."},
    {"heap", PP_EXPORT_HEAP,
     "A sampling of memory allocations of live objects. You can specify the gc GET parameter to run GC before taking "
     "the "
     "heap sample."},
    {"mutex", PP_EXPORT_MUTEX, "Stack traces of holders of contended mutexes"},
    {"profile", -1,
     "CPU profile. You can specify the duration in the seconds GET parameter. After you get the profile file, use the "
     "go "
     "tool pprof command to investigate the profile."},
    {"symbol", -1,
     "Maps given program counters to function names. Counters can be specified in a GET raw query or POST body, "
     "multiple "
     "counters are separated by '+'."},
};
#define N_ENTRIES (sizeof entries / sizeof *entries)

void pp_endpoint_html(struct pp_out *o, pp_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        switch (text.p[i]) {
        case '&': pp_out_c(o, "&amp;"); break;
        case '<': pp_out_c(o, "&lt;"); break;
        case '>': pp_out_c(o, "&gt;"); break;
        case '"': pp_out_c(o, "&#34;"); break;
        case '\'': pp_out_c(o, "&#39;"); break;
        default: pp_out_char(o, text.p[i]);
        }
    }
}

void pp_endpoint_index(const struct pp_target *t, struct pp_out *o)
{
    pp_out_c(o, head);
    for (size_t i = 0; i < N_ENTRIES; i++) {
        uint32_t count = entries[i].kind < 0 ? 0 : pp_export_count(&t->ledger, (enum pp_export_kind)entries[i].kind);
        pp_out_fmt(o, "<tr><td>%u</td><td><a href='%s?debug=1'>%s</a></td></tr>\n", count, entries[i].name,
                   entries[i].name);
    }
    pp_out_c(o, middle);
    for (size_t i = 0; i < N_ENTRIES; i++) {
        pp_out_fmt(o, "<li><div class=profile-name>%s: </div> ", entries[i].name);
        pp_endpoint_html(o, pp_str_c(entries[i].description));
        pp_out_c(o, "</li>\n");
    }
    pp_out_c(o, tail);
}
