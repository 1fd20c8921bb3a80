// SPDX-License-Identifier: Apache-2.0
#include "tool/web/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gonum.h"
#include "base/out.h"
#include "tool/configure.h"
#include "tool/ui.h"
#include "tool/web/json.h"

#define FILE_MAX (4 << 20)

enum pp_code pp_settings_file(struct pp_arena *a, pp_str *ret_path, struct pp_err *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config && *config && *config != '/') return pp_fail(err, PP_E_USAGE, "path in $XDG_CONFIG_HOME is relative");
    if (config && *config)
        *ret_path = pp_arena_fmt(a, "%s/pprof/settings.json", config);
    else if (home && *home)
        *ret_path = pp_arena_fmt(a, "%s/.config/pprof/settings.json", home);
    else
        return pp_fail(err, PP_E_NOTFOUND, "neither $XDG_CONFIG_HOME nor $HOME are defined");
    return PP_OK;
}

static enum pp_code read_file(struct pp_arena *a, pp_str path, pp_str *ret_text, struct pp_err *err)
{
    int fd = open(pp_arena_c(a, path), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        *ret_text = PP_STR("{}");
        return PP_OK;
    }
    if (fd < 0) return pp_fail(err, PP_E_IO, "open %.*s: %s", PP_FMT(path), pp_errno_text(errno));
    char *p = pp_alloc(a, FILE_MAX, 1);
    size_t n = 0;
    ssize_t got;
    while ((got = read(fd, p + n, FILE_MAX - n)) > 0)
        n += (size_t)got;
    int why = errno;
    close(fd);
    if (got < 0) return pp_fail(err, PP_E_IO, "read %.*s: %s", PP_FMT(path), pp_errno_text(why));
    if (n == FILE_MAX) return pp_fail(err, PP_E_LIMIT, "%.*s is too large", PP_FMT(path));
    *ret_text = (pp_str){p, n};
    return PP_OK;
}

static bool kind_fits(const struct pp_json *v, enum pp_type type)
{
    switch (type) {
    case PP_TYPE_BOOL: return v->kind == PP_JSON_TRUE || v->kind == PP_JSON_FALSE;
    case PP_TYPE_INT:
    case PP_TYPE_FLOAT: return v->kind == PP_JSON_NUMBER;
    case PP_TYPE_STR:
    case PP_TYPE_CHOICE: break;
    }
    return v->kind == PP_JSON_STRING;
}

static enum pp_code read_field(struct pp_arena *a, struct pp_config *cfg, const struct pp_var *var,
                               const struct pp_json *v, struct pp_err *err)
{
    if (v->kind == PP_JSON_NULL) return PP_OK;
    if (!kind_fits(v, var->type)) return pp_fail(err, PP_E_FORMAT, "%s has a value of another type", var->name);
    if (var->type == PP_TYPE_CHOICE && !v->text.n) return PP_OK;
    pp_str text = v->kind == PP_JSON_TRUE ? PP_STR("true") : v->kind == PP_JSON_FALSE ? PP_STR("false") : v->text;
    return pp_configure(a, cfg, pp_str_c(var->name), text, err);
}

/* Fields that are not in the file are Go's zero values, not our defaults; what is not saved stays as it is now. */
static struct pp_config zero_config(const struct pp_config *current)
{
    struct pp_config zero = {0}, cfg = *current;
    for (size_t i = 0; i < PP_VAR_COUNT; i++) {
        const struct pp_var *var = &pp_vars[i];
        size_t size = var->type == PP_TYPE_BOOL                                ? sizeof(bool)
                      : var->type == PP_TYPE_INT || var->type == PP_TYPE_FLOAT ? sizeof(int64_t)
                                                                               : sizeof(pp_str);
        if (var->saved) memcpy((char *)&cfg + var->offset, (const char *)&zero + var->offset, size);
    }
    return cfg;
}

static enum pp_code read_config(struct pp_arena *a, const struct pp_json *object, const struct pp_config *current,
                                struct pp_named_config *ret, struct pp_err *err)
{
    enum pp_code c;
    struct pp_named_config named = {.config = zero_config(current)};
    const struct pp_json *v = pp_json_member(object, "name");
    if (object->kind != PP_JSON_OBJECT) return pp_fail(err, PP_E_FORMAT, "a config is no object");
    if (v && v->kind == PP_JSON_STRING) named.name = v->text;
    for (size_t i = 0; i < PP_VAR_COUNT; i++) {
        v = pp_vars[i].saved ? pp_json_member(object, pp_vars[i].name) : NULL;
        if (v && (c = read_field(a, &named.config, &pp_vars[i], v, err))) return c;
    }
    *ret = named;
    return PP_OK;
}

