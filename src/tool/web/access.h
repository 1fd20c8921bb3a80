/* tool/web/access.h - whose requests are answered: profiles show a program's inside, source pages show files.
 *
 * The Host header must be a loopback name, the name given to -http, or one of -http_allow_host, with any port (ssh -L works): a page
 * whose name was made to point here brings its own name. Behind an address that is not loopback an IP literal is as good: no name
 * was resolved. What changes settings must also come from a page of ours, or from no page.   May run: cold code.
 */
#ifndef PP_TOOL_WEB_ACCESS_H
#define PP_TOOL_WEB_ACCESS_H

#include "base/str.h"

/* own: the host of -http; allowed: names with commas between them. */
bool pp_web_host_allowed(pp_str host_header, pp_str own, pp_str allowed);

/* origin and fetch_site: headers of these names, "" if not sent. */
bool pp_web_same_origin(pp_str host_header, pp_str origin, pp_str fetch_site);

/* localhost, 127.0.0.1, ::1 and [::1]: with one of these -http answers clients of this machine only. */
bool pp_web_is_localhost(pp_str host);

#endif
