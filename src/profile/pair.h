/* profile/pair.h - two pieces of work side by side.
 *
 * For loops over all samples of a large profile: halves that don't touch each other's memory (each has an arena of its own) and whose
 * results are added afterwards. Always two, whatever the machine has: the result must not depend on it.
 */
#ifndef PP_PROFILE_PAIR_H
#define PP_PROFILE_PAIR_H

/* work(first) here and work(second) on a thread of its own; one after the other where no thread is to be had. */
void pp_pair_run(void (*work)(void *part), void *first, void *second);

#endif
