/* profile/labels.h - labels (tags) of samples: read, set, remove; units of number labels.
 *
 * A sample's labels are a run of struct pp_label: strings first, by key text; then numbers, by key text (see model.h).
 * Number labels of one key and sample have units either all or none: "all" when any has one.
 */
#ifndef PP_PROFILE_LABELS_H
#define PP_PROFILE_LABELS_H

#include "profile/model.h"

/* The run of labels with that key in sample i: strings (is_num false) or numbers. NULL with *ret_n 0 when there is none. */
const struct pp_label *pp_labels_of_key(const struct pp_profile *p, uint32_t i, pp_string_id key, bool is_num,
                                        size_t *ret_n);

bool pp_labels_has(const struct pp_profile *p, uint32_t i, pp_string_id key, pp_string_id str);

/* Every sample gets key=value and loses its other string labels of that key. */
void pp_labels_set(struct pp_profile *p, pp_str key, pp_str value);

/* Drops string labels (numbers: number labels) of that key from all samples. Whoever only reads can also just skip them. */
void pp_labels_remove(struct pp_profile *p, pp_str key);
void pp_labels_remove_num(struct pp_profile *p, pp_str key);

/* Drops the labels that `drop` says. */
void pp_labels_drop(struct pp_profile *p, bool (*drop)(const void *ctx, const struct pp_label *l), const void *ctx);

/* Drops labels that an encoded profile can't hold: without text, number and unit. google/pprof's shell and web UI never see them,
 * since they copy profiles by encoding and decoding. */
void pp_labels_drop_lost(struct pp_profile *p);

#define PP_LABEL_DIFF_BASE "pprof::base" /* =true marks the samples of a -diff_base */

/* Prints one line for the person (no newline in it). */
typedef void (*pp_say)(void *ctx, pp_str line);

/* Unit of each number label's key. */
struct pp_label_units {
    const pp_string_id *unit_of; /* by string id of the key; PP_NONE: no number label has this key */
    uint32_t n;                  /* strings known then; keys from n on have none */
};

/* The first unit seen for each key, in sample order; without any: bytes for alignment and request, else the key itself.
 * Other units seen are said: "For tag K used unit U, also encountered unit(s) A, B". Interns units into p. say may be NULL. */
void pp_labels_units(struct pp_arena *a, struct pp_profile *p, pp_say say, void *ctx, struct pp_label_units *ret_units);

/* The unit's text; "" for an unknown key. */
pp_str pp_label_unit(const struct pp_profile *p, const struct pp_label_units *u, pp_string_id key);

/* tagroot and tagleaf: puts frames made of label values at the root (first key becomes the new root) and at the leaf (last key
 * the new leaf) of every sample. Function name = values joined by ',', file = key; a sample without the key gets an empty name.
 * keys: comma lists, empty ones skipped. Says "TagRoot expression matched no samples" and the like. */
void pp_labels_to_frames(struct pp_profile *p, pp_str root_keys, pp_str leaf_keys, pp_str output_unit, pp_say say,
                         void *ctx);

#endif