enum pp_code pp_settings_read(struct pp_arena *a, pp_str path, const struct pp_config *current,
                              pp_named_configs *ret_configs, struct pp_err *err)
{
    pp_str text;
    struct pp_json *root;
    pp_named_configs configs = {0};
    struct pp_named_config named;
    if (read_file(a, path, &text, err)) return pp_within(err, "could not read settings");
    if (pp_json_parse(a, text, &root, err)) return pp_within(err, "could not parse settings");
    const struct pp_json *list = pp_json_member(root, "configs");
    for (const struct pp_json *v = list && list->kind == PP_JSON_ARRAY ? list->first : NULL; v; v = v->next) {
        if (read_config(a, v, current, &named, err)) return pp_within(err, "could not parse settings");
        *PP_PUSH(a, &configs) = named;
    }
    *ret_configs = configs;
    return PP_OK;
}

static bool is_zero(const struct pp_config *cfg, const struct pp_var *var)
{
    const void *field = (const char *)cfg + var->offset;
    switch (var->type) {
    case PP_TYPE_BOOL: return !*(const bool *)field;
    case PP_TYPE_INT: return !*(const int64_t *)field;
    case PP_TYPE_FLOAT: return !(*(const double *)field < 0 || *(const double *)field > 0);
    case PP_TYPE_STR:
    case PP_TYPE_CHOICE: break;
    }
    return !((const pp_str *)field)->n;
}

static void write_config(struct pp_arena *a, struct pp_out *o, const struct pp_named_config *c)
{
    pp_out_c(o, "    {\n      \"name\": ");
    pp_json_str(o, c->name);
    for (size_t i = 0; i < PP_VAR_COUNT; i++) {
        const struct pp_var *var = &pp_vars[i];
        if (!var->saved || is_zero(&c->config, var)) continue;
        pp_out_fmt(o, ",\n      \"%s\": ", var->name);
        pp_str text = pp_config_text(a, &c->config, var);
        if (var->type == PP_TYPE_STR || var->type == PP_TYPE_CHOICE)
            pp_json_str(o, text);
        else
            pp_out_str(o, text);
    }
    pp_out_c(o, "\n    }");
}

static pp_str settings_text(struct pp_arena *a, const pp_named_configs *configs)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    if (!configs->n) return PP_STR("{\n  \"configs\": []\n}");
    pp_out_c(&o, "{\n  \"configs\": [\n");
    for (size_t i = 0; i < configs->n; i++) {
        write_config(a, &o, &configs->p[i]);
        pp_out_c(&o, i + 1 < configs->n ? ",\n" : "\n");
    }
    pp_out_c(&o, "  ]\n}");
    return pp_out_bytes(&o);
}

static void make_directories(char *path)
{
    for (char *p = path + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(path, 0700); /* what fails here shows when the file is opened */
        *p = '/';
    }
}

static enum pp_code write_settings(struct pp_arena *a, pp_str path, const pp_named_configs *configs, struct pp_err *err)
{
    pp_str text = settings_text(a, configs), file = pp_arena_dup(a, path);
    make_directories((char *)(uintptr_t)file.p);
    int fd = open(file.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return pp_fail(err, PP_E_IO, "failed to write settings: open %s: %s", file.p, pp_errno_text(errno));
    enum pp_code c = pp_write_all(fd, text.p, text.n, err);
    if (close(fd) && !c) c = pp_fail(err, PP_E_IO, "close %s: %s", file.p, pp_errno_text(errno));
    return c ? pp_within(err, "failed to write settings") : PP_OK;
}

enum pp_code pp_settings_save(struct pp_arena *a, pp_str path, pp_str name, const struct pp_config *config,
                              struct pp_err *err)
{
    pp_named_configs configs;
    enum pp_code c = pp_settings_read(a, path, config, &configs, err);
    if (c) return c;
    size_t i = 0;
    while (i < configs.n && !pp_str_eq(configs.p[i].name, name))
        i++;
    if (i == configs.n) *PP_PUSH(a, &configs) = (struct pp_named_config){.name = name};
    configs.p[i].config = *config;
    return write_settings(a, path, &configs, err);
}

enum pp_code pp_settings_delete(struct pp_arena *a, pp_str path, pp_str name, struct pp_err *err)
{
    pp_named_configs configs;
    enum pp_code c = pp_settings_read(a, path, &pp_config_default, &configs, err);
    if (c) return c;
    size_t i = 0;
    while (i < configs.n && !pp_str_eq(configs.p[i].name, name))
        i++;
    if (i == configs.n) return pp_fail(err, PP_E_NOTFOUND, "config %.*s not found", PP_FMT(name));
    memmove(configs.p + i, configs.p + i + 1, (configs.n - i - 1) * sizeof *configs.p);
    configs.n--;
    return write_settings(a, path, &configs, err);
}
