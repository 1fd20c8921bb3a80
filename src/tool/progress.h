/* tool/progress.h - a line on stderr that says what takes so long.
 *
 * Only when stderr is a terminal that can erase a line, and after half a second; elsewhere all of this does nothing and starts no
 * thread. What else is said (ui.h) erases the line first; it comes back while the work goes on.
 * Threads: any; one work at a time.   May run: cold code.
 */
#ifndef PP_TOOL_PROGRESS_H
#define PP_TOOL_PROGRESS_H

void pp_progress_begin(const char *work); /* "Reading profiles"; another one takes the place of the one before */
void pp_progress_erase(void);             /* before other output */
void pp_progress_end(void);               /* and before a report; nothing is left on the screen */

#endif
