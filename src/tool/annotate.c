// SPDX-License-Identifier: Apache-2.0
#include "tool/annotate.h"

void pp_annotator_init(struct pp_annotator *t, struct pp_arena *scratch, struct pp_profile *p)
{
    *t = (struct pp_annotator){.scratch = scratch, .p = p, .cap_functions = p->n_functions, .cap_lines = p->n_lines};
}

uint32_t pp_annotator_function(struct pp_annotator *t, const struct pp_frame *frame)
{
    struct pp_profile *p = t->p;
    struct pp_function f = {.name = pp_profile_intern_copy(p, frame->name),
                            .filename = pp_profile_intern_copy(p, frame->file),
                            .start_line = frame->start_line};
    f.system_name = f.name;
    uint64_t hash = pp_hash_u64((uint64_t)f.name << 32 | f.filename) ^ pp_hash_u64((uint64_t)f.start_line);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&t->made, hash); pp_hash_next(&pr, &i);) {
        const struct pp_function *g = &p->functions[i];
        if (g->name == f.name && g->filename == f.filename && g->start_line == f.start_line) return i;
    }
    if (p->n_functions == t->cap_functions)
        pp_vec_must_grow(p->arena, (void **)&p->functions, &t->cap_functions, sizeof f, _Alignof(struct pp_function));
    f.id = p->n_functions + 1;
    p->functions[p->n_functions] = f;
    pp_hash_add(t->scratch, &t->made, hash, p->n_functions);
    return p->n_functions++;
}

static void add_line(struct pp_annotator *t, struct pp_line line)
{
    struct pp_profile *p = t->p;
    if (p->n_lines == t->cap_lines)
        pp_vec_must_grow(p->arena, (void **)&p->lines, &t->cap_lines, sizeof line, _Alignof(struct pp_line));
    p->lines[p->n_lines++] = line;
}

void pp_annotate(struct pp_annotator *t, struct pp_mapping *m, struct pp_location *l, const pp_frames *frames)
{
    l->first_line = (uint32_t)t->p->n_lines;
    l->n_lines = (uint32_t)frames->n;
    l->is_folded = false;
    for (size_t i = 0; i < frames->n; i++) {
        const struct pp_frame *f = &frames->p[i];
        m->has_functions |= f->name.n > 0;
        m->has_filenames |= f->file.n > 0;
        m->has_line_numbers |= f->line != 0;
        add_line(t, (struct pp_line){.function = pp_annotator_function(t, f), .line = f->line, .column = f->column});
    }
    m->has_inline_frames |= frames->n > 0;
}

void pp_annotate_function(struct pp_annotator *t, struct pp_location *l, uint32_t function)
{
    l->first_line = (uint32_t)t->p->n_lines;
    l->n_lines = 1;
    add_line(t, (struct pp_line){.function = function});
}
