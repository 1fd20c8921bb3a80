/* tool/web/mhd.h - libmicrohttpd, loaded on first use: linking it would cost every start of the tool 2 ms.
 *
 * Only the functions that server.c calls, by the names of microhttpd.h without "MHD_".   Threads: one loads it; any afterwards.
 */
#ifndef PP_TOOL_WEB_MHD_H
#define PP_TOOL_WEB_MHD_H

#include <microhttpd.h>

#include "base/err.h"

struct pp_mhd {
    __typeof__(&MHD_start_daemon) start_daemon;
    __typeof__(&MHD_create_response_from_buffer) create_response_from_buffer;
    __typeof__(&MHD_add_response_header) add_response_header;
    __typeof__(&MHD_queue_response) queue_response;
    __typeof__(&MHD_destroy_response) destroy_response;
    __typeof__(&MHD_lookup_connection_value) lookup_connection_value;
    __typeof__(&MHD_get_connection_info) get_connection_info;
};

/* Loads it the first time; the same answer afterwards. */
enum pp_code pp_mhd_load(const struct pp_mhd **ret_mhd, struct pp_err *err) PP_MUST_USE;

#endif
