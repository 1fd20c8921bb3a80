/* tool/run/serve.h - the parent's HTTP side: one front thread, a thread for each request that runs. */
#ifndef PP_TOOL_RUN_SERVE_H
#define PP_TOOL_RUN_SERVE_H

#include "endpoint/target.h"
#include "tool/run/run.h"

struct pp_run_server;

/* Before the guest starts, so that a refused port is an error of ours. PP_E_USAGE: a bad address; PP_E_IO: in use, ... */
enum pp_code pp_run_listen(struct pp_arena *a, const struct pp_run_options *o, struct pp_run_server **ret, struct pp_err *err);
enum pp_code pp_run_serve(struct pp_run_server *s, const struct pp_target *target, struct pp_err *err);
const char *pp_run_server_url(const struct pp_run_server *s); /* "http://127.0.0.1:6060" */
void pp_run_server_stop(struct pp_run_server *s);             /* what runs is answered first */

#endif
